/**
 * The mintv2 module in the ceremony: one threshold key in G2 for each denomination. Follows fedimint-mintv2-server
 * 0.13.0.
 */
import type { G2 } from "../../../core/crypto/bls/mod.ts";
import { bls, decodeScalar } from "../../../core/crypto/bls/mod.ts";
import { evaluatePoints } from "../../../core/crypto/polynomial.ts";
import { publicKeyShareOf } from "../../../core/crypto/tbs.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { Secret } from "../../../core/crypto/secret.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { BITCOIN_UNIT } from "../../../core/types/ids.ts";
import type { DkgRounds, GenerationParams } from "../../contract/server.ts";
import type { MintConfig, MintPrivateConfig } from "../config.ts";
import type { Denomination } from "../denomination.ts";
import { CONSENSUS_DENOMINATIONS, denominationText } from "../denomination.ts";
import { BASE_FEES, NO_FEES } from "../fees.ts";

/** Runs the denominations' key generations one after the other, in order, as every guardian does. */
export async function generateMint(
  rounds: DkgRounds,
  params: GenerationParams,
): Promise<{ readonly config: MintConfig; readonly privateConfig: MintPrivateConfig }> {
  const tbsSks = new Map<Denomination, Secret>();
  const tbsAggPks = new Map<Denomination, G2>();
  const tbsPks = new Map<Denomination, Map<PeerId, G2>>();
  for (const exponent of CONSENSUS_DENOMINATIONS) {
    const { share, polynomial } = await rounds.keyG2();
    const points = polynomial.map((point) => bls.g2.decode(point));
    tbsSks.set(exponent, Secret.of(decodeScalar(share)));
    tbsAggPks.set(exponent, points[0]!);
    tbsPks.set(exponent, new Map(peersOf(rounds).map((peer) => [peer, evaluatePoints(bls.g2, points, peer)])));
  }
  const feeConsensus = params.disableBaseFees ? NO_FEES : BASE_FEES;
  return { config: { tbsAggPks, tbsPks, feeConsensus, amountUnit: BITCOIN_UNIT }, privateConfig: { tbsSks } };
}

function peersOf(rounds: DkgRounds): PeerId[] {
  return Array.from({ length: rounds.peers.total }, (_, peer) => peer);
}

/**
 * Does the guardian have a key for exactly the denominations of the config, and are they the shares that the config
 * names for it?
 */
export function validateMint(
  config: MintConfig,
  privateConfig: MintPrivateConfig,
  identity: PeerId,
): Result<null, string> {
  for (const keys of [config.tbsAggPks, config.tbsPks, privateConfig.tbsSks]) {
    if (keys.size !== CONSENSUS_DENOMINATIONS.length) {
      return err("Mint config does not have one key for each denomination");
    }
  }
  for (const exponent of CONSENSUS_DENOMINATIONS) {
    const secret = privateConfig.tbsSks.get(exponent), share = config.tbsPks.get(exponent)?.get(identity);
    if (!secret || !share || !config.tbsAggPks.has(exponent)) {
      return err(`Mint config lacks a key for ${denominationText(exponent)}`);
    }
    if (!equalBytes(publicKeyShareOf(decodeScalar(secret.reveal())), share)) {
      return err(`Mint private key for ${denominationText(exponent)} doesn't match its public key share`);
    }
  }
  return ok(null);
}
