/** The user's side of the bounty module. */
import type { ActiveState, PendingMoney } from "../../../modules/contract/mod.ts";
import { decode, defineClientModule } from "../../../modules/contract/mod.ts";
import { BountyClient } from "./client/api.ts";
import { bountyCommands } from "./client/commands.ts";
import { BountyFederation } from "./client/federation.ts";
import { bountyTransitions } from "./client/machines.ts";
import type { BountyState } from "./client/states.ts";
import { bountyState } from "./client/states.ts";
import {
  BOUNTY_API_VERSION,
  BOUNTY_CONSENSUS_VERSION,
  BOUNTY_KIND,
  bountyCodecs,
  bountyConfig,
  bountyInputError,
  bountyOutputError,
  inputErrorText,
  outputErrorText,
} from "./common.ts";

/** What is locked may still come back. What a refund or a claim brings is the e-cash module's to count. */
function pendingMoney(active: readonly ActiveState<BountyState>[]): PendingMoney {
  let outgoingMsat = 0n;
  for (const { state } of active) {
    if (state.tag === "Locking" || state.tag === "Open") outgoingMsat += state.value.amountMsat;
  }
  return { incomingMsat: 0n, outgoingMsat, inDoubtMsat: 0n };
}

// quote: definition
export const bountyClient = defineClientModule({
  kind: BOUNTY_KIND,
  consensusVersion: BOUNTY_CONSENSUS_VERSION,
  requiredApi: BOUNTY_API_VERSION,
  config: bountyConfig,
  codecs: bountyCodecs,
  describeError: (kind, body) =>
    kind === "inputError"
      ? inputErrorText(decode(bountyInputError, body))
      : outputErrorText(decode(bountyOutputError, body)),
  state: bountyState,
  // what applications call; it all goes by message
  api: { list: "call", create: "call", claim: "call", awaitOpen: "call", awaitOutcome: "call" },
  start: (env) => {
    const federation = new BountyFederation(env.api);
    const api = new BountyClient(env, federation);
    return Promise.resolve({
      transitions: (state, operationId) => bountyTransitions({ env, federation }, state, operationId),
      api,
      commands: bountyCommands(api),
      pending: (_tx, active) => Promise.resolve(pendingMoney(active)),
    });
  },
});
// quote: end
