/**
 * The user's side of ln: pays invoices and is paid by them, through gateways that needn't be trusted, where a
 * federation has the first module for it. Follows fedimint-ln-client 0.13.0; docs/protocol/06-lightning-meta.md §F.
 */
import { decode } from "../../core/encoding/mod.ts";
import type { UsableModule } from "../contract/client.ts";
import { defineClientModule } from "../contract/client.ts";
import { LnClient } from "./client/api.ts";
import { lnCommands } from "./client/commands.ts";
import { LnFederation } from "./client/federation.ts";
import { GatewayConnection } from "./client/gateway_http.ts";
import { Gateways } from "./client/gateways.ts";
import { lnTransitions, pendingMoney } from "./client/machines.ts";
import { Paying } from "./client/paying.ts";
import { Receiving } from "./client/receiving.ts";
import { Recurring } from "./client/recurring.ts";
import { lnState } from "./client/states.ts";
import { lnCodecs } from "./codecs.ts";
import { LN_API_VERSION_REQUIRED, LN_CONSENSUS_VERSION, LN_KIND, lnInputError, lnOutputError } from "./common.ts";
import { lnClientConfig } from "./config.ts";
import { inputErrorText, outputErrorText } from "./error_text.ts";

/** The first module for Lightning. */
export const lnClient: UsableModule<LnClient> = defineClientModule({
  kind: LN_KIND,
  consensusVersion: LN_CONSENSUS_VERSION,
  requiredApi: LN_API_VERSION_REQUIRED,
  config: lnClientConfig,
  codecs: { ...lnCodecs, config: lnClientConfig },
  describeError: (kind, body) =>
    kind === "inputError" ? inputErrorText(decode(lnInputError, body)) : outputErrorText(decode(lnOutputError, body)),
  state: lnState,
  api: {
    quotePay: "call",
    maxPayable: "call",
    pay: "call",
    awaitPay: "call",
    isInternal: "call",
    assertUnpaid: "call",
    paymentOf: "call",
    payUpdates: "stream",
    quoteReceive: "call",
    receive: "call",
    awaitReceive: "call",
    reclaim: "call",
    receiveUpdates: "stream",
    updates: "stream",
    gateways: "call",
    lnurl: "call",
    registerLnurl: "call",
    lnurls: "call",
    lnurlInvoices: "call",
    lnurlInvoice: "call",
    askedGateways: "call",
    updateGateways: "call",
  },
  start: (env) => {
    const parts = { env, federation: new LnFederation(env), gateway: new GatewayConnection(env) };
    const gateways = new Gateways(parts);
    const paying = new Paying(parts, gateways), receiving = new Receiving(parts, gateways);
    const recurring = new Recurring(parts);
    const api = new LnClient(parts, { gateways, paying, receiving, recurring });
    return Promise.resolve({
      transitions: (state, operationId) => lnTransitions(parts, state, operationId),
      api,
      commands: lnCommands(api, env.platform),
      background: () => recurring.run(),
      pending: (_tx, active) => Promise.resolve(pendingMoney(active)),
    });
  },
});
