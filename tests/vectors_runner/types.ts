import type { Checker } from "./checker.ts";

export const checkTypes: Checker = () => {};
