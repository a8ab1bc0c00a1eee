/** The tests' task on a thread whose module takes some turns of the event loop to load, as one with WASM does. */
import { serveTask } from "../thread_side.ts";
import { doubling } from "./doubling.ts";

for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
serveTask(doubling.run);
