/**
 * Payments that the node makes: one a hash, and after one that has failed another, if it is asked for by that one's
 * number. LDK's own memory of payments is temporary; this book is what counts. A payment's record is part of the commit
 * that holds what LDK made of it, so that either both are there or neither.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Logger } from "../../../../../actors/logger.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { concat, fromHex, toHex, utf8 } from "../../../../../core/bytes.ts";
import { decode, encode, u64 } from "../../../../../core/encoding/mod.ts";
import { parseBolt11 } from "../../../../../core/lightning/bolt11.ts";
import type { Bolt11Invoice, InvoiceCurrency } from "../../../../../core/lightning/bolt11.ts";
import { PAY_ATTEMPTS } from "../limits.ts";
import { ldk, refusalText, unwrap } from "./bindings.ts";
import type { Disk } from "./disk.ts";
import type { PaymentRecord } from "./records.ts";
import { paymentRecord } from "./records.ts";

const KEY = "payment/", PENDING = "pending/", AGAIN = "again/";

export type PaymentTerms = {
  readonly invoice: string;
  readonly feeLimitMsat: bigint;
  readonly cltvLimit: number;
  /** Number of a payment of this hash after whose failure this one may begin. */
  readonly after: bigint | null;
};

/** A payment, and which one of its hash it is: the first is 1. */
export type BookedPayment = { readonly record: PaymentRecord; readonly number: bigint };

/**
 * LDK's name of a payment. Each has one of its own: whatever LDK still says of an earlier one of the hash says nothing
 * about a later one.
 */
function idOf(hash: string, number: bigint): Bytes {
  if (number === 1n) return fromHex(hash);
  return sha256(concat(utf8("payment again"), fromHex(hash), encode(u64, number))) as Bytes;
}

export class Payments {
  readonly #disk: Disk;
  readonly #manager: ldk.ChannelManager;
  readonly #currency: InvoiceCurrency;
  readonly #nowSecs: () => bigint;
  readonly #log: Logger;
  readonly #changed: () => void;
  readonly #pending = new Map<string, PaymentRecord>();
  /** By LDK's names of those that aren't over. */
  readonly #hashes = new Map<string, string>();
  /** Begins one payment after the other: two of one hash would both find nothing on disk. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly disk: Disk;
    readonly manager: ldk.ChannelManager;
    readonly currency: InvoiceCurrency;
    readonly nowSecs: () => bigint;
    readonly log: Logger;
    readonly changed: () => void;
  }) {
    this.#disk = parts.disk;
    this.#manager = parts.manager;
    this.#currency = parts.currency;
    this.#nowSecs = parts.nowSecs;
    this.#log = parts.log;
    this.#changed = parts.changed;
  }

  async load(): Promise<void> {
    for (const [hash] of await this.#disk.list(PENDING)) {
      const record = await this.#disk.get(paymentRecord, KEY + hash);
      if (record === null) continue;
      this.#pending.set(hash, record);
      this.#hashes.set(toHex(idOf(hash, await this.#numberOf(hash))), hash);
    }
  }

  async #numberOf(hash: string): Promise<bigint> {
    return await this.#disk.get(u64, AGAIN + hash) ?? 1n;
  }

  /** The newest payment of this hash; null when there is none. */
  async find(hash: string): Promise<BookedPayment | null> {
    // the number first: with a later record it is one too small, and then nothing begins
    const number = await this.#numberOf(hash);
    const record = this.#pending.get(hash) ?? await this.#disk.get(paymentRecord, KEY + hash);
    return record && { record, number };
  }

  /** Begins it, or finds what has begun before. */
  pay(terms: PaymentTerms): Promise<BookedPayment> {
    const paid = this.#turn.then(() => this.#pay(terms));
    this.#turn = paid.then(() => undefined, () => undefined);
    return paid;
  }

  async #pay(terms: PaymentTerms): Promise<BookedPayment> {
    const invoice = parseBolt11(terms.invoice), hash = invoice.paymentHash;
    const known = await this.find(hash), number = known === null ? 1n : known.number + 1n;
    if (known !== null && !(known.record.state.tag === "Failed" && known.number === terms.after)) return known;
    const recordOf = (reason: string | null): PaymentRecord => ({
      invoice: invoice.text,
      amountMsat: invoice.amountMsat ?? 0n,
      begunSecs: this.#nowSecs(),
      state: reason === null ? { tag: "Pending", value: null } : { tag: "Failed", value: { reason } },
    });
    // who has no time left only asks what became of it: nothing is put into the book
    if (terms.cltvLimit <= 0) {
      return { record: recordOf("nothing was begun, and there is no time left to begin"), number };
    }
    const id = idOf(hash, number);
    const record = recordOf(this.#refusal(invoice) ?? this.#send(invoice, id, terms));
    this.#put(hash, record);
    if (number > 1n) this.#disk.put(u64, AGAIN + hash, number);
    if (record.state.tag === "Pending") this.#hashes.set(toHex(id), hash);
    return { record, number };
  }

  /** Why it isn't even tried. */
  #refusal({ amountMsat, currency, timestamp, expirySecs }: Bolt11Invoice): string | null {
    if (amountMsat === null || amountMsat === 0n) return "the invoice has no amount";
    if (currency !== this.#currency) return `the invoice is for another network (${currency})`;
    return timestamp + expirySecs <= this.#nowSecs() ? "the invoice has expired" : null;
  }

  /** @returns why LDK doesn't begin: then there is no event. */
  #send({ text }: Bolt11Invoice, id: Bytes, { feeLimitMsat, cltvLimit }: PaymentTerms): string | null {
    const read = ldk.Bolt11Invoice.constructor_from_str(text);
    if (!read.is_ok()) return `LDK can't read the invoice: ${refusalText(read)}`;
    const parsed: ldk.Bolt11Invoice = unwrap(read, "an invoice that was read");
    const parameters = ldk.UtilMethods.constructor_payment_parameters_from_invoice(parsed);
    if (!parameters.is_ok()) return "the invoice has no amount";
    const parts = unwrap(
      parameters,
      "parameters of an invoice",
    ) as ldk.ThreeTuple_ThirtyTwoBytesRecipientOnionFieldsRouteParametersZ;
    const route = parts.get_c();
    const payment = route.get_payment_params();
    payment.set_max_total_cltv_expiry_delta(cltvLimit);
    route.set_payment_params(payment);
    route.set_max_total_routing_fee_msat(ldk.Option_u64Z.constructor_some(feeLimitMsat));
    const attempts = ldk.Retry.constructor_attempts(PAY_ATTEMPTS);
    const sent = this.#manager.send_payment(parts.get_a(), parts.get_b(), id, route, attempts);
    if (sent.is_ok()) return null;
    const code = (sent as ldk.Result_NoneRetryableSendFailureZ_Err).err;
    if (code === ldk.RetryableSendFailure.LDKRetryableSendFailure_RouteNotFound) {
      return "there is no way to the payee within the limits of fee and time";
    }
    return `LDK doesn't begin: ${String(ldk.RetryableSendFailure[code]).replace("LDKRetryableSendFailure_", "")}`;
  }

  /** `id`: LDK's name of it, hex. */
  paid(id: string, preimage: Bytes, feeMsat: bigint): void {
    this.#finish(id, { tag: "Paid", value: { preimage, feeMsat } });
  }

  failed(id: string, reason: ldk.PaymentFailureReason | null): void {
    const name = reason === null ? "unknown reason" : String(ldk.PaymentFailureReason[reason]);
    this.#finish(id, { tag: "Failed", value: { reason: name.replace("LDKPaymentFailureReason_", "") } });
  }

  /** May be told again. */
  #finish(id: string, state: PaymentRecord["state"]): void {
    const hash = this.#hashes.get(id), record = hash === undefined ? undefined : this.#pending.get(hash);
    if (hash === undefined || record === undefined) {
      this.#log.info("LDK tells the end of a payment that was known to be over", { id });
      return;
    }
    this.#hashes.delete(id);
    this.#put(hash, { ...record, state });
  }

  #put(hash: string, record: PaymentRecord): void {
    this.#disk.put(paymentRecord, KEY + hash, record);
    if (record.state.tag === "Pending") {
      this.#pending.set(hash, record);
      this.#disk.putBytes(PENDING + hash, new Uint8Array(0));
    } else if (this.#pending.delete(hash)) {
      this.#disk.remove(PENDING + hash);
    }
    this.#changed();
  }

  async all(): Promise<(readonly [string, PaymentRecord])[]> {
    return (await this.#disk.list(KEY)).map(([hash, bytes]) => [hash, decode(paymentRecord, bytes)] as const);
  }

  /** Those that LDK has lost: none, while both are of one commit. */
  checkWithLdk(): void {
    const known = new Set(
      this.#manager.list_recent_payments().map((each) => {
        if (each instanceof ldk.RecentPaymentDetails_Pending) return toHex(each.payment_id);
        if (each instanceof ldk.RecentPaymentDetails_Abandoned) return toHex(each.payment_id);
        if (each instanceof ldk.RecentPaymentDetails_Fulfilled) return toHex(each.payment_id);
        return "";
      }),
    );
    for (const [id, hash] of this.#hashes) {
      if (!known.has(id)) this.#log.error("LDK doesn't know a payment that has begun", { hash });
    }
  }
}
