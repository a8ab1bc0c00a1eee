/**
 * The module ln of a gateway's client: pays invoices for outgoing contracts, and buys what offers ask for. Follows
 * fedimint-gw-client 0.13.0; docs/protocol/06-lightning-meta.md §F.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import { decode } from "../../../core/encoding/mod.ts";
import type { ActiveState, ClientModuleDefinition, PendingMoney } from "../../contract/client.ts";
import { defineClientModule } from "../../contract/client.ts";
import { lnCodecs } from "../codecs.ts";
import { LN_API_VERSION_REQUIRED, LN_CONSENSUS_VERSION, LN_KIND, lnInputError, lnOutputError } from "../common.ts";
import type { LnClientConfig } from "../config.ts";
import { lnClientConfig } from "../config.ts";
import { inputErrorText, outputErrorText } from "../error_text.ts";
import { LnGatewayModule } from "./api.ts";
import { fundedTransition, refundedTransition } from "./buying.ts";
import { cancellingTransition, cancelTransition } from "./cancelling.ts";
import type { LnGateway } from "./context.ts";
import { relaying } from "./db.ts";
import { LnGatewayWallet } from "./own.ts";
import { payingTransition } from "./paying.ts";
import type { LnGatewayState } from "./states.ts";
import { lnGatewayState } from "./states.ts";

/** The module, in the hands of this gateway. */
export function lnGateway(
  gateway: LnGateway,
): ClientModuleDefinition<LnClientConfig, LnGatewayState, LnGatewayModule> {
  return defineClientModule({
    kind: LN_KIND,
    consensusVersion: LN_CONSENSUS_VERSION,
    requiredApi: LN_API_VERSION_REQUIRED,
    config: lnClientConfig,
    codecs: { ...lnCodecs, config: lnClientConfig },
    describeError: (kind, body) =>
      kind === "inputError" ? inputErrorText(decode(lnInputError, body)) : outputErrorText(decode(lnOutputError, body)),
    state: lnGatewayState,
    api: {
      facts: "call",
      payInvoice: "call",
      paymentStanding: "call",
      isBought: "call",
      buy: "call",
      awaitBought: "call",
      isRelayed: "call",
      relay: "call",
      awaitRelayed: "call",
      answered: "call",
      unanswered: "call",
      register: "call",
      unregister: "call",
    },
    start: async (env) => {
      const wallet = await LnGatewayWallet.open(env, gateway);
      return {
        transitions: (state, operationId) => {
          switch (state.tag) {
            case "Pay":
              if (state.value.state.tag === "Paying") return [payingTransition(wallet, state.value)];
              return state.value.state.tag === "Cancelling" ? [cancellingTransition(wallet, state.value)] : [];
            case "Receive":
              if (state.value.state.tag === "Funding") return [fundedTransition(wallet, state.value, operationId)];
              return state.value.state.tag === "Refunding"
                ? [refundedTransition(wallet, state.value, operationId)]
                : [];
            case "Cancel":
              return state.value.state.tag === "Submitted" ? [cancelTransition(wallet, state.value, operationId)] : [];
          }
        },
        api: new LnGatewayModule(wallet),
        commands: {},
        pending: async (tx, active) => pendingMoney(active, await relayedMsat(tx)),
      };
    },
  });
}

async function relayedMsat(tx: ReadTx): Promise<bigint> {
  let sumMsat = 0n;
  for await (const [, msat] of relaying.entries(tx)) sumMsat += msat;
  return sumMsat;
}

/**
 * Contracts that may be claimed are not in the balance yet; those that are funded may still be refused; what the node
 * holds comes to the node, and what is given up to its payer, if this module lives on.
 */
function pendingMoney(active: readonly ActiveState<LnGatewayState>[], relayedMsat: bigint): PendingMoney {
  let incomingMsat = 0n, outgoingMsat = 0n, inDoubtMsat = relayedMsat;
  for (const { state } of active) {
    if (state.tag === "Pay" && state.value.state.tag === "Cancelling") inDoubtMsat += state.value.account.amount;
    if (state.tag === "Pay" && state.value.state.tag === "Paying") incomingMsat += state.value.account.amount;
    if (state.tag === "Receive" && state.value.state.tag === "Funding") outgoingMsat += state.value.amount;
  }
  return { incomingMsat, outgoingMsat, inDoubtMsat };
}
