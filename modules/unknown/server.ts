/**
 * The guardian's side of the unknown module: refuses everything. Follows fedimint-unknown-server 0.13.0, but for its
 * crashes.
 */
import { nothingToMigrate } from "../../actors/store/schema.ts";
import { unit } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { ServerModule } from "../contract/server.ts";
import { defineServerModule } from "../contract/server.ts";
import type { UnknownInputError, UnknownOutputError, UnknownOutputOutcome } from "./common.ts";
import {
  UNKNOWN_API_VERSION,
  UNKNOWN_CONSENSUS_VERSION,
  UNKNOWN_KIND,
  unknownConsensusItem,
  unknownInput,
  unknownInputError,
  unknownOutput,
  unknownOutputError,
  unknownOutputOutcome,
} from "./common.ts";

type UnknownModule = ServerModule<null, null, UnknownOutputOutcome, null, UnknownInputError, UnknownOutputError>;

const unknownModule: UnknownModule = {
  processInput: () => Promise.resolve(err({ tag: "NotSupported", value: null })),
  processOutput: () => Promise.resolve(err({ tag: "NotSupported", value: null })),
  processConsensusItem: () => Promise.resolve(err("The unknown module does not use consensus items")),
  outputStatus: () => Promise.resolve(null),
  consensusProposal: () => Promise.resolve([]),
  audit: () => Promise.resolve(0n),
  apiEndpoints: {},
};

export const unknownServer = defineServerModule({
  kind: UNKNOWN_KIND,
  consensusVersion: UNKNOWN_CONSENSUS_VERSION,
  enabledByDefault: false,
  setupVariable: { name: "FM_USE_UNKNOWN_MODULE", turns: "on" },
  apiVersions: [UNKNOWN_API_VERSION],
  codecs: {
    config: unit,
    input: unknownInput,
    output: unknownOutput,
    outputOutcome: unknownOutputOutcome,
    consensusItem: unknownConsensusItem,
    inputError: unknownInputError,
    outputError: unknownOutputError,
  },
  privateConfig: unit,
  schema: { version: 1, migrations: { 0: nothingToMigrate } },
  distributedGen: () => Promise.resolve({ config: null, privateConfig: null }),
  validateConfig: () => ok(null),
  getClientConfig: () => ({ bytes: new Uint8Array(), json: null }),
  start: () => Promise.resolve(unknownModule),
});
