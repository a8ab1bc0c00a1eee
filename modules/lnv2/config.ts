/** Configs of the lnv2 module. Follows fedimint-lnv2-common 0.13.0 (`config.rs`). */
import { bitcoinNetwork } from "../../core/bitcoin/network.ts";
import { g1Point, secretScalar } from "../../core/types/bls.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { map, struct } from "../../core/encoding/mod.ts";
import { peerId } from "../../core/types/ids.ts";
import { feeConsensus } from "./fees.ts";

/** Equal on all guardians, and what clients get. Keys are 48-byte G1 points. */
export const lightningConfig = struct("LightningConfigConsensus", {
  /** Whole key: what preimages are encrypted to. */
  tpeAggPk: g1Point,
  /** Each guardian's share of it: what its decryption shares are checked against. */
  tpePks: map(peerId, g1Point),
  feeConsensus,
  network: bitcoinNetwork,
});
export type LightningConfig = CodecType<typeof lightningConfig>;

/** A guardian's share of the secret key. JSON only. */
export const lightningPrivateConfig = struct("LightningConfigPrivate", { sk: secretScalar });
export type LightningPrivateConfig = CodecType<typeof lightningPrivateConfig>;
