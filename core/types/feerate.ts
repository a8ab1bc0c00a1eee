/** What a Bitcoin transaction pays by size. `fedimint-core/src/lib.rs` (`Feerate`). */
import type { CodecType } from "../encoding/mod.ts";
import { struct, u64 } from "../encoding/mod.ts";
import { BITCOIN_SAT_MAX } from "./amount.ts";

/** sat per 1,000 virtual bytes. */
export const feerate = struct("Feerate", { satsPerKvb: u64 });
export type Feerate = CodecType<typeof feerate>;

/** BIP141: a quarter of the weight, rounded up. */
export function vbytesOf(weight: bigint): bigint {
  return (weight + 3n) / 4n;
}

/**
 * ⌊vbytes × rate / 1000⌋ sat, where the product wraps at 2^64. Sessions of the past were ordered by releases that
 * wrapped, so replaying them must wrap too; whoever decides about a new transaction uses `checkedFee`.
 */
export function wrappingFee(rate: Feerate, weight: bigint): bigint {
  return BigInt.asUintN(64, vbytesOf(weight) * rate.satsPerKvb) / 1000n;
}

/** The same fee; null when it can't exist: the product passes 2^64 − 1, or the fee passes all bitcoin there will be. */
export function checkedFee(rate: Feerate, weight: bigint): bigint | null {
  const product = vbytesOf(weight) * rate.satsPerKvb;
  const fee = product / 1000n;
  return BigInt.asUintN(64, product) === product && fee <= BITCOIN_SAT_MAX ? fee : null;
}
