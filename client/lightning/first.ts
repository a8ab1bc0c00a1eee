/** Lightning by the first module for it. */
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { tryDecoding } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import type { LnClient } from "../../modules/ln/client/api.ts";
import { LnError } from "../../modules/ln/client/error.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";
import { INVOICE_EXPIRY_SECS } from "../../modules/lnv2/client/limits.ts";
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

/** Gateways of this module take nothing of what comes in: whoever pays pays them. */
const NOTHING: PaymentFee = { base: 0n, partsPerMillion: 0n };

/** @throws {LnError} `unknown_gateway` */
function idOf(name: GatewayName | null | undefined): Bytes | null {
  if (name === undefined || name === null) return null;
  const id = tryDecoding(() => publicKey.fromJson(name));
  if (id.ok) return id.value;
  throw LnError.of("unknown_gateway", "this federation's gateways are named by their ids, 66 digits of hex");
}

export class FirstLightning implements Lightning {
  readonly #ln: LnClient;

  constructor(ln: LnClient) {
    this.#ln = ln;
  }

  async quotePayment(invoice: string, { gateway, signal }: GatewayOptions): Promise<PaymentQuote> {
    const { gatewayId, ...quote } = await this.#ln.quotePay(invoice, idOf(gateway), signal);
    const terms = { module: "ln", gatewayFeeMsat: quote.gatewayFeeMsat } as const;
    return { ...quote, gateway: gatewayId, terms, isDirect: gatewayId === null };
  }

  async maxSendable({ gateway, signal }: GatewayOptions): Promise<MostSendable> {
    const { amountMsat, gatewayId } = await this.#ln.maxPayable(idOf(gateway), signal);
    return { amountMsat, gateway: toHex(gatewayId) };
  }

  async payInvoice(invoice: string, options: PayInvoiceOptions): Promise<OperationId> {
    const { quote, meta, signal } = options, gatewayId = idOf(options.gateway ?? quote?.gateway);
    if (quote && quote.terms.module !== "ln") throw LnError.of("terms_changed");
    const { operationId } = await this.#ln.pay(invoice, {
      refusePaid: true,
      extraMeta: meta ?? null,
      ...(gatewayId !== null && { gatewayId }),
      ...(quote?.terms.module === "ln" && { quotedFeeMsat: quote.terms.gatewayFeeMsat }),
    }, signal);
    return operationId;
  }

  assertUnpaid(invoice: string): Promise<void> {
    return this.#ln.assertUnpaid(invoice);
  }

  awaitPayment(operationId: OperationId, signal?: AbortSignal): Promise<PaymentOutcome> {
    return this.#ln.awaitPay(operationId, signal);
  }

  paymentUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<PaymentProgress> {
    return this.#ln.payUpdates(operationId, signal);
  }

  paymentOf(invoice: string): Promise<OperationId | null> {
    return this.#ln.paymentOf(invoice);
  }

  async quoteInvoice(amountMsat: bigint, { gateway, signal }: GatewayOptions): Promise<InvoiceQuote> {
    const { gatewayId, ...quote } = await this.#ln.quoteReceive(amountMsat, idOf(gateway), signal);
    return { ...quote, gateway: gatewayId, fee: NOTHING, gatewayFeeMsat: 0n };
  }

  /** For as long as with the second module unless it is said. */
  async createInvoice(amountMsat: bigint, options: CreateInvoiceOptions): Promise<CreatedInvoice> {
    const { quote, meta = null, signal, description, expirySecs = INVOICE_EXPIRY_SECS } = options;
    const gateway = idOf(options.gateway ?? quote?.gateway);
    return await this.#ln.receive(amountMsat, {
      extraMeta: meta,
      // a fraction is refused, as the other module refuses it
      expirySecs: Number.isSafeInteger(expirySecs) ? BigInt(expirySecs) : 0n,
      ...(description !== undefined && { description }),
      ...(gateway !== null && { gateway }),
    }, signal);
  }

  async awaitInvoice(operationId: OperationId, signal?: AbortSignal): Promise<InvoiceOutcome> {
    const received = await this.#ln.awaitReceive(operationId, signal);
    switch (received.outcome) {
      case "invalid":
        return { outcome: "failure", reason: "guardians decrypted something else than was offered" };
      case "rejected":
      case "failure":
        return { outcome: "failure", reason: received.reason };
      default:
        return { outcome: received.outcome };
    }
  }

  invoiceUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<InvoiceProgress> {
    return this.#ln.receiveUpdates(operationId, signal);
  }

  /** The server chooses the gateway. */
  async lnurl(server: SafeUrl, { gateway, signal }: GatewayOptions): Promise<string> {
    if (gateway !== undefined) throw LnError.of("unknown_gateway", "the server that writes invoices chooses it");
    return await this.#ln.lnurl(server, {}, signal);
  }

  /** The cheapest first. */
  async gateways(signal?: AbortSignal): Promise<ListedGateway[]> {
    const asked = await this.#ln.askedGateways(GATEWAYS_SHOWN_MAX, signal);
    return asked.map(({ gatewayId, api, lightningAlias, fees, isThere }) => {
      const paying = { base: BigInt(fees.baseMsat), partsPerMillion: BigInt(fees.proportionalMillionths) };
      return {
        name: gatewayId,
        url: api,
        alias: lightningAlias === "" ? null : lightningAlias,
        prices: isThere ? { paying, beingPaid: NOTHING } : null,
      };
    });
  }
}
