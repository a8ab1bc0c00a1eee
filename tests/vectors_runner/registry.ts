/** Which checker reads which vector file. One line each. */
import type { Checker } from "./checker.ts";
import { checkConfig } from "./config.ts";
import { checkPrimitives } from "./primitives.ts";
import { checkSecp } from "./secp.ts";
import { checkTypes } from "./types.ts";

export const CHECKERS: { readonly [file: string]: Checker } = {
  "primitives.json": checkPrimitives,
  "types.json": checkTypes,
  "config.json": checkConfig,
  "secp.json": checkSecp,
};
