/** What a module is: `mintv2`, `walletv2`, … Ordered by UTF-8 bytes. `fedimint-core/src/core.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { text } from "../encoding/mod.ts";

export type ModuleKind = string;
export const moduleKind: Codec<ModuleKind> = { ...text, name: "ModuleKind" };
