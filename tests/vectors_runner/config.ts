import type { Checker } from "./checker.ts";

export const checkConfig: Checker = () => {};
