import { struct, u64 } from "../../core/encoding/mod.ts";

/** In a module's input and output errors: a version of the input or output that it does not know. `fedimint-core/src/encoding`. */
export const unknownVariantError = struct("UnknownVariantError", { variant: u64 });
