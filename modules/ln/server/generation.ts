/** The ln module in the ceremony: one threshold key in G1. Follows fedimint-ln-server 0.13.0. */
import { equalBytes } from "../../../core/bytes.ts";
import { bls, decodeScalar, evaluatePoints } from "../../../core/crypto/mod.ts";
import { Secret } from "../../../core/crypto/secret.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { DkgRounds, GenerationParams } from "../../contract/server.ts";
import type { LnConfig, LnPrivateConfig } from "../config.ts";
import { NO_FEES } from "../config.ts";

export async function generateLn(
  rounds: DkgRounds,
  { network }: GenerationParams,
): Promise<{ readonly config: LnConfig; readonly privateConfig: LnPrivateConfig }> {
  const { share, polynomial } = await rounds.keyG1();
  return {
    config: { thresholdPubKeys: polynomial.map((point) => bls.g1.decode(point)), feeConsensus: NO_FEES, network },
    privateConfig: { thresholdSecKey: Secret.of(decodeScalar(share)) },
  };
}

/** Is the guardian's secret share the one whose public share follows from the config? */
export function validateLn(
  { thresholdPubKeys }: LnConfig,
  { thresholdSecKey }: LnPrivateConfig,
  identity: PeerId,
): Result<null, string> {
  const own = bls.g1.multiply(bls.g1.generator, decodeScalar(thresholdSecKey.reveal()));
  return equalBytes(own, evaluatePoints(bls.g1, thresholdPubKeys, identity))
    ? ok(null)
    : err("Lightning private key doesn't match its public key share");
}
