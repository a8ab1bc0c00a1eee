import type { Codec } from "../../core/encoding/mod.ts";
import { struct, u64 } from "../../core/encoding/mod.ts";

/** In a module's input and output errors: a version of the input or output that it does not know. `fedimint-core/src/encoding`. */
export const unknownVariantError: Codec<{ readonly variant: bigint }> = struct("UnknownVariantError", { variant: u64 });
