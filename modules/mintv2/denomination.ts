/** Denominations: one raw byte d for 2^d msat. Follows fedimint-mintv2-common 0.13.0 (`lib.rs`, `config.rs`). */
import type { Codec } from "../../core/encoding/mod.ts";
import { u8 } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";

/** Exponent of 2, 0 … 255 on the wire; those that a federation has a key for are 0 … 41. */
export type Denomination = number;
export const denomination: Codec<Denomination> = { ...u8, name: "Denomination" };

/** Every federation has a key for these: 1 msat … 2^41 msat (about 22 BTC). */
export const CONSENSUS_DENOMINATIONS: readonly Denomination[] = Array.from({ length: 42 }, (_, d) => d);

/** Clients ask for these only: below 512 msat a note isn't worth its fees. They can spend smaller ones. */
export const CLIENT_DENOMINATIONS: readonly Denomination[] = CONSENSUS_DENOMINATIONS.slice(9);

/** The largest exponent whose value is an amount (u64); the reference's shift overflows beyond. */
const EXPONENT_MAX = 63;

function isDenomination(exponent: number): boolean {
  return Number.isInteger(exponent) && exponent >= 0 && exponent <= EXPONENT_MAX;
}

/** @throws {RangeError} beyond 2^63; callers that hold a foreign exponent ask `isDenomination` first */
export function denominationAmount(exponent: Denomination): Amount {
  if (!isDenomination(exponent)) throw new RangeError(`2^${exponent} msat is no amount`);
  return 1n << BigInt(exponent);
}

export function denominationText(exponent: Denomination): string {
  return `2^${exponent} msats`;
}
