/** Lightning's part of a wallet: what people do with it, and who writes invoices for whom. */
import type { OperationId } from "../../core/types/ids.ts";
import type { PayRequest } from "../../modules/contract/lnurl_pay.ts";
import { askInvoice, askPayRequest } from "../../modules/contract/lnurl_pay.ts";
import { FederationMembership } from "../membership.ts";
import { lightningOf, lightningOfOperation, paymentOf, payOnce } from "./lightning.ts";
import type {
  CreatedInvoice,
  CreateInvoiceOptions,
  GatewayOptions,
  InvoiceOutcome,
  InvoiceProgress,
  InvoiceQuote,
  ListedGateway,
  MostSendable,
  PayInvoiceOptions,
  PaymentOutcome,
  PaymentProgress,
  PaymentQuote,
} from "./types.ts";

/**
 * Pays and is paid over Lightning: by the second module for it where the federation has that one, else by the first.
 * Every call but the waits throws {LightningError} `no_lightning` where it has neither, and those of the first module
 * `federation` when guardians don't answer.
 */
export class LightningWallet extends FederationMembership {
  /**
   * What paying an invoice costs now, and through which gateway; whatever would refuse it refuses here.
   * @param invoice BOLT11, with `lightning:` or without
   * @throws {LightningError} `not_an_invoice` · `amount_missing` · `invoice_expired` · `wrong_network` ·
   * `duplicate_payment` · `list_failed` · `no_gateways` · `gateways_unresponsive` · `gateway_failed` ·
   * `unknown_gateway` · `federation_not_supported` · `fee_exceeds_limit` · `expiration_exceeds_limit` ·
   * `insufficient_funds` · `funding_failed`; within the federation `no_offer` · `offer_too_dear` · `contract_exists`
   */
  quotePayment(invoice: string, options: GatewayOptions = {}): Promise<PaymentQuote> {
    return this.client.wait(
      options.signal,
      async (signal) => await lightningOf(this.client).quotePayment(invoice, { ...options, signal }),
    );
  }

  /**
   * The most that the payee of an invoice may get so that the balance pays for it, fees included, and through which
   * gateway: pay through that one, as others take other fees. What the wallet holds may change until then.
   * @throws {LightningError} what `quotePayment` throws of gateways · `funding_failed`
   */
  maxSendable(options: GatewayOptions = {}): Promise<MostSendable> {
    return this.client.wait(
      options.signal,
      async (signal) => await lightningOf(this.client).maxSendable({ ...options, signal }),
    );
  }

  /**
   * Pays an invoice over Lightning. When this resolves the payment is on its way, and ends in a success or a refund
   * whatever the gateway does; `awaitPayment` tells which. An invoice is paid once.
   * @throws {LightningError} what `quotePayment` throws, and `terms_changed` · `block_count_failed`; nothing is paid
   */
  payInvoice(invoice: string, options: PayInvoiceOptions = {}): Promise<OperationId> {
    return this.client.finish(
      options.signal,
      (signal) => payOnce(this.client, invoice, { ...options, signal }),
    );
  }

  /**
   * Waits for the end of a payment. When it was refunded, the money is in the balance.
   * @throws {LightningError} `unknown_operation` · {WaitError}
   */
  awaitPayment(operationId: OperationId, signal?: AbortSignal): Promise<PaymentOutcome> {
    return this.client.wait(
      signal,
      async (until) => (await lightningOfOperation(this.client, operationId)).awaitPayment(operationId, until),
    );
  }

  /** How far a payment is, each step once. @throws {LightningError} `unknown_operation` */
  async *paymentUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<PaymentProgress> {
    yield* (await lightningOfOperation(this.client, operationId)).paymentUpdates(operationId, signal);
  }

  /** The operation that pays or paid an invoice; null when there is none. @throws {LightningError} `not_an_invoice` */
  paymentOf(invoice: string): Promise<OperationId | null> {
    return paymentOf(this.client, invoice);
  }

  /** What of a payment of this amount would arrive now. @throws {LightningError} */
  quoteInvoice(amountMsat: bigint, options: GatewayOptions = {}): Promise<InvoiceQuote> {
    return this.client.wait(
      options.signal,
      async (signal) => await lightningOf(this.client).quoteInvoice(amountMsat, { ...options, signal }),
    );
  }

  /**
   * A Lightning invoice of this amount; what is paid comes into the balance by itself.
   * @throws {LightningError} `list_failed` · `no_gateways` · `gateways_unresponsive` · `no_receiving_gateway` ·
   * `gateway_failed` · `unknown_gateway` · `federation_not_supported` · `receive_disabled` · `fee_exceeds_limit` ·
   * `terms_changed` · `amount_too_small` · `expiry_too_long` · `description_too_long` · `invalid_invoice` ·
   * `wrong_invoice_amount` · `offer_rejected` · `funding_failed`
   */
  createInvoice(
    amountMsat: bigint,
    options: CreateInvoiceOptions = {},
  ): Promise<CreatedInvoice> {
    return this.client.finish(
      options.signal,
      async (signal) => await lightningOf(this.client).createInvoice(amountMsat, { ...options, signal }),
    );
  }

  /**
   * Waits until an invoice is paid and the money is in the balance, or never will be.
   * @throws {LightningError} `unknown_operation` · {WaitError}
   */
  awaitInvoice(operationId: OperationId, signal?: AbortSignal): Promise<InvoiceOutcome> {
    return this.client.wait(
      signal,
      async (until) => (await lightningOfOperation(this.client, operationId)).awaitInvoice(operationId, until),
    );
  }

  /** How far an invoice is, each step once. @throws {LightningError} `unknown_operation` */
  async *invoiceUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<InvoiceProgress> {
    yield* (await lightningOfOperation(this.client, operationId)).invoiceUpdates(operationId, signal);
  }

  /**
   * An lnurl: who has it pays this wallet any amount at any time, and the money comes by itself.
   * @param server URL of a server that writes invoices for it
   * @throws {LightningError} `list_failed` · `no_gateways` · `lnurl_server_failed`
   */
  lnurl(server: string, options: GatewayOptions = {}): Promise<string> {
    return this.client.wait(
      options.signal,
      async (signal) => await lightningOf(this.client).lnurl(server, { ...options, signal }),
    );
  }

  /**
   * The federation's gateways, the preferred ones first, with their prices.
   * @throws {LightningError} `list_failed` · `federation`
   */
  gateways(signal?: AbortSignal): Promise<ListedGateway[]> {
    return this.client.wait(signal, async (until) => await lightningOf(this.client).gateways(until));
  }

  /**
   * What a Lightning address, an `lnurl1…` or an `lnurlp:…` takes. @throws {LnurlError} `not_lnurl` · `insecure` ·
   * `unreachable` · `malformed` · `refused`
   */
  payRequest(payee: string, signal?: AbortSignal): Promise<PayRequest> {
    return this.client.wait(signal, (until) => askPayRequest(this.client.options.platform, payee, until));
  }

  /**
   * An invoice of who takes payments so. @throws {LnurlError} `amount_out_of_range` · `unreachable` · `malformed` ·
   * `refused` · `wrong_invoice`
   */
  invoiceOf(request: PayRequest, amountMsat: bigint, signal?: AbortSignal): Promise<string> {
    return this.client.wait(
      signal,
      (until) => askInvoice(this.client.options.platform, request, { amountMsat }, until),
    );
  }
}
