/**
 * The user's side of lnv2: pays invoices and is paid by them, through gateways that needn't be trusted. Follows
 * fedimint-lnv2-client 0.13.0; docs/protocol/06-lightning-meta.md §D.
 */
import type { UsableModule } from "../contract/client.ts";
import { defineClientModule } from "../contract/client.ts";
import { LightningClient } from "./client/api.ts";
import { background } from "./client/background.ts";
import { lightningCommands } from "./client/commands.ts";
import { LightningFederation } from "./client/federation.ts";
import { GatewayConnection } from "./client/gateway_http.ts";
import { Gateways } from "./client/gateways.ts";
import { LnurlReceiving } from "./client/lnurl.ts";
import { lightningTransitions, pendingMoney } from "./client/machines.ts";
import { Receiving } from "./client/receiving.ts";
import { Sending } from "./client/sending.ts";
import { lightningState } from "./client/states.ts";
import { lightningCodecs } from "./codecs.ts";
import { LNV2_API_VERSION, LNV2_CONSENSUS_VERSION, LNV2_KIND } from "./common.ts";
import { lightningConfig } from "./config.ts";
import { describeLightningError } from "./error_text.ts";

/** The module for Lightning. */
export const lnv2Client: UsableModule<LightningClient> = defineClientModule({
  kind: LNV2_KIND,
  consensusVersion: LNV2_CONSENSUS_VERSION,
  requiredApi: LNV2_API_VERSION,
  config: lightningConfig,
  codecs: lightningCodecs,
  describeError: describeLightningError,
  state: lightningState,
  api: {
    quoteSend: "call",
    maxSendable: "call",
    send: "call",
    awaitSend: "call",
    sendUpdates: "stream",
    paymentOf: "call",
    quoteReceive: "call",
    receive: "call",
    awaitReceive: "call",
    receiveUpdates: "stream",
    lnurl: "call",
    gateways: "call",
    gatewaysOf: "call",
    routingInfo: "call",
    selectGateway: "call",
    mapGateways: "call",
    addGateway: "call",
    removeGateway: "call",
  },
  start: (env) => {
    const parts = { env, federation: new LightningFederation(env.api), gateway: new GatewayConnection(env) };
    const gateways = new Gateways(parts), lnurl = new LnurlReceiving(parts, gateways);
    const sending = new Sending(parts, gateways), receiving = new Receiving(parts, gateways);
    const api = new LightningClient(parts, { gateways, sending, receiving, lnurl });
    return Promise.resolve({
      transitions: (state, operationId) => lightningTransitions(parts, state, operationId),
      api,
      commands: lightningCommands(api),
      pending: (_tx, active) => Promise.resolve(pendingMoney(active)),
      background: () => background(parts, gateways, lnurl),
    });
  },
});
