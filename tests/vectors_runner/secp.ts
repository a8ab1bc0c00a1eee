import type { Checker } from "./checker.ts";

export const checkSecp: Checker = () => {};
