/** Configs of the ln module. Follows fedimint-ln-common 0.13.0 (`config.rs`). */
import { legacyNetwork } from "../../core/bitcoin/legacy_network.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import type { Secret } from "../../core/crypto/secret.ts";
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import { badJson, isJsonObject, struct } from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import { g1Point } from "../../core/types/bls.ts";
import { publicKeySet, secretKeyShare } from "./threshold_codecs.ts";

/** The federation's, msat: for each input, and for each output that is a contract. */
const feeConsensus = struct("FeeConsensus", { contractInput: amount, contractOutput: amount });
export type FeeConsensus = CodecType<typeof feeConsensus>;

/** What every federation has: the reference's generation knows no other. */
export const NO_FEES: FeeConsensus = { contractInput: 0n, contractOutput: 0n };

/** Equal on all guardians. */
export const lnConfig = struct("LightningConfigConsensus", {
  /** Preimages are encrypted to the first one; each guardian's key follows from all. */
  thresholdPubKeys: publicKeySet,
  feeConsensus,
  network: legacyNetwork,
});
export type LnConfig = CodecType<typeof lnConfig>;

/** What clients get. */
export const lnClientConfig = struct("LightningClientConfig", {
  /** What preimages are encrypted to. */
  thresholdPubKey: g1Point,
  feeConsensus,
  network: legacyNetwork,
});
export type LnClientConfig = CodecType<typeof lnClientConfig>;

/** The federation's key. */
export function federationKey({ thresholdPubKeys }: LnConfig): G1 {
  return thresholdPubKeys[0]!;
}

export function clientConfigOf(config: LnConfig): LnClientConfig {
  const { feeConsensus, network } = config;
  return { thresholdPubKey: federationKey(config), feeConsensus, network };
}

export type LnPrivateConfig = { readonly thresholdSecKey: Secret };

/** A guardian's share of the secret key. JSON only. */
export const lnPrivateConfig: Pick<Codec<LnPrivateConfig>, "toJson" | "fromJson"> = {
  toJson: ({ thresholdSecKey }) => ({ threshold_sec_key: secretKeyShare.toJson(thresholdSecKey) }),
  fromJson: (json) =>
    isJsonObject(json)
      ? { thresholdSecKey: secretKeyShare.fromJson(json.threshold_sec_key ?? null) }
      : badJson("an object with threshold_sec_key"),
};
