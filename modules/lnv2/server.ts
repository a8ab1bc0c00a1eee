/**
 * The guardian's side of lnv2: holds the money of Lightning payments in contracts until whom it belongs to shows why,
 * and decrypts the preimages of incoming ones together with the others. Follows fedimint-lnv2-server 0.13.0;
 * docs/protocol/06-lightning-meta.md §C.
 */
import { decodeScalar } from "../../core/crypto/bls/mod.ts";
import { encode } from "../../core/encoding/mod.ts";
import { ownNode } from "../contract/own_node.ts";
import type { ServerModule } from "../contract/server.ts";
import { defineServerModule } from "../contract/server.ts";
import { lightningCodecs } from "./codecs.ts";
import type {
  LightningConsensusItem,
  LightningInput,
  LightningInputError,
  LightningOutput,
  LightningOutputError,
} from "./common.ts";
import { LNV2_API_VERSION, LNV2_CONSENSUS_VERSION, LNV2_KIND } from "./common.ts";
import { lightningConfig, lightningPrivateConfig } from "./config.ts";
import { OUTPUT_UNITS } from "./limits.ts";
import { ContractChecks } from "./server/contract_checks.ts";
import { openContractsMsat } from "./server/db.ts";
import { lightningEndpoints } from "./server/endpoints.ts";
import { generateLightning, validateLightning } from "./server/generation.ts";
import type { LightningEnv } from "./server/inputs_outputs.ts";
import { processInput, processOutput, verifyOutputSubmission } from "./server/inputs_outputs.ts";
import { consensusProposal, processConsensusItem } from "./server/items.ts";

type LightningModule = ServerModule<
  LightningInput,
  LightningOutput,
  null,
  LightningConsensusItem,
  LightningInputError,
  LightningOutputError
>;

/** Each takes one or two products of pairings, or a signature. That a contract has expired depends on when it comes. */
const FOR_GOOD: ReadonlySet<(LightningInputError | LightningOutputError)["tag"]> = new Set([
  "InvalidPreimage",
  "InvalidDecryptionKey",
  "InvalidForfeitSignature",
  "InvalidContract",
]);

function startLightning(given: LightningEnv): Promise<LightningModule> {
  const env = { ...given, bitcoin: ownNode(given, "Lightning payments' expirations wait") };
  const checks = new ContractChecks(env.config.tpeAggPk, decodeScalar(env.privateConfig.sk.reveal()));
  return Promise.resolve<LightningModule>({
    isForGood: ({ tag }) => FOR_GOOD.has(tag),
    verifyOutputSubmission: (_tx, output) => Promise.resolve(verifyOutputSubmission(checks, output)),
    processInput: (tx, input) => processInput(env, checks, tx, input),
    processOutput: (tx, output, at) => processOutput(env, checks, tx, output, at),
    processConsensusItem: (tx, item, peer) => processConsensusItem(tx, item, peer),
    outputStatus: () => Promise.resolve(null),
    consensusProposal: (tx) => consensusProposal(env, tx),
    // what contracts hold is owed to somebody
    audit: async (tx) => -await openContractsMsat(tx),
    apiEndpoints: lightningEndpoints(env),
  });
}

export const lnv2Server = defineServerModule({
  kind: LNV2_KIND,
  consensusVersion: LNV2_CONSENSUS_VERSION,
  enabledByDefault: true,
  apiVersions: [LNV2_API_VERSION],
  codecs: lightningCodecs,
  outputUnits: OUTPUT_UNITS,
  privateConfig: lightningPrivateConfig,
  distributedGen: generateLightning,
  validateConfig: validateLightning,
  getClientConfig: (config) => ({ bytes: encode(lightningConfig, config), json: lightningConfig.toJson(config) }),
  start: startLightning,
});
