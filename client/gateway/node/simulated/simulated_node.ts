/** A node of the simulated world: what its process does with its books. Its callers go through `connect`. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { publicKeyOf } from "../../../../core/crypto/mod.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, type InvoiceTerms, writeBolt11 } from "../../../../core/lightning/bolt11_write.ts";
import { err, ok } from "../../../../core/result.ts";
import type {
  ForwardAnswer,
  HeldPayment,
  HoldOutcome,
  InterceptedForward,
  KnownPayment,
  LightningNode,
  PaymentOutcome,
  PaymentRequest,
} from "../node.ts";
import { NodeError } from "../node.ts";
import { type BookedInvoice, type Books, emptyBooks } from "./books.ts";
import { FORGETS_WITHIN_MS, NO_FAULTS, type NodeFaults } from "./faults.ts";
import { earliestExpiry, type Part, type Transit } from "./transit.ts";
import type { Sent, Wire } from "./wire.ts";

/** As LND: a payment of more than twice what was asked for is refused. */
const OVERPAID_TIMES_MAX = 2n;
/** Blocks that payers add at most, so that nobody reads from the expiry who is paid. */
const CLTV_PADDING = 3;
/** What a held payment needs of blocks before it ends by itself, as LND's guess of the reference has it. */
const CLAIM_DELTA = 36;
const MS_PER_S = 1_000;

type Way = {
  readonly to: { readonly name: string };
  /** What the last node wants for forwarding, and for how long. */
  readonly hopFeeMsat: bigint;
  readonly hopDelta: number;
  readonly forward: Omit<InterceptedForward, "incomingExpiryHeight"> | null;
};

export class SimulatedNode {
  readonly lightning: Wire;
  readonly name: string;
  readonly publicKey: Bytes;
  faults: NodeFaults = NO_FAULTS;
  books: Books = emptyBooks();
  /** Counts its starts: an answer of an earlier life reaches nobody. */
  life = 1;
  isUp = true;
  /** What it says of itself; it keeps them in any case. */
  keepsForwards = true;
  #stoppedAtMs = 0;
  readonly #secretKey: Bytes;
  readonly #watchers = new Set<() => void>();
  /** Forwards that wait for an answer, by number. They are on the wire, and come again after a restart. */
  readonly #forwards = new Map<number, Transit>();

  readonly #client: (node: SimulatedNode) => LightningNode;

  constructor(
    lightning: Wire,
    name: string,
    secretKey: Bytes,
    client: (node: SimulatedNode) => LightningNode,
  ) {
    this.lightning = lightning;
    this.#client = client;
    this.name = name;
    this.#secretKey = secretKey;
    this.publicKey = publicKeyOf(secretKey);
  }

  /** A connection to the node, as a gateway has it. Any number of them. */
  connect(): LightningNode {
    return this.#client(this);
  }

  /** The process ends at once: calls in flight have no answer, the books stay. */
  stop(): void {
    this.isUp = false;
    this.#stoppedAtMs = this.lightning.clock.nowMs();
    this.#changed();
  }

  start(): void {
    assert(!this.isUp, "it is down");
    this.isUp = true;
    this.life++;
    for (const transit of this.#forwards.values()) if (transit.state !== "held") this.#forwards.delete(transit.number);
    if (this.faults.forgetsHeld > 0 && this.lightning.dice.fraction() < this.faults.forgetsHeld) this.#forgetHeld();
    this.lightning.onStart(this.name);
    this.#changed();
  }

  restart(): void {
    this.stop();
    this.start();
  }

  /** Its disk as it is. */
  snapshot(): Books {
    return structuredClone(this.books);
  }

  /** The node comes back with an older state: what happened since, it has never heard of. */
  restore(books: Books): void {
    this.stop();
    this.books = structuredClone(books);
    this.start();
  }

  /** Calls `look` whenever something has changed, until the returned function is called. */
  watch(look: () => void): () => void {
    this.#watchers.add(look);
    return () => void this.#watchers.delete(look);
  }

  addInvoice(
    terms: {
      readonly paymentHash: Bytes;
      readonly amountMsat: bigint;
      readonly expirySecs: number;
      readonly minFinalCltvExpiryDelta: number;
      readonly description: InvoiceTerms["description"];
    },
    preimage: Bytes | null,
  ): string {
    const { clock, dice, network } = this.lightning;
    const nowMs = clock.nowMs(), hash = toHex(terms.paymentHash);
    if (this.books.invoices.has(hash)) throw new NodeError("refused", "There is an invoice of this payment hash.");
    const timestamp = Math.floor(nowMs / MS_PER_S);
    const text = writeBolt11({
      currency: network === "testnet4" ? "testnet" : network,
      amountMsat: terms.amountMsat,
      timestamp: BigInt(timestamp),
      expirySecs: BigInt(terms.expirySecs),
      paymentHash: hash as InvoiceTerms["paymentHash"],
      paymentSecret: dice.bytes(32),
      description: terms.description,
      minFinalCltvExpiryDelta: BigInt(terms.minFinalCltvExpiryDelta),
      features: FEATURES_BASIC,
      routeHints: [],
    }, this.#secretKey);
    this.books.invoices.set(hash, {
      text,
      amountMsat: terms.amountMsat,
      createdAtMs: nowMs,
      expiresAtMs: (timestamp + terms.expirySecs) * MS_PER_S,
      preimage,
      isHold: preimage === null,
      state: "open",
      paidMsat: 0n,
      acceptedAtMs: 0,
      transits: [],
    });
    return text;
  }

  held(): HeldPayment[] {
    return [...this.books.invoices]
      .filter(([, invoice]) => invoice.isHold && invoice.state === "accepted" && this.#heldBy(invoice).length > 0)
      .map(([hash, invoice]) => ({
        paymentHash: fromHex(hash),
        amountMsat: invoice.paidMsat,
        claimDeadlineHeight: this.#claimDeadline(invoice),
      }));
  }

  settle(preimage: Bytes): HoldOutcome {
    const invoice = this.books.invoices.get(toHex(sha256(preimage)));
    if (!invoice?.isHold) return err("unknown");
    if (invoice.state === "settled") return ok(null);
    if (invoice.state === "cancelled") return err("cancelled");
    if (invoice.state === "open") throw new NodeError("unreachable", "Nobody has paid the invoice yet.");
    this.#settle(invoice, preimage);
    return ok(null);
  }

  cancel(paymentHash: Bytes): HoldOutcome {
    const invoice = this.books.invoices.get(toHex(paymentHash));
    if (!invoice?.isHold) return err("unknown");
    if (invoice.state === "settled") return err("settled");
    this.#cancel(invoice);
    return ok(null);
  }

  /** By its hash, hex. */
  knownPayment(hash: string): KnownPayment | null {
    const payment = this.books.payments.get(hash);
    return payment === undefined ? null : { number: payment.number, hasFailed: payment.outcome?.ok === false };
  }

  #nextNumber(hash: string): bigint {
    return (this.books.payments.get(hash)?.number ?? 0n) + 1n;
  }

  /** Begins a payment that the books don't have, or have as failed. @returns why it can't begin */
  pay({ invoice, feeLimitMsat, cltvLimit }: PaymentRequest): string | null {
    const { lightning } = this, { amountMsat } = invoice, { routing, dice } = lightning;
    const nowMs = lightning.clock.nowMs();
    const hash = fromHex(invoice.paymentHash);
    if (amountMsat === null) return "the invoice has no amount";
    if (cltvLimit <= 0) return "no block is left";
    if (nowMs >= Number(invoice.timestamp + invoice.expirySecs) * MS_PER_S) return "the invoice has expired";
    if (toHex(invoice.payee) === toHex(this.publicKey)) return "self-payments not allowed";
    const way = this.#wayTo(invoice, amountMsat);
    const sentMsat = amountMsat + (way?.hopFeeMsat ?? 0n);
    const feeMsat = routing.baseMsat + sentMsat * routing.partsPerMillion / 1_000_000n;
    const finalDelta = Number(invoice.minFinalCltvExpiryDelta) + (way?.hopDelta ?? 0);
    const noWay = way === null || sentMsat - amountMsat + feeMsat > feeLimitMsat ||
      finalDelta + routing.cltvDelta + CLTV_PADDING > cltvLimit || dice.fraction() < this.faults.noRoute;
    this.books.payments.set(invoice.paymentHash, {
      number: this.#nextNumber(invoice.paymentHash),
      amountMsat,
      startedAtMs: nowMs,
      outcome: null,
    });
    if (noWay) this.#book(hash, err("FAILURE_REASON_NO_ROUTE"));
    else if (sentMsat + feeMsat > this.books.localMsat) this.#book(hash, err("FAILURE_REASON_INSUFFICIENT_BALANCE"));
    else {
      const parts = way.forward === null ? this.#parts(sentMsat, finalDelta) : [{
        amountMsat: sentMsat,
        expiryHeight: lightning.height + finalDelta,
      }];
      const forward = way.forward && { ...way.forward, incomingExpiryHeight: lightning.height + finalDelta };
      this.#send(way.to, { paymentHash: hash, amountMsat: sentMsat, feeMsat, parts, hasSecret: true, forward });
    }
    this.#changed();
    return null;
  }

  /** To the payee, or to a node by which the invoice says that the payee can be reached. */
  #wayTo(invoice: PaymentRequest["invoice"], amountMsat: bigint): Way | null {
    const payee = this.lightning.nodeOf(invoice.payee);
    if (payee !== undefined) return { to: payee, hopFeeMsat: 0n, hopDelta: 0, forward: null };
    const hop = invoice.routeHints[0]?.at(-1), to = hop && this.lightning.nodeOf(hop.srcNodeId);
    if (to === undefined) return null;
    const hopFeeMsat = BigInt(hop!.baseMsat) + amountMsat * BigInt(hop!.proportionalMillionths) / 1_000_000n;
    return {
      to,
      hopFeeMsat,
      hopDelta: hop!.cltvExpiryDelta,
      forward: {
        paymentHash: fromHex(invoice.paymentHash),
        incomingAmountMsat: amountMsat + hopFeeMsat,
        outgoingAmountMsat: amountMsat,
        outgoingChannel: hop!.shortChannelId,
        circuit: { channel: 1n, htlc: BigInt(this.books.payments.size) },
      },
    };
  }

  /** A payment as only an evil payer makes it: any sum, any expiry, without the invoice's secret. */
  payWrongly(
    text: string,
    wrong: { readonly amountMsat?: bigint; readonly expiryHeight?: number; readonly hasSecret?: boolean },
  ): void {
    const invoice = parseBolt11(text), amountMsat = wrong.amountMsat ?? invoice.amountMsat!;
    const expiryHeight = wrong.expiryHeight ??
      this.lightning.height + Number(invoice.minFinalCltvExpiryDelta) + CLTV_PADDING;
    this.books.payments.set(invoice.paymentHash, {
      number: this.#nextNumber(invoice.paymentHash),
      amountMsat,
      startedAtMs: this.lightning.clock.nowMs(),
      outcome: null,
    });
    this.#send(this.lightning.nodeOf(invoice.payee)!, {
      paymentHash: fromHex(invoice.paymentHash),
      amountMsat,
      feeMsat: 0n,
      parts: [{ amountMsat, expiryHeight }],
      hasSecret: wrong.hasSecret ?? true,
      forward: null,
    });
  }

  forwards(): readonly Transit[] {
    return [...this.#forwards.values()];
  }

  /** Does nothing with a forward that is over. */
  answerForward(transit: Transit, answer: ForwardAnswer): void {
    if (transit.state !== "held") return;
    this.#forwards.delete(transit.number);
    if (answer.tag !== "settle") return this.lightning.failed(transit, "the channel doesn't exist");
    if (toHex(sha256(answer.preimage)) !== transit.paymentHash) {
      return this.lightning.failed(transit, "the preimage is wrong");
    }
    this.lightning.paid(transit, answer.preimage);
    this.#changed();
  }

  /** Something has come over the wire. */
  onPayment(transit: Transit): void {
    if (transit.forward !== null) {
      transit.state = "held";
      this.#forwards.set(transit.number, transit);
      return this.#changed();
    }
    const invoice = this.books.invoices.get(transit.paymentHash), { clock, height } = this.lightning;
    const isTaken = invoice !== undefined && invoice.state === "open" && clock.nowMs() < invoice.expiresAtMs &&
      transit.amountMsat >= invoice.amountMsat && transit.amountMsat <= invoice.amountMsat * OVERPAID_TIMES_MAX &&
      transit.amountMsat <= this.books.remoteMsat &&
      earliestExpiry(transit) >= height + Number(parseBolt11(invoice.text).minFinalCltvExpiryDelta);
    if (!isTaken) return this.lightning.failed(transit, "FAILURE_REASON_INCORRECT_PAYMENT_DETAILS");
    transit.state = "held";
    invoice.state = "accepted";
    invoice.paidMsat = transit.amountMsat;
    invoice.acceptedAtMs = clock.nowMs();
    invoice.transits.push(transit.number);
    if (invoice.preimage !== null) this.#settle(invoice, invoice.preimage);
    this.#changed();
  }

  /** A held payment's time is nearly over: the node gives it back by itself. */
  onAged(transit: Transit): void {
    if (transit.forward !== null) return this.answerForward(transit, { tag: "fail" });
    const invoice = this.books.invoices.get(transit.paymentHash);
    if (invoice === undefined) return this.lightning.failed(transit, "no such invoice");
    this.#cancel(invoice);
  }

  /** The payer has taken it back on the chain. */
  onTimedOut(transit: Transit): void {
    this.#forwards.delete(transit.number);
    const invoice = this.books.invoices.get(transit.paymentHash);
    if (invoice?.state === "accepted") invoice.state = "cancelled";
    this.#changed();
  }

  /** A payment of this node has ended. */
  onResult(paymentHash: Bytes, sumMsat: bigint, result: NonNullable<Transit["result"]>): void {
    const feeMsat = sumMsat - (this.books.payments.get(toHex(paymentHash))?.amountMsat ?? 0n);
    this.#book(paymentHash, "preimage" in result ? ok({ preimage: result.preimage, feeMsat }) : err(result.reason));
    this.#changed();
  }

  #forgetHeld(): void {
    for (const invoice of this.books.invoices.values()) {
      if (invoice.acceptedAtMs < this.#stoppedAtMs - FORGETS_WITHIN_MS) continue;
      for (const transit of this.#heldBy(invoice)) this.lightning.failed(transit, "FAILURE_REASON_ERROR");
    }
  }

  #send(to: { readonly name: string }, sent: Omit<Sent, "from" | "to">): void {
    const { dice } = this.lightning, { stuck, stuckMs } = this.faults;
    const delayMs = stuck > 0 && dice.fraction() < stuck ? dice.fraction() * stuckMs : 0;
    this.lightning.send({ from: this.name, to: to.name, ...sent }, delayMs);
  }

  #parts(amountMsat: bigint, finalDelta: number): Part[] {
    const { dice, height } = this.lightning;
    const count = this.faults.partsMax === 1 ? 1 : 1 + dice.below(this.faults.partsMax);
    const each = amountMsat / BigInt(count);
    return Array.from({ length: count }, (_, i) => ({
      amountMsat: i === 0 ? amountMsat - each * BigInt(count - 1) : each,
      expiryHeight: height + finalDelta + (count === 1 ? 0 : dice.below(CLTV_PADDING + 1)),
    }));
  }

  #claimDeadline({ transits }: BookedInvoice): number {
    const held = transits.map((number) => this.lightning.transit(number)).filter(({ state }) => state === "held");
    if (held.length === 0 || held.some(({ hasSecret }) => !hasSecret)) return 0;
    return Math.max(0, held.map(earliestExpiry).reduce((a, b) => Math.min(a, b)) - CLAIM_DELTA);
  }

  #settle(invoice: BookedInvoice, preimage: Bytes): void {
    invoice.state = "settled";
    invoice.preimage = preimage;
    for (const transit of this.#heldBy(invoice)) this.lightning.paid(transit, preimage);
    this.#changed();
  }

  #cancel(invoice: BookedInvoice): void {
    invoice.state = "cancelled";
    for (const transit of this.#heldBy(invoice)) this.lightning.failed(transit, "cancelled by the payee");
    this.#changed();
  }

  #heldBy({ transits }: BookedInvoice): Transit[] {
    return transits.map((number) => this.lightning.transit(number)).filter(({ state }) => state === "held");
  }

  #book(paymentHash: Bytes, outcome: PaymentOutcome): void {
    const payment = this.books.payments.get(toHex(paymentHash));
    // a node with an older state has no record of it
    if (payment !== undefined) payment.outcome = outcome;
  }

  #changed(): void {
    for (const look of [...this.#watchers]) look();
  }
}
