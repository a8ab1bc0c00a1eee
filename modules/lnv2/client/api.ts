/**
 * What applications do over Lightning: pay, be paid, ask for prices. Follows fedimint-lnv2-client 0.13.0;
 * docs/protocol/06-lightning-meta.md §D.
 */
import type { OperationId, PeerId } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { codedEnd, endedBy } from "../../contract/waiting.ts";
import type { RoutingInfo } from "../gateway_api.ts";
import { Lnv2Error } from "./error.ts";
import { fitsSending, type Gateways } from "./gateways.ts";
import type { LnurlReceiving } from "./lnurl.ts";
import type { ReceiveOutcome, SendOutcome } from "./outcome.ts";
import { receiveOutcomeOf, sendOutcomeOf } from "./outcome.ts";
import type { ReceiveOptions, ReceiveQuote, Receiving } from "./receiving.ts";
import type { MostSendable, Sending, SendOptions, SendQuote } from "./sending.ts";
import { paymentOperationId, readInvoice } from "./sending.ts";
import type { LightningParts } from "./send_machine.ts";

export type { ReceiveOutcome, SendOutcome } from "./outcome.ts";
export type { ReceiveOptions, ReceiveQuote } from "./receiving.ts";
export type { MostSendable, SendOptions, SendQuote, SendTerms } from "./sending.ts";

/** How far a payment is, by the reference's names; `Rejected` is its `Failure` before anything was paid. */
export type SendProgress = "Funding" | "Funded" | "Success" | "Refunding" | "Refunded" | "Rejected" | "Failure";
/** How far a receive is. */
export type ReceiveProgress = "Pending" | "Claiming" | "Claimed" | "Expired" | "Uneconomical" | "Failure";

/** What the client is made of. */
export type LightningWork = {
  readonly gateways: Gateways;
  readonly sending: Sending;
  readonly receiving: Receiving;
  readonly lnurl: LnurlReceiving;
};

/** Lightning: payments, receives, gateways. */
export class LightningClient {
  readonly #parts: LightningParts;
  readonly #work: LightningWork;

  /** @internal */
  constructor(parts: LightningParts, work: LightningWork) {
    this.#parts = parts;
    this.#work = work;
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const { env } = this.#parts;
    return signal ? AbortSignal.any([env.signal, signal]) : env.signal;
  }

  /** Given up by the caller or by the client's end it says so, whatever it was doing. */
  #ending<T>(signal: AbortSignal | undefined, work: (until: AbortSignal) => Promise<T>): Promise<T> {
    const until = this.#until(signal);
    return codedEnd(until, () => work(until));
  }

  /**
   * What paying an invoice costs now, and through which gateway; whatever would refuse it refuses here. Nothing is
   * stored or paid.
   * @param invoice BOLT11, with a scheme or without
   * @param gateway URL; default: one that guardians vet
   * @throws {Lnv2Error} `not_an_invoice` · `amount_missing` · `invoice_expired` · `wrong_network` ·
   * `duplicate_payment` · `list_failed` · `no_gateways` · `gateways_unresponsive` · `gateway_failed` ·
   * `federation_not_supported` · `fee_exceeds_limit` · `expiration_exceeds_limit` · `insufficient_funds` ·
   * `funding_failed`
   */
  quoteSend(invoice: string, gateway: SafeUrl | null = null, signal?: AbortSignal): Promise<SendQuote> {
    return this.#ending(signal, (until) => this.#work.sending.quote(invoice, gateway, until));
  }

  /**
   * The most that an invoice may be for which the balance pays: what is left are fees. An invoice that is paid directly
   * costs less. Nothing is stored or paid.
   * @param gateway as `quoteSend`
   * @throws {Lnv2Error} `list_failed` · `no_gateways` · `gateways_unresponsive` · `gateway_failed` ·
   * `federation_not_supported` · `fee_exceeds_limit` · `expiration_exceeds_limit` · `funding_failed`
   */
  maxSendable(gateway: SafeUrl | null = null, signal?: AbortSignal): Promise<MostSendable> {
    return this.#ending(signal, (until) => this.#work.sending.maxSendable(gateway, until));
  }

  /**
   * Pays an invoice. Resolves when the payment is stored; from then on it ends in a success or a refund, whatever the
   * gateway does. An invoice is paid once.
   * @throws {Lnv2Error} what `quoteSend` throws, and `terms_changed` · `block_count_failed`: nothing is stored
   */
  send(invoice: string, options: SendOptions = {}, signal?: AbortSignal): Promise<OperationId> {
    return this.#ending(signal, (until) => this.#work.sending.send(invoice, options, until));
  }

  /** What became of a payment. @throws {Lnv2Error} `unknown_operation` · {WaitError} */
  async awaitSend(operationId: OperationId, signal?: AbortSignal): Promise<SendOutcome> {
    const until = this.#until(signal);
    for await (const state of this.#states(operationId, until)) {
      const outcome = sendOutcomeOf(state);
      if (outcome) return outcome;
      if (state.tag.startsWith("Receive")) throw Lnv2Error.of("unknown_operation");
    }
    throw endedBy(until);
  }

  /** How far a payment is, each step once; ends with the last one. @throws {Lnv2Error} `unknown_operation` */
  async *sendUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<SendProgress> {
    let last: string | null = null;
    for await (const state of this.#states(operationId, this.#until(signal))) {
      if (!state.tag.startsWith("Send")) throw Lnv2Error.of("unknown_operation");
      const now = state.tag.slice("Send".length) as SendProgress;
      if (now !== last) yield now;
      last = now;
      if (sendOutcomeOf(state)) return;
    }
  }

  /** The operation in which an invoice was paid, or is being paid; null when it never was. @throws as `send` */
  async paymentOf(invoice: string): Promise<OperationId | null> {
    const operationId = paymentOperationId(readInvoice(invoice));
    return await this.#parts.env.core.operationExists(operationId) ? operationId : null;
  }

  /**
   * What of a payment of this amount would arrive, and through which gateway. Nothing is stored.
   * @throws {Lnv2Error} `list_failed` · `no_gateways` · `gateways_unresponsive` · `no_receiving_gateway` ·
   * `gateway_failed` · `federation_not_supported` · `receive_disabled` · `fee_exceeds_limit`
   */
  quoteReceive(amountMsat: bigint, gateway: SafeUrl | null = null, signal?: AbortSignal): Promise<ReceiveQuote> {
    return this.#ending(signal, (until) => this.#work.receiving.quote(amountMsat, gateway, until));
  }

  /**
   * An invoice of this amount. All that claims its payment is stored when this resolves.
   * @throws {Lnv2Error} what `quoteReceive` throws, and `terms_changed` · `amount_too_small` · `expiry_too_long` ·
   * `description_too_long` · `invalid_invoice` · `wrong_invoice_amount`
   */
  receive(
    amountMsat: bigint,
    options: ReceiveOptions = {},
    signal?: AbortSignal,
  ): Promise<{ readonly invoice: string; readonly operationId: OperationId }> {
    return this.#ending(signal, (until) => this.#work.receiving.receive(amountMsat, options, until));
  }

  /** What became of an invoice. @throws {Lnv2Error} `unknown_operation` · {WaitError} */
  async awaitReceive(operationId: OperationId, signal?: AbortSignal): Promise<ReceiveOutcome> {
    const until = this.#until(signal);
    for await (const state of this.#states(operationId, until)) {
      const outcome = receiveOutcomeOf(state);
      if (outcome) return outcome;
      if (state.tag.startsWith("Send")) throw Lnv2Error.of("unknown_operation");
    }
    throw endedBy(until);
  }

  /** How far a receive is, each step once; ends with the last one. @throws {Lnv2Error} `unknown_operation` */
  async *receiveUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<ReceiveProgress> {
    let last: string | null = null;
    for await (const state of this.#states(operationId, this.#until(signal))) {
      if (!state.tag.startsWith("Receive")) throw Lnv2Error.of("unknown_operation");
      const now = state.tag.slice("Receive".length) as ReceiveProgress;
      if (now !== last) yield now;
      last = now;
      if (receiveOutcomeOf(state)) return;
    }
  }

  async *#states(operationId: OperationId, signal: AbortSignal) {
    const { core } = this.#parts.env;
    if (!await core.operationExists(operationId)) throw Lnv2Error.of("unknown_operation");
    yield* core.states(operationId, signal);
  }

  /**
   * An lnurl: who has it pays this wallet at any time, any amount.
   * @param server URL of a server that makes invoices for it (recurringdv2)
   * @throws {Lnv2Error} `list_failed` · `no_gateways`
   */
  lnurl(server: SafeUrl, gateway: SafeUrl | null = null, signal?: AbortSignal): Promise<string> {
    return this.#ending(signal, (until) => this.#work.lnurl.generate(server, gateway, until));
  }

  /** URLs of all that guardians vet, the most vetted first. @throws {Lnv2Error} `list_failed` */
  async gateways(signal?: AbortSignal): Promise<SafeUrl[]> {
    return [...await this.#ending(signal, (until) => this.#work.gateways.list(until))];
  }

  /** Those that one guardian vets. @throws {Lnv2Error} `list_failed` */
  async gatewaysOf(peer: PeerId, signal?: AbortSignal): Promise<SafeUrl[]> {
    return [...await this.#parts.federation.gatewaysOf(peer, this.#until(signal))];
  }

  /** A gateway's prices; null when it doesn't serve this federation. @throws {Lnv2Error} `gateway_failed` */
  routingInfo(gateway: SafeUrl, signal?: AbortSignal): Promise<RoutingInfo | null> {
    return this.#ending(signal, (until) => this.#work.gateways.routingInfo(gateway, until));
  }

  /** The gateway that would pay this invoice, or any. @throws {Lnv2Error} as `quoteSend` */
  async selectGateway(invoice: string | null = null, signal?: AbortSignal): Promise<SafeUrl> {
    const read = invoice === null ? null : readInvoice(invoice);
    const { gateways } = this.#work;
    return (await this.#ending(signal, (until) => gateways.select(null, read, fitsSending(read), until))).gateway;
  }

  /** Learns which gateway has which node. @throws {Lnv2Error} `list_failed` */
  mapGateways(signal?: AbortSignal): Promise<void> {
    return this.#ending(signal, (until) => this.#work.gateways.map(until));
  }

  /** Adds to the own guardian's list. @returns whether it is new. @throws {Lnv2Error} `no_admin` · `federation` */
  addGateway(gateway: SafeUrl, signal?: AbortSignal): Promise<boolean> {
    const { federation, env } = this.#parts;
    return federation.changeGateways("add_gateway", gateway, env.admin, this.#until(signal));
  }

  /** Removes from the own guardian's list. @returns whether it was there. @throws as `addGateway` */
  removeGateway(gateway: SafeUrl, signal?: AbortSignal): Promise<boolean> {
    const { federation, env } = this.#parts;
    return federation.changeGateways("remove_gateway", gateway, env.admin, this.#until(signal));
  }
}
