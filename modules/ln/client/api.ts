/**
 * What applications do over Lightning where a federation has the first module for it. Follows fedimint-ln-client
 * 0.13.0; docs/protocol/06-lightning-meta.md §F.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { endedBy } from "../../contract/waiting.ts";
import type { GatewayAnnouncement } from "../gateways.ts";
import type { RecurringInvoice } from "./db.ts";
import { LnError } from "./error.ts";
import type { AskedGateway, Gateways } from "./gateways.ts";
import type { PayOutcome, PayProgress, ReceiveOutcome, ReceiveProgress } from "./outcome.ts";
import { payOutcomeOf, payProgressOf, receiveOutcomeOf, receiveProgressOf, shownJson } from "./outcome.ts";
import type { LnParts } from "./parts.ts";
import type { Begun, MostPayable, Paying, PayOptions, PayQuote } from "./paying.ts";
import type { Invited, ReceiveOptions, ReceiveQuote, Receiving } from "./receiving.ts";
import type { LnurlWords, Recurring, ShownCode } from "./recurring.ts";
import type { LnState } from "./states.ts";

export type { PaymentCode } from "./db.ts";
export type { AskedGateway } from "./gateways.ts";
export type { PayOutcome, PayProgress, ReceiveOutcome, ReceiveProgress } from "./outcome.ts";
export type { Begun, MostPayable, PayOptions, PayQuote } from "./paying.ts";
export type { Invited, ReceiveOptions, ReceiveQuote } from "./receiving.ts";
export type { LnurlWords, ShownCode } from "./recurring.ts";

/** What the client is made of. */
export type LnWork = {
  readonly gateways: Gateways;
  readonly paying: Paying;
  readonly receiving: Receiving;
  readonly recurring: Recurring;
};

/** Lightning: payments, receives, gateways. */
export class LnClient {
  readonly #parts: LnParts;
  readonly #work: LnWork;

  /** @internal */
  constructor(parts: LnParts, work: LnWork) {
    this.#parts = parts;
    this.#work = work;
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const { env } = this.#parts;
    return signal ? AbortSignal.any([env.signal, signal]) : env.signal;
  }

  /**
   * What paying an invoice costs now, and through which gateway; whatever would refuse it refuses here. Nothing is
   * stored or paid.
   * @param gatewayId 33 bytes; default: the cheapest that answers
   * @throws {LnError} `not_an_invoice` · `duplicate_payment` · `invoice_expired` · `amount_missing` ·
   * `wrong_network` · `no_gateways` · `unknown_gateway` · `gateway_failed` · `gateways_unresponsive` · `federation` ·
   * `fee_exceeds_limit` · `expiration_exceeds_limit` · `no_offer` · `offer_too_dear` · `contract_exists` ·
   * `insufficient_funds` · `funding_failed`
   */
  quotePay(invoice: string, gatewayId: Bytes | null = null, signal?: AbortSignal): Promise<PayQuote> {
    return this.#work.paying.quote(invoice, gatewayId, this.#until(signal));
  }

  /**
   * The most that an invoice may be for which the balance pays: what is left are fees. An invoice within the federation
   * costs less. Nothing is stored or paid.
   * @param gatewayId as `quotePay`
   * @throws {LnError} `no_gateways` · `unknown_gateway` · `gateway_failed` · `gateways_unresponsive` · `federation` ·
   * `funding_failed`
   */
  maxPayable(gatewayId: Bytes | null = null, signal?: AbortSignal): Promise<MostPayable> {
    return this.#work.paying.maxPayable(gatewayId, this.#until(signal));
  }

  /**
   * Pays an invoice. Resolves when the payment is stored; from then on it ends in a success or a refund, whatever the
   * gateway does. An invoice is paid once: one that was paid is told again, one that came back is tried again.
   * @throws {LnError} what `quotePay` throws, and `not_internal` · `terms_changed`: nothing is stored
   */
  pay(invoice: string, options: PayOptions = {}, signal?: AbortSignal): Promise<Begun> {
    return this.#work.paying.pay(invoice, options, this.#until(signal));
  }

  /** What became of a payment. @throws {LnError} `unknown_operation` · {WaitError} */
  async awaitPay(operationId: OperationId, signal?: AbortSignal): Promise<PayOutcome> {
    const until = this.#until(signal);
    for await (const state of this.#states(operationId, until)) {
      const outcome = payOutcomeOf(state);
      if (outcome) return outcome;
      if (state.tag.startsWith("Receive")) throw LnError.of("unknown_operation");
    }
    throw endedBy(until);
  }

  /**
   * Whether an invoice may be paid: it isn't being paid, is not paid, and can't be.
   * @throws {LnError} `duplicate_payment` · `not_an_invoice`
   */
  assertUnpaid(invoice: string): Promise<void> {
    return this.#work.paying.assertUnpaid(invoice);
  }

  /** The last operation that pays or paid an invoice; null when there is none. @throws {LnError} `not_an_invoice` */
  paymentOf(invoice: string): Promise<OperationId | null> {
    return this.#work.paying.paymentOf(invoice);
  }

  /** Whether a payment is one within the federation. @throws {LnError} `unknown_operation` */
  async isInternal(operationId: OperationId, signal?: AbortSignal): Promise<boolean> {
    for await (const { tag } of this.#states(operationId, this.#until(signal))) return tag.startsWith("Internal");
    throw LnError.of("unknown_operation");
  }

  /**
   * What of a payment of this amount would arrive, and through which gateway. Nothing is stored.
   * @param gatewayId as `quotePay`
   * @throws {LnError} `no_gateways` · `unknown_gateway` · `gateway_failed` · `gateways_unresponsive` · `federation`
   */
  quoteReceive(amountMsat: bigint, gatewayId: Bytes | null = null, signal?: AbortSignal): Promise<ReceiveQuote> {
    return this.#work.receiving.quote(amountMsat, gatewayId, this.#until(signal));
  }

  /**
   * An invoice of this amount. All that claims its payment is stored, and guardians have its offer, when this
   * resolves.
   * @throws {LnError} `expiry_too_long` · `description_too_long` · `amount_too_small` · `no_gateways` ·
   * `unknown_gateway` · `gateway_failed` · `gateways_unresponsive` · `federation` · `funding_failed` ·
   * `offer_rejected`
   */
  receive(amountMsat: bigint, options: ReceiveOptions = {}, signal?: AbortSignal): Promise<Invited> {
    return this.#work.receiving.receive(amountMsat, options, this.#until(signal));
  }

  /** What became of an invoice. @throws {LnError} `unknown_operation` · {WaitError} */
  async awaitReceive(operationId: OperationId, signal?: AbortSignal): Promise<ReceiveOutcome> {
    const until = this.#until(signal);
    for await (const state of this.#states(operationId, until)) {
      const outcome = receiveOutcomeOf(state);
      if (outcome) return outcome;
      if (!state.tag.startsWith("Receive")) throw LnError.of("unknown_operation");
    }
    throw endedBy(until);
  }

  /**
   * Waits once more for a payment that came too late, or whose claim was refused. @returns the new operation
   * @throws {LnError} `not_reclaimable` · `unknown_operation`
   */
  async reclaim(operationId: OperationId, signal?: AbortSignal): Promise<OperationId> {
    for await (const state of this.#states(operationId, this.#until(signal))) {
      if (state.tag === "ReceiveExpired") return await this.#work.receiving.reclaim(operationId, state.value);
      if (state.tag === "ReceiveFailure") return await this.#work.receiving.reclaim(operationId, state.value.receipt);
      if (receiveOutcomeOf(state) || payOutcomeOf(state)) break;
    }
    throw LnError.of("not_reclaimable");
  }

  /**
   * How far a payment or a receive is: each step once as the reference's JSON has it, the last one last.
   * @throws {LnError} `unknown_operation`
   */
  async *updates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<Json> {
    let last: LnState["tag"] | null = null;
    for await (const state of this.#states(operationId, this.#until(signal))) {
      const shown = shownJson(state);
      if (shown !== null && state.tag !== last) yield shown;
      last = state.tag;
      if (payOutcomeOf(state) || receiveOutcomeOf(state)) return;
    }
  }

  /** How far a payment is, each step once; ends with the last one. @throws {LnError} `unknown_operation` */
  async *payUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<PayProgress> {
    yield* this.#steps(operationId, payProgressOf, (state) => payOutcomeOf(state) !== null, signal);
  }

  /** How far a receive is, each step once; ends with the last one. @throws {LnError} `unknown_operation` */
  async *receiveUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<ReceiveProgress> {
    yield* this.#steps(operationId, receiveProgressOf, (state) => receiveOutcomeOf(state) !== null, signal);
  }

  async *#steps<T>(
    operationId: OperationId,
    stepOf: (state: LnState) => T | null,
    isEnd: (state: LnState) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<T> {
    let last: T | null = null;
    for await (const state of this.#states(operationId, this.#until(signal))) {
      const now = stepOf(state);
      if (now === null) throw LnError.of("unknown_operation");
      if (now !== last) yield now;
      last = now;
      if (isEnd(state)) return;
    }
  }

  /**
   * An lnurl: who has it pays this wallet any amount at any time, and the money comes by itself. One that was made at
   * this server for the same words is told again, so that it stays the same.
   * @param server URL of a server that writes invoices for it (recurringd)
   * @throws {LnError} `lnurl_server_failed`
   */
  async lnurl(server: SafeUrl, shown: LnurlWords = {}, signal?: AbortSignal): Promise<string> {
    return (await this.#work.recurring.reuse(server, shown, this.#until(signal))).lnurl;
  }

  /** Always a new one. @throws as `lnurl` */
  registerLnurl(server: SafeUrl, shown: LnurlWords = {}, signal?: AbortSignal): Promise<ShownCode> {
    return this.#work.recurring.register(server, shown, this.#until(signal));
  }

  /** All lnurls, by number. */
  lnurls(): Promise<ShownCode[]> {
    return this.#work.recurring.codes();
  }

  /** Operations of an lnurl's invoices by their numbers; null when there is no such lnurl. */
  lnurlInvoices(index: bigint): Promise<Map<bigint, OperationId> | null> {
    return this.#work.recurring.invoices(index);
  }

  /**
   * The invoice of a receive by an lnurl; null when the operation is none.
   * @internal
   */
  lnurlInvoice(operationId: OperationId): Promise<RecurringInvoice | null> {
    return this.#work.recurring.invoiceOf(operationId);
  }

  async *#states(operationId: OperationId, signal: AbortSignal): AsyncGenerator<LnState> {
    const { core } = this.#parts.env;
    if (!await core.operationExists(operationId)) throw LnError.of("unknown_operation");
    yield* core.states(operationId, signal);
  }

  /**
   * Gateways that the wallet knows, in the order of their ids. Asks nobody.
   * @internal
   */
  gateways(): Promise<GatewayAnnouncement[]> {
    return this.#work.gateways.list();
  }

  /** Gateways with their fees, and whether each answers now. @throws {LnError} `federation` */
  async askedGateways(most: number, signal?: AbortSignal): Promise<AskedGateway[]> {
    return await this.#work.gateways.asked(most, this.#until(signal));
  }

  /** Asks guardians for gateways. @throws {LnError} `federation` */
  updateGateways(signal?: AbortSignal): Promise<void> {
    return this.#work.gateways.update(this.#until(signal));
  }
}
