/** Lightning by the second module for it. */
import { LightningError } from "../../core/lightning/error.ts";
import type { OperationId } from "../../core/types/ids.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import { parseSafeUrl } from "../../core/types/safe_url.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import type { LightningClient } from "../../modules/lnv2/client/api.ts";
import { Lnv2Error } from "../../modules/lnv2/client/error.ts";
import { CONFIRMATION_BUFFER_BLOCKS } from "../../modules/lnv2/client/limits.ts";
import { GATEWAYS_SHOWN_MAX } from "../limits.ts";
import type {
  CreatedInvoice,
  CreateInvoiceOptions,
  GatewayName,
  GatewayOptions,
  InvoiceOutcome,
  InvoiceProgress,
  InvoiceQuote,
  Lightning,
  ListedGateway,
  MostSendable,
  PayInvoiceOptions,
  PaymentOutcome,
  PaymentProgress,
  PaymentQuote,
} from "./types.ts";

/** @throws {LightningError} `unknown_gateway` */
function urlOf(name: GatewayName | undefined): SafeUrl | null {
  if (name === undefined) return null;
  const url = tryDecoding(() => parseSafeUrl(name));
  if (url.ok) return url.value;
  throw new LightningError(
    { code: "unknown_gateway" },
    "This federation's gateways are named by their URLs. Nothing was done: take one that is listed, or none",
  );
}

export class SecondLightning implements Lightning {
  readonly #lnv2: LightningClient;

  constructor(lnv2: LightningClient) {
    this.#lnv2 = lnv2;
  }

  async quotePayment(invoice: string, { gateway, signal }: GatewayOptions): Promise<PaymentQuote> {
    const { terms, ...quote } = await this.#lnv2.quoteSend(invoice, urlOf(gateway), signal);
    const refundBlocks = terms.expirationDelta + CONFIRMATION_BUFFER_BLOCKS;
    return { ...quote, terms: { module: "lnv2", ...terms }, refundBlocks };
  }

  async maxSendable({ gateway, signal }: GatewayOptions): Promise<MostSendable> {
    return await this.#lnv2.maxSendable(urlOf(gateway), signal);
  }

  async payInvoice(invoice: string, { quote, gateway, meta, signal }: PayInvoiceOptions): Promise<OperationId> {
    if (quote && quote.terms.module !== "lnv2") throw Lnv2Error.of("terms_changed");
    const url = urlOf(gateway ?? quote?.gateway ?? undefined);
    return await this.#lnv2.send(invoice, {
      customMeta: meta ?? null,
      ...(url !== null && { gateway: url }),
      ...(quote?.terms.module === "lnv2" && { terms: quote.terms }),
    }, signal);
  }

  async assertUnpaid(invoice: string): Promise<void> {
    const operationId = await this.#lnv2.paymentOf(invoice);
    if (operationId !== null) throw Lnv2Error.duplicate(operationId);
  }

  async awaitPayment(operationId: OperationId, signal?: AbortSignal): Promise<PaymentOutcome> {
    const sent = await this.#lnv2.awaitSend(operationId, signal);
    return sent.outcome === "refunded" ? { ...sent, reason: null } : sent;
  }

  paymentUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<PaymentProgress> {
    return this.#lnv2.sendUpdates(operationId, signal);
  }

  paymentOf(invoice: string): Promise<OperationId | null> {
    return this.#lnv2.paymentOf(invoice);
  }

  async quoteInvoice(amountMsat: bigint, { gateway, signal }: GatewayOptions): Promise<InvoiceQuote> {
    return await this.#lnv2.quoteReceive(amountMsat, urlOf(gateway), signal);
  }

  async createInvoice(amountMsat: bigint, options: CreateInvoiceOptions): Promise<CreatedInvoice> {
    const { quote, meta = null, signal, description, expirySecs } = options;
    const gateway = urlOf(options.gateway ?? quote?.gateway);
    return await this.#lnv2.receive(amountMsat, {
      customMeta: meta,
      ...(description !== undefined && { description }),
      ...(expirySecs !== undefined && { expirySecs }),
      ...(gateway !== null && { gateway }),
      ...(quote && { fee: quote.fee }),
    }, signal);
  }

  awaitInvoice(operationId: OperationId, signal?: AbortSignal): Promise<InvoiceOutcome> {
    return this.#lnv2.awaitReceive(operationId, signal);
  }

  invoiceUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<InvoiceProgress> {
    return this.#lnv2.receiveUpdates(operationId, signal);
  }

  async lnurl(server: SafeUrl, { gateway, signal }: GatewayOptions): Promise<string> {
    return await this.#lnv2.lnurl(server, urlOf(gateway), signal);
  }

  /** Most vetted first, each with its prices. */
  async gateways(signal?: AbortSignal): Promise<ListedGateway[]> {
    const urls = await this.#lnv2.gateways(signal);
    return await Promise.all(urls.slice(0, GATEWAYS_SHOWN_MAX).map((url) => this.#listed(url, signal)));
  }

  async #listed(url: SafeUrl, signal: AbortSignal | undefined): Promise<ListedGateway> {
    const silent: ListedGateway = { name: url, url, alias: null, prices: null };
    try {
      const info = await this.#lnv2.routingInfo(url, signal);
      if (!info) return silent;
      const beingPaid = info.receiveEnabled ? info.receiveFee : null;
      return { ...silent, alias: info.lightningAlias, prices: { paying: info.sendFeeDefault, beingPaid } };
    } catch (thrown) {
      if (thrown instanceof LightningError && thrown.code === "gateway_failed") return silent;
      throw thrown;
    }
  }
}
