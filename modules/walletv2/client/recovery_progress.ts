/** How far the recovery of on-chain money is, as it is stored, and in steps as people see them. */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { list, struct, u64Number } from "../../../core/encoding/mod.ts";
import { derivation } from "../../contract/recovered.ts";
import type { StepCount } from "../../contract/recovery.ts";
import { satoshi } from "../config.ts";
import { ADDRESS_STRETCH, OUTPUT_SLICE } from "../limits.ts";

const way = struct("Way", {
  derivation,
  /** Outputs below this index are done with. */
  walked: u64Number,
  /** Address indices below this one have been tried. */
  searched: u64Number,
  /** Those below this one when the newest address was found. */
  found: u64Number,
  /** Unclaimed deposits so far. */
  sat: satoshi,
});
/** Addresses by one derivation. */
export type Way = CodecType<typeof way>;

export const walletProgress = struct("WalletRecovery", {
  /** Outputs that guardians had seen before the wallet was restored. */
  end: u64Number,
  ways: list(way),
});
export type WalletProgress = CodecType<typeof walletProgress>;

/** One index in 65,536 passes the filter: so many stretches an address takes on average. */
const STRETCHES_EXPECTED = 65_536 / ADDRESS_STRETCH;
const U32_MAX = 0xffff_ffff;

/**
 * A step is a stretch of the search for addresses, or a slice of outputs: both take a moment. Each address to which
 * something was paid makes a search for the next one, so the total grows on the way.
 */
export function stepCount({ end, ways }: WalletProgress): StepCount {
  let complete = 0, total = 0;
  if (end > 0) {
    for (const { walked, searched, found } of ways) {
      const stretches = Math.floor(searched / ADDRESS_STRETCH);
      const expected = Math.floor(found / ADDRESS_STRETCH) + STRETCHES_EXPECTED;
      complete += stretches + Math.ceil(walked / OUTPUT_SLICE);
      total += (walked >= end ? stretches : Math.max(stretches, expected)) + Math.ceil(end / OUTPUT_SLICE);
    }
  }
  return { complete: Math.min(complete, U32_MAX), total: Math.min(total, U32_MAX) };
}
