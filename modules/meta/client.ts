/**
 * What clients read and guardians' admins submit. Follows fedimint-meta-client 0.13.0;
 * docs/protocol/06-lightning-meta.md §A.
 */
import { nothingToMigrate } from "../../actors/store/schema.ts";
import { unit } from "../../core/encoding/mod.ts";
import type { UsableModule } from "../contract/client.ts";
import { defineClientModule } from "../contract/client.ts";
import { MetaClient } from "./client/api.ts";
import { metaCommands } from "./client/commands.ts";
import { metaCodecs } from "./codecs.ts";
import { META_API_VERSION, META_CONSENSUS_VERSION, META_KIND } from "./common.ts";

const NO_MONEY = "The meta module has no inputs and no outputs";

/** The meta module: what a federation says of itself. */
export const metaClient: UsableModule<MetaClient> = defineClientModule({
  kind: META_KIND,
  consensusVersion: META_CONSENSUS_VERSION,
  requiredApi: META_API_VERSION,
  config: unit,
  codecs: metaCodecs,
  describeError: () => NO_MONEY,
  state: unit,
  api: { get: "call", revision: "call", submissions: "call", submit: "call" },
  schema: { version: 1, migrations: { 0: nothingToMigrate } },
  start: (env) => {
    const api = new MetaClient(env);
    return Promise.resolve({ transitions: () => [], api, commands: metaCommands(api) });
  },
});
