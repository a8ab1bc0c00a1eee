/** The lnv2 module in the ceremony: one threshold key in G1. Follows fedimint-lnv2-server 0.13.0. */
import { equalBytes } from "../../../core/bytes.ts";
import { bls, decodeScalar } from "../../../core/crypto/bls/mod.ts";
import { evaluatePoints } from "../../../core/crypto/polynomial.ts";
import { Secret } from "../../../core/crypto/secret.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { DkgRounds, GenerationParams } from "../../contract/server.ts";
import type { LightningConfig, LightningPrivateConfig } from "../config.ts";
import { BASE_FEES, NO_FEES } from "../fees.ts";

export async function generateLightning(
  rounds: DkgRounds,
  { network, disableBaseFees }: GenerationParams,
): Promise<{ readonly config: LightningConfig; readonly privateConfig: LightningPrivateConfig }> {
  const { share, polynomial } = await rounds.keyG1();
  const points = polynomial.map((point) => bls.g1.decode(point));
  const peers = Array.from({ length: rounds.peers.total }, (_, peer): PeerId => peer);
  return {
    config: {
      tpeAggPk: points[0]!,
      tpePks: new Map(peers.map((peer) => [peer, evaluatePoints(bls.g1, points, peer)])),
      feeConsensus: disableBaseFees ? NO_FEES : BASE_FEES,
      network,
    },
    privateConfig: { sk: Secret.of(decodeScalar(share)) },
  };
}

/** Is the guardian's secret share the one of the public share that the config names for it? */
export function validateLightning(
  config: LightningConfig,
  { sk }: LightningPrivateConfig,
  identity: PeerId,
): Result<null, string> {
  const named = config.tpePks.get(identity);
  if (!named) return err("Lightning config has no key of this guardian");
  const own = bls.g1.multiply(bls.g1.generator, decodeScalar(sk.reveal()));
  return equalBytes(own, named) ? ok(null) : err("Lightning private key doesn't match its public key share");
}
