/** What a federation takes for each input and each output. Follows fedimint-mintv2-common 0.13.0 (`config.rs`). */
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import { DecodeError, mapCodec, struct, u64 } from "../../core/encoding/mod.ts";
import type { Amount } from "../../core/types/amount.ts";
import { amount, U64_MAX } from "../../core/types/amount.ts";

const plainFees = struct("FeeConsensus", { base: amount, partsPerMillion: u64 });
export type FeeConsensus = CodecType<typeof plainFees>;

const BASE_FEE_MSAT = 100n;
const PARTS_PER_MILLION_MAX = 1_000n;
const MILLION = 1_000_000n;

export const NO_FEES: FeeConsensus = { base: 0n, partsPerMillion: 0n };
export const BASE_FEES: FeeConsensus = { base: BASE_FEE_MSAT, partsPerMillion: 0n };

function isAllowed({ base, partsPerMillion }: FeeConsensus): boolean {
  if (base === 0n) return partsPerMillion === 0n;
  return base === BASE_FEE_MSAT && partsPerMillion <= PARTS_PER_MILLION_MAX;
}

function checked(fees: FeeConsensus): FeeConsensus {
  if (isAllowed(fees)) return fees;
  throw new DecodeError("invalid", "Mint fees are none, or 100 msat and at most 1,000 parts per million");
}

/** Refuses, from bytes and from JSON, all but (0, 0) and (100 msat, up to 1,000 ppm). */
export const feeConsensus: Codec<FeeConsensus> = mapCodec(plainFees, "FeeConsensus", {
  decode: checked,
  encode: (fees) => fees,
});

/** ⌊value · ppm / 10^6⌋ + base, where the product stays at 2^64 − 1 when it is larger. */
export function feeOf(fees: FeeConsensus, value: Amount): Amount {
  const product = value * fees.partsPerMillion;
  return (product > U64_MAX ? U64_MAX : product) / MILLION + fees.base;
}
