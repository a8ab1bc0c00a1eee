/**
 * The guardian's side of ln, the first module for Lightning payments: holds their money in contracts until whom it
 * belongs to shows why, and decrypts the preimages that recipients offer, together with the others. Follows
 * fedimint-ln-server 0.13.0; docs/protocol/06-lightning-meta.md §F.
 */
import { bls, decodeScalar, evaluatePoints } from "../../core/crypto/mod.ts";
import { ThresholdCiphertexts } from "../../core/crypto/threshold_crypto.ts";
import { encode } from "../../core/encoding/mod.ts";
import { ownNode } from "../contract/own_node.ts";
import type { ServerModule, ServerModuleEnv } from "../contract/server.ts";
import { defineServerModule } from "../contract/server.ts";
import { lnCodecs } from "./codecs.ts";
import type { LnConsensusItem, LnInput, LnInputError, LnOutput, LnOutputError, LnOutputOutcome } from "./common.ts";
import { LN_API_VERSION, LN_CONSENSUS_VERSION, LN_KIND } from "./common.ts";
import type { LnConfig, LnPrivateConfig } from "./config.ts";
import { clientConfigOf, lnClientConfig, lnPrivateConfig } from "./config.ts";
import { CIPHERTEXTS_REMEMBERED_MIN, OUTPUT_UNITS } from "./limits.ts";
import { liabilitiesMsat, outcomes } from "./server/db.ts";
import { lnEndpoints } from "./server/endpoints.ts";
import type { LnEnv } from "./server/env.ts";
import { generateLn, validateLn } from "./server/generation.ts";
import { processInput } from "./server/inputs.ts";
import { consensusProposal, processConsensusItem } from "./server/items.ts";
import { processOutput, verifyOutputSubmission } from "./server/outputs.ts";
import { SupportedVersion } from "./server/versions.ts";

type LnModule = ServerModule<LnInput, LnOutput, LnOutputOutcome, LnConsensusItem, LnInputError, LnOutputError>;

function startLn(given: ServerModuleEnv<LnConfig, LnPrivateConfig>): Promise<LnModule> {
  const { thresholdPubKeys } = given.config;
  const env: LnEnv = {
    ...given,
    bitcoin: ownNode(given, "expirations of contracts wait"),
    ciphertexts: new ThresholdCiphertexts(CIPHERTEXTS_REMEMBERED_MIN),
    secretShare: decodeScalar(given.privateConfig.thresholdSecKey.reveal()),
    publicShares: Array.from(
      { length: given.peers.total },
      (_, peer) => evaluatePoints(bls.g1, thresholdPubKeys, peer),
    ),
  };
  const supported = new SupportedVersion(env);
  return Promise.resolve<LnModule>({
    verifyOutputSubmission: (tx, output) => verifyOutputSubmission(tx, output),
    // each takes pairings, or a signature
    isForGood: ({ tag }) => tag === "InvalidEncryptedPreimage" || tag === "InvalidCancellationSignature",
    processInput: (tx, input) => processInput(env, tx, input),
    processOutput: (tx, output, at) => processOutput(env, tx, output, at),
    processConsensusItem: (tx, item, peer) => processConsensusItem(env, tx, item, peer),
    outputStatus: async (tx, at) => {
      const value = await outcomes.get(tx, at);
      return value ? { tag: "V0", value } : null;
    },
    consensusProposal: (tx) => consensusProposal(env, tx, supported.value),
    // what lies in contracts is owed to somebody
    audit: async (tx) => -await liabilitiesMsat(tx),
    apiEndpoints: lnEndpoints(env),
    background: () => supported.keepLooking(),
  });
}

/** Off by default, as in the reference. */
export const lnServer = defineServerModule({
  kind: LN_KIND,
  consensusVersion: LN_CONSENSUS_VERSION,
  enabledByDefault: false,
  setupVariable: { name: "FM_ENABLE_MODULE_LNV1", turns: "on" },
  apiVersions: [LN_API_VERSION],
  codecs: lnCodecs,
  outputUnits: OUTPUT_UNITS,
  privateConfig: lnPrivateConfig,
  distributedGen: generateLn,
  validateConfig: validateLn,
  getClientConfig: (config) => {
    const forClients = clientConfigOf(config);
    return { bytes: encode(lnClientConfig, forClients), json: lnClientConfig.toJson(forClients) };
  },
  start: startLn,
});
