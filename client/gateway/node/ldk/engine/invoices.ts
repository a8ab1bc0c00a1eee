/**
 * Invoices of the node: those that are held until somebody who knows the preimage decides, and its own, which settle by
 * themselves. What LDK calls claimable and what the book calls held is the same, for both are of one commit.
 */
import type { Logger } from "../../../../../actors/logger.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../../../core/assert.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../../core/bytes.ts";
import { decode } from "../../../../../core/encoding/mod.ts";
import { parseBolt11 } from "../../../../../core/lightning/bolt11.ts";
import type { Bolt11Invoice } from "../../../../../core/lightning/bolt11.ts";
import { writeBolt11 } from "../../../../../core/lightning/bolt11_write.ts";
import type { Result } from "../../../../../core/result.ts";
import { err, ok } from "../../../../../core/result.ts";
import { HOLD_CLTV_DELTA, NodeError } from "../../node.ts";
import { INVOICE_KEPT_SECS } from "../limits.ts";
import { ldk, refusalText, unwrap } from "./bindings.ts";
import type { Disk } from "./disk.ts";
import type { InvoiceRecord } from "./records.ts";
import { invoiceRecord } from "./records.ts";

const KEY = "invoice/", WAITING = "waiting/";
/** LDK adds so many blocks to what an invoice is to ask for at least. */
const CLTV_ADDED = 3;
/** A u32 of seconds. */
const EXPIRY_SECS_MAX = 0xffff_ffff;

export type InvoiceTerms = {
  readonly amountMsat: bigint;
  readonly expirySecs: number;
  readonly description: Bolt11Invoice["description"];
};

export type HoldEnd = Result<null, "settled" | "cancelled" | "unknown">;

export class Invoices {
  readonly #disk: Disk;
  readonly #manager: ldk.ChannelManager;
  readonly #nodeSecret: Bytes;
  readonly #nowSecs: () => bigint;
  /** Time of the newest block, seconds: LDK's only clock. */
  readonly #chainSecs: () => bigint;
  readonly #height: () => number;
  readonly #log: Logger;
  readonly #changed: () => void;
  /** Those that are open, held or settling. */
  readonly #waiting = new Map<string, InvoiceRecord>();
  /** Settling, and LDK has given HTLCs of theirs back: looked at when LDK has nothing more to say. */
  readonly #doubtful = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: {
    readonly disk: Disk;
    readonly manager: ldk.ChannelManager;
    /** 32 bytes. Secret. */
    readonly nodeSecret: Bytes;
    readonly nowSecs: () => bigint;
    readonly chainSecs: () => bigint;
    readonly height: () => number;
    readonly log: Logger;
    readonly changed: () => void;
  }) {
    this.#disk = parts.disk;
    this.#manager = parts.manager;
    this.#nodeSecret = parts.nodeSecret;
    this.#nowSecs = parts.nowSecs;
    this.#chainSecs = parts.chainSecs;
    this.#height = parts.height;
    this.#log = parts.log;
    this.#changed = parts.changed;
  }

  async load(): Promise<void> {
    for (const [hash] of await this.#disk.list(WAITING)) {
      const record = await this.#disk.get(invoiceRecord, KEY + hash);
      if (record !== null) this.#waiting.set(hash, record);
    }
  }

  /** After a start: what was being settled is told to LDK again, which takes it as nothing new. */
  resume(): void {
    for (const { state } of this.#waiting.values()) {
      if (state.tag === "Settling") this.#manager.claim_funds(state.value.preimage);
    }
  }

  async find(hash: string): Promise<InvoiceRecord | null> {
    return this.#waiting.get(hash) ?? await this.#disk.get(invoiceRecord, KEY + hash);
  }

  held(): { readonly paymentHash: string; readonly amountMsat: bigint; readonly claimDeadlineHeight: number }[] {
    return [...this.#waiting].flatMap(([paymentHash, { state, isOwn }]) =>
      state.tag === "Held" && !isOwn ? [{ paymentHash, ...state.value }] : []
    );
  }

  /** One a hash. The error: there is one with other terms. */
  hold(hash: string, terms: InvoiceTerms): Promise<Result<string, "other_terms">> {
    return this.#next(async () => {
      const words = termsText(terms);
      const known = await this.find(hash);
      if (known !== null) return known.terms === words && !known.isOwn ? ok(known.invoice) : err("other_terms");
      return ok(this.#make(hash, terms, words, false));
    });
  }

  /** One of the node's own. */
  own(terms: InvoiceTerms): string {
    return this.#make(null, terms, termsText(terms), true);
  }

  #make(hash: string | null, terms: InvoiceTerms, words: string, isOwn: boolean): string {
    const { amountMsat, description } = terms;
    const nowSecs = this.#nowSecs();
    // LDK dates an invoice with the newest block, and so is the end that it puts into the payment's secret
    const expirySecs = Number(BigInt(terms.expirySecs) + nowSecs - this.#chainSecs());
    const wanted = ldk.Option_u16Z.constructor_some(HOLD_CLTV_DELTA - CLTV_ADDED);
    const cltv = isOwn ? ldk.Option_u16Z.constructor_none() : wanted;
    const made = this.#manager.create_bolt11_invoice(
      ldk.Option_u64Z.constructor_some(amountMsat),
      description.tag === "Direct"
        ? ldk.Bolt11InvoiceDescription.constructor_direct(
          taken(ldk.Description.constructor_new(description.value), "the description is too long"),
        )
        : ldk.Bolt11InvoiceDescription.constructor_hash(
          ldk.Sha256.constructor_from_bytes(fromHex(description.value)),
        ),
      ldk.Option_u32Z.constructor_some(Math.min(Math.max(1, expirySecs), EXPIRY_SECS_MAX)),
      cltv,
      hash === null
        ? ldk.Option_ThirtyTwoBytesZ.constructor_none()
        : ldk.Option_ThirtyTwoBytesZ.constructor_some(fromHex(hash)),
    );
    const template = parseBolt11((taken(made, "LDK makes no such invoice") as ldk.Bolt11Invoice).to_str());
    // payers count from the date that is written there
    const dated = { ...template, timestamp: nowSecs, expirySecs: BigInt(terms.expirySecs) };
    const invoice = parseBolt11(writeBolt11(dated, this.#nodeSecret));
    assert(hash === null || invoice.paymentHash === hash, "an invoice is for the hash that it was made for");
    assert(
      isOwn || invoice.minFinalCltvExpiryDelta >= BigInt(HOLD_CLTV_DELTA),
      "a held payment has the blocks that were promised",
    );
    this.#put(invoice.paymentHash, {
      invoice: invoice.text,
      amountMsat,
      terms: words,
      createdSecs: nowSecs,
      expiresSecs: nowSecs + BigInt(terms.expirySecs),
      state: { tag: "Open", value: null },
      isOwn,
    });
    return invoice.text;
  }

  /** A payment has come in full. */
  claimable(hash: string, amountMsat: bigint, claimDeadlineHeight: number, preimage: Bytes | null): void {
    const record = this.#waiting.get(hash);
    if (record === undefined) {
      this.#log.info("A payment that nobody waits for is given back", { hash });
      this.#manager.fail_htlc_backwards(fromHex(hash));
      return;
    }
    const { tag } = record.state;
    if (tag === "Settling") {
      this.#manager.claim_funds(record.state.value.preimage);
      return;
    }
    assert(tag === "Open" || tag === "Held", "an invoice that waits is open, held or settling");
    if (record.isOwn && preimage !== null) {
      const state = { preimage, amountMsat, claimDeadlineHeight };
      this.#put(hash, { ...record, state: { tag: "Settling", value: state } });
      this.#manager.claim_funds(preimage);
      return;
    }
    this.#put(hash, { ...record, state: { tag: "Held", value: { amountMsat, claimDeadlineHeight } } });
  }

  /** LDK has the money. */
  claimed(hash: string, amountMsat: bigint): void {
    this.#doubtful.delete(hash);
    const record = this.#waiting.get(hash);
    if (record?.state.tag !== "Settling") return;
    const { preimage } = record.state.value;
    this.#put(hash, { ...record, state: { tag: "Settled", value: { preimage, amountMsat } } });
  }

  /**
   * LDK has given HTLCs of this hash back. Those may be some that came beside a payment in full: it is over only when
   * its time is, or when LDK didn't take it with its preimage.
   */
  givenBack(hash: string): void {
    const record = this.#waiting.get(hash);
    if (record === undefined) return;
    if (record.state.tag === "Settling") this.#doubtful.add(hash);
    if (record.state.tag === "Held" && this.#height() >= record.state.value.claimDeadlineHeight) {
      this.#log.warn("A held payment went back: nobody decided in time", { hash });
      this.#put(hash, { ...record, state: { tag: "Cancelled", value: null } });
    }
  }

  /** When LDK has told all that it has to tell. */
  told(): void {
    for (const hash of this.#doubtful) {
      const record = this.#waiting.get(hash);
      if (record?.state.tag !== "Settling") continue;
      this.#log.warn("A payment went back though its preimage was known: it was too late", { hash });
      this.#put(hash, { ...record, state: { tag: "Cancelled", value: null } });
    }
    this.#doubtful.clear();
  }

  /** Forgets invoices that nobody can pay any more: whoever asks for invoices must not fill the disk. */
  prune(): void {
    const nowSecs = this.#nowSecs();
    for (const [hash, { state, expiresSecs }] of [...this.#waiting]) {
      if (state.tag !== "Open" || expiresSecs + BigInt(INVOICE_KEPT_SECS) > nowSecs) continue;
      this.#waiting.delete(hash);
      this.#disk.remove(WAITING + hash);
      this.#disk.remove(KEY + hash);
    }
  }

  /** Begins to settle. Null while it isn't over, or isn't paid yet. */
  settle(preimage: Bytes): Promise<HoldEnd | null> {
    return this.#next(async () => {
      const hash = toHex(sha256(preimage));
      const record = await this.find(hash);
      if (record === null || record.isOwn) return err("unknown");
      switch (record.state.tag) {
        case "Settled":
          return ok(null);
        case "Cancelled":
          return err("cancelled");
        case "Open":
        case "Settling":
          return null;
        case "Held":
          this.#put(hash, { ...record, state: { tag: "Settling", value: { ...record.state.value, preimage } } });
          this.#manager.claim_funds(preimage);
          return null;
      }
    });
  }

  cancel(hash: string): Promise<HoldEnd> {
    return this.#next(async () => {
      const record = await this.find(hash);
      if (record === null || record.isOwn) return err("unknown");
      switch (record.state.tag) {
        case "Settled":
        case "Settling":
          return err("settled");
        case "Cancelled":
          return ok(null);
        case "Open":
        case "Held":
          this.#put(hash, { ...record, state: { tag: "Cancelled", value: null } });
          this.#manager.fail_htlc_backwards(fromHex(hash));
          return ok(null);
      }
    });
  }

  async all(): Promise<(readonly [string, InvoiceRecord])[]> {
    return (await this.#disk.list(KEY)).map(([hash, bytes]) => [hash, decode(invoiceRecord, bytes)] as const);
  }

  /** One after the other: what was read from disk is still true when it is acted on. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.then(() => undefined, () => undefined);
    return done;
  }

  #put(hash: string, record: InvoiceRecord): void {
    this.#disk.put(invoiceRecord, KEY + hash, record);
    const isOver = record.state.tag === "Settled" || record.state.tag === "Cancelled";
    if (!isOver && !this.#waiting.has(hash)) this.#disk.putBytes(WAITING + hash, new Uint8Array(0));
    if (isOver && this.#waiting.has(hash)) this.#disk.remove(WAITING + hash);
    if (isOver) this.#waiting.delete(hash);
    else this.#waiting.set(hash, record);
    this.#changed();
  }
}

/** Whoever asks for an invoice chooses its terms. @throws {NodeError} `refused` */
// deno-lint-ignore no-explicit-any -- as `unwrap`
function taken(result: Parameters<typeof unwrap>[0], what: string): any {
  if (!result.is_ok()) throw new NodeError("refused", `There is no invoice: ${what} (${refusalText(result)}).`);
  return unwrap(result, what);
}

function termsText({ amountMsat, expirySecs, description }: InvoiceTerms): string {
  return `${amountMsat} ${expirySecs} ${description.tag} ${description.value}`;
}
