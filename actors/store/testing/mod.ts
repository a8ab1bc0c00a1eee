/** What tests of and over the store use. */
export { ManualClock, settle } from "../../testing/manual_clock.ts";
export { getText, listTexts, pattern, put } from "./entries.ts";
export { type Gate, gate, isSettled } from "./gates.ts";
