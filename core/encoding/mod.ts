/**
 * Consensus encoding as composable codecs. Begin with `codec.ts`; `compounds.ts` and `enums.ts` make codecs of codecs.
 */
export * from "./base32.ts";
export * from "./codec.ts";
export * from "./compounds.ts";
export * from "./enums.ts";
export * from "./error.ts";
export * from "./io.ts";
export * from "./json.ts";
export * from "./primitives.ts";
export * from "./wrappers.ts";
