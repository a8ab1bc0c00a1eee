/** Values by denomination. JSON: objects keyed by msat in decimal. `fedimint-core/src/{tiered,tiered_multi}.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { list, map } from "../encoding/mod.ts";
import type { Amount } from "./amount.ts";
import { amount } from "./amount.ts";

/** One value a denomination. */
export type Tiered<T> = ReadonlyMap<Amount, T>;

export function tiered<T>(inner: Codec<T>): Codec<Map<Amount, T>> {
  return { ...map(amount, inner), name: `Tiered<${inner.name}>` };
}

/** Several values a denomination. Produce no empty denomination. */
export type TieredMulti<T> = ReadonlyMap<Amount, readonly T[]>;

export function tieredMulti<T>(inner: Codec<T>): Codec<Map<Amount, T[]>> {
  return { ...map(amount, list(inner)), name: `TieredMulti<${inner.name}>` };
}
