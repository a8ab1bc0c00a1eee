/** Lightning, as applications use it: thin over the lnv2 module. */
import type { Json } from "../core/encoding/mod.ts";
import type { OperationId, Sha256 } from "../core/types/ids.ts";
import type { SafeUrl } from "../core/types/safe_url.ts";
import type {
  LightningClient,
  MostSendable,
  ReceiveOutcome,
  ReceiveProgress,
  ReceiveQuote,
  SendOutcome,
  SendProgress,
  SendQuote,
} from "../modules/lnv2/client/api.ts";
import { LightningError } from "../modules/lnv2/client/error.ts";
import { lnv2Client } from "../modules/lnv2/client.ts";
import type { RoutingInfo } from "../modules/lnv2/gateway_api.ts";
import type { Client } from "./core/client.ts";
import { GATEWAYS_SHOWN_MAX } from "./limits.ts";

export type {
  MostSendable,
  ReceiveOutcome,
  ReceiveProgress,
  ReceiveQuote,
  SendOutcome,
  SendProgress,
  SendQuote,
  SendTerms,
} from "../modules/lnv2/client/api.ts";

/** How to pay an invoice. */
export type PayInvoiceOptions = {
  /** What was shown before: if the gateway's terms are others now, nothing is paid. */
  readonly quote?: Pick<SendQuote, "gateway" | "terms">;
  /** URL of a gateway; default: one that guardians vet. */
  readonly gateway?: SafeUrl;
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

/** How to ask for a payment. */
export type CreateInvoiceOptions = {
  /** What the payer reads, or its SHA-256 as hex. Default: an empty text. */
  readonly description?: string | { readonly hash: Sha256 };
  /** Default: an hour; at most a day. */
  readonly expirySecs?: number;
  /** What was shown before: if the gateway's fee is another one now, there is no invoice. */
  readonly quote?: Pick<ReceiveQuote, "gateway" | "fee">;
  /** URL of a gateway; default: one that guardians vet. */
  readonly gateway?: SafeUrl;
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

/** A gateway that guardians vet. `info` null: it doesn't answer, or doesn't serve the federation. */
export type VettedGateway = { readonly url: SafeUrl; readonly info: RoutingInfo | null };

/** How to look at a payment before it is made. */
export type GatewayOptions = { readonly gateway?: SafeUrl; readonly signal?: AbortSignal };

function lightningOf(client: Client): LightningClient {
  return client.use(lnv2Client);
}

export function quotePayment(client: Client, invoice: string, options: GatewayOptions): Promise<SendQuote> {
  return lightningOf(client).quoteSend(invoice, options.gateway ?? null, options.signal);
}

export function maxSendable(client: Client, options: GatewayOptions): Promise<MostSendable> {
  return lightningOf(client).maxSendable(options.gateway ?? null, options.signal);
}

export function payInvoice(client: Client, invoice: string, options: PayInvoiceOptions): Promise<OperationId> {
  const { quote, meta = null, signal } = options, gateway = options.gateway ?? quote?.gateway;
  return lightningOf(client).send(
    invoice,
    { customMeta: meta, ...(gateway !== undefined && { gateway }), ...(quote && { terms: quote.terms }) },
    signal,
  );
}

export function awaitPayment(client: Client, operationId: OperationId, signal?: AbortSignal): Promise<SendOutcome> {
  return lightningOf(client).awaitSend(operationId, signal);
}

export function paymentUpdates(
  client: Client,
  operationId: OperationId,
  signal?: AbortSignal,
): AsyncGenerator<SendProgress> {
  return lightningOf(client).sendUpdates(operationId, signal);
}

export function paymentOf(client: Client, invoice: string): Promise<OperationId | null> {
  return lightningOf(client).paymentOf(invoice);
}

export function quoteInvoice(client: Client, amountMsat: bigint, options: GatewayOptions): Promise<ReceiveQuote> {
  return lightningOf(client).quoteReceive(amountMsat, options.gateway ?? null, options.signal);
}

export function createInvoice(
  client: Client,
  amountMsat: bigint,
  options: CreateInvoiceOptions,
): Promise<{ readonly invoice: string; readonly operationId: OperationId }> {
  const { quote, meta = null, signal, description, expirySecs } = options, gateway = options.gateway ?? quote?.gateway;
  return lightningOf(client).receive(amountMsat, {
    customMeta: meta,
    ...(description !== undefined && { description }),
    ...(expirySecs !== undefined && { expirySecs }),
    ...(gateway !== undefined && { gateway }),
    ...(quote && { fee: quote.fee }),
  }, signal);
}

export function awaitInvoice(client: Client, operationId: OperationId, signal?: AbortSignal): Promise<ReceiveOutcome> {
  return lightningOf(client).awaitReceive(operationId, signal);
}

export function invoiceUpdates(
  client: Client,
  operationId: OperationId,
  signal?: AbortSignal,
): AsyncGenerator<ReceiveProgress> {
  return lightningOf(client).receiveUpdates(operationId, signal);
}

export function lnurl(client: Client, server: SafeUrl, options: GatewayOptions): Promise<string> {
  return lightningOf(client).lnurl(server, options.gateway ?? null, options.signal);
}

/** Most vetted first, each with its prices. */
export async function gateways(client: Client, signal?: AbortSignal): Promise<VettedGateway[]> {
  const lightning = lightningOf(client);
  const urls = await lightning.gateways(signal);
  return await Promise.all(
    urls.slice(0, GATEWAYS_SHOWN_MAX).map(async (url) => {
      try {
        return { url, info: await lightning.routingInfo(url, signal) };
      } catch (thrown) {
        if (thrown instanceof LightningError && thrown.code === "gateway_failed") return { url, info: null };
        throw thrown;
      }
    }),
  );
}
