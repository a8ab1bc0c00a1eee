/** What a module is: `mintv2`, `walletv2`, … Ordered by UTF-8 bytes. `fedimint-core/src/core.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { text } from "../encoding/mod.ts";

export type ModuleKind = string;
export const moduleKind: Codec<ModuleKind> = { ...text, name: "ModuleKind" };

const NAME = /^[a-z0-9_-]{1,32}$/;

/**
 * Whether a module of one's own may be called so: it stands in paths of actors, in commands and in names of variables.
 */
export function isModuleKind(value: unknown): value is ModuleKind {
  return typeof value === "string" && NAME.test(value);
}
