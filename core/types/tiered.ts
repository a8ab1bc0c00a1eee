/** Values by denomination. JSON: objects keyed by msat in decimal. `fedimint-core/src/{tiered,tiered_multi}.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { list, map } from "../encoding/mod.ts";
import type { Amount } from "./amount.ts";
import { amount } from "./amount.ts";

export function tiered<T>(inner: Codec<T>): Codec<Map<Amount, T>> {
  return { ...map(amount, inner), name: `Tiered<${inner.name}>` };
}

export function tieredMulti<T>(inner: Codec<T>): Codec<Map<Amount, T[]>> {
  return { ...map(amount, list(inner)), name: `TieredMulti<${inner.name}>` };
}
