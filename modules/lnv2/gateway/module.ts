/**
 * The module lnv2 of a gateway's client: pays invoices for outgoing contracts, and funds incoming ones. Follows
 * fedimint-gwv2-client 0.13.0; docs/protocol/06-lightning-meta.md §E.
 */
import type { ActiveState, ClientModuleDefinition, PendingMoney } from "../../contract/client.ts";
import { defineClientModule } from "../../contract/client.ts";
import { lightningCodecs } from "../codecs.ts";
import { LNV2_API_VERSION, LNV2_CONSENSUS_VERSION, LNV2_KIND } from "../common.ts";
import type { LightningConfig } from "../config.ts";
import { lightningConfig } from "../config.ts";
import { describeLightningError } from "../error_text.ts";
import { GatewayModule } from "./api.ts";
import { receiveTransitions } from "./buying.ts";
import { completeTransitions } from "./completing.ts";
import type { LightningGateway } from "./context.ts";
import { GatewayWallet } from "./own.ts";
import { sendTransitions } from "./paying.ts";
import type { GatewayState } from "./states.ts";
import { gatewayState } from "./states.ts";

/** The module, in the hands of this gateway. */
export function lnv2Gateway(
  gateway: LightningGateway,
): ClientModuleDefinition<LightningConfig, GatewayState, GatewayModule> {
  return defineClientModule({
    kind: LNV2_KIND,
    consensusVersion: LNV2_CONSENSUS_VERSION,
    requiredApi: LNV2_API_VERSION,
    config: lightningConfig,
    codecs: lightningCodecs,
    describeError: describeLightningError,
    state: gatewayState,
    api: {
      facts: "call",
      sendPayment: "call",
      paymentStanding: "call",
      relayHeld: "call",
      isFunded: "call",
      isFundedOf: "call",
      fund: "call",
      awaitBought: "call",
      completions: "call",
      awaitCompletion: "call",
    },
    start: async (env) => {
      const wallet = await GatewayWallet.open(env, gateway);
      return {
        transitions: (state) => {
          switch (state.tag) {
            case "Send":
              return sendTransitions(wallet, state.value);
            case "Receive":
              return receiveTransitions(wallet, state.value);
            case "Complete":
              return completeTransitions(wallet, state.value);
          }
        },
        api: new GatewayModule(wallet),
        commands: {},
        pending: (_, active) => Promise.resolve(pendingMoney(active)),
      };
    },
  });
}

/**
 * Contracts that may be claimed are not in the balance yet; those that are funded may still be refused; what the node
 * holds comes to the node, if this module lives on.
 */
function pendingMoney(active: readonly ActiveState<GatewayState>[]): PendingMoney {
  let incomingMsat = 0n, outgoingMsat = 0n, inDoubtMsat = 0n;
  for (const { state } of active) {
    if (state.tag === "Send") incomingMsat += state.value.contract.amount;
    if (state.tag === "Receive") outgoingMsat += state.value.contract.commitment.amount;
    if (state.tag === "Complete") inDoubtMsat += state.value.amountMsat;
  }
  return { incomingMsat, outgoingMsat, inDoubtMsat };
}
