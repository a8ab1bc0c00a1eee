/** Configs of the mintv2 module. Follows fedimint-mintv2-common 0.13.0 (`config.rs`). */
import { g2Point, secretScalar } from "../../core/types/bls.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { map, struct } from "../../core/encoding/mod.ts";
import { amountUnit, peerId } from "../../core/types/ids.ts";
import { denomination } from "./denomination.ts";
import { feeConsensus } from "./fees.ts";

/** Equal on all guardians, and what clients get. Keys are 96-byte G2 points. */
export const mintConfig = struct("MintConfigConsensus", {
  /** Whole keys: what a note's signature is checked against. */
  tbsAggPks: map(denomination, g2Point),
  /** Each guardian's share of them: what its signature shares are checked against. */
  tbsPks: map(denomination, map(peerId, g2Point)),
  feeConsensus,
  amountUnit,
});
export type MintConfig = CodecType<typeof mintConfig>;

/** A guardian's secret key shares, 32 bytes little-endian each. JSON only. */
export const mintPrivateConfig = struct("MintConfigPrivate", { tbsSks: map(denomination, secretScalar) });
export type MintPrivateConfig = CodecType<typeof mintPrivateConfig>;
