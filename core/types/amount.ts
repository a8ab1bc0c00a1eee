/** Amounts: bigint millisatoshi. `fedimint-core/src/amount.rs`. */
import type { Codec } from "../encoding/mod.ts";
import { map, mapCodec, u64 } from "../encoding/mod.ts";
import type { AmountUnit } from "./ids.ts";
import { amountUnit } from "./ids.ts";

/** Millisatoshi, 0 … 2^64 − 1. */
export type Amount = bigint;
/** Of an amount in millisatoshi. */
export const amount: Codec<Amount> = mapCodec(u64, "Amount", { decode: (msat) => msat, encode: (msat) => msat });

/** Millisatoshi in a satoshi. */
export const MSAT_PER_SAT = 1000n;
/** The largest amount that can be written. */
export const U64_MAX = 0xffff_ffff_ffff_ffffn;
/** 21 million bitcoin in sat. */
export const BITCOIN_SAT_MAX = 2_100_000_000_000_000n;

/** `bitcoin::Amount`: sat, 0 … 2^64 − 1; JSON a number. */
export const amountSat: Codec<bigint> = { ...u64, name: "bitcoin::Amount" };

/** Amounts by unit; holds no zero. */
export type Amounts = ReadonlyMap<AmountUnit, Amount>;
/** Of amounts by unit. */
export const amounts: Codec<Map<AmountUnit, Amount>> = map(amountUnit, amount);

/** Sum that is refused beyond 2^64 − 1, as the reference's checked addition. */
export function checkedAdd(a: Amount, b: Amount): Amount | null {
  const sum = a + b;
  return sum > U64_MAX ? null : sum;
}
