/**
 * Payments that LND holds for hold invoices. LND tells of them only to who asks for one invoice, by a stream each, and
 * strangers ask for invoices as they like: so only the newest are watched so, and for all others the channels are
 * looked at, where a payment that waits can be seen. That finds also what came while nobody listened.
 */
import { sleep } from "../../../../actors/platform/platform.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import type { HeldPayment } from "../node.ts";
import { NodeError } from "../node.ts";
import { base64Url, bytesIn, countIn, flagIn, objectsIn, textIn } from "./answers.ts";
import { invoiceOf, type LndContext } from "./context.ts";
import { heldOf, heldParts, stateOf } from "./hold.ts";
import { HELD_LOOKUPS_AT_ONCE, HELD_POLL_MS, PEER_MET_SECS, WATCHED_INVOICES_MAX } from "./limits.ts";
import { LndRefusal } from "./rest.ts";

/** Invoices that this process has made, the newest: by payment hash, hex. */
export class NewInvoices {
  readonly #hashes = new Map<string, Bytes>();
  #listener: ((paymentHash: Bytes) => void) | null = null;

  add(paymentHash: Bytes): void {
    const key = toHex(paymentHash);
    this.#hashes.delete(key);
    this.#hashes.set(key, paymentHash);
    if (this.#hashes.size > WATCHED_INVOICES_MAX) this.#hashes.delete(this.#hashes.keys().next().value!);
    this.#listener?.(paymentHash);
  }

  remove(paymentHash: Bytes): void {
    this.#hashes.delete(toHex(paymentHash));
  }

  /** Calls for each that is there and each that comes, until the returned function is called. */
  each(listener: (paymentHash: Bytes) => void): () => void {
    for (const paymentHash of this.#hashes.values()) listener(paymentHash);
    this.#listener = listener;
    return () => this.#listener = null;
  }
}

export async function* heldPayments(
  context: LndContext,
  fresh: NewInvoices,
  signal: AbortSignal,
): AsyncGenerator<HeldPayment> {
  const ended = new AbortController(), end = AbortSignal.any([signal, ended.signal]);
  const found = new Found(), watches = new Map<string, AbortController>();
  const fail = (thrown: unknown): void => {
    found.fail(signal.aborted ? signal.reason : thrown);
    ended.abort(thrown);
  };
  const watch = async (paymentHash: Bytes): Promise<void> => {
    const key = toHex(paymentHash);
    if (watches.has(key)) return;
    const stop = new AbortController();
    watches.set(key, stop);
    // the oldest gives way; the channels show what comes to it
    if (watches.size > WATCHED_INVOICES_MAX) watches.values().next().value!.abort();
    try {
      const path = `/v2/invoices/subscribe/${base64Url(paymentHash)}`;
      for await (const invoice of context.rest.stream(path, { signal: AbortSignal.any([end, stop.signal]) })) {
        const held = heldOf(invoice);
        if (held !== null) found.add(held);
        const state = stateOf(invoice);
        if (state === "settled" || state === "cancelled") return fresh.remove(paymentHash);
      }
    } catch (thrown) {
      // the channels are looked at all the same: when LND is lost, that tells
      if (!end.aborted && !stop.signal.aborted) context.onTrouble(`watching an invoice: ${String(thrown)}`);
    } finally {
      watches.delete(key);
    }
  };
  const unlisten = fresh.each((paymentHash) => void watch(paymentHash).catch(fail));
  const onAbort = (): void => fail(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  poll(context, found, end).catch(fail);
  try {
    for (;;) yield await found.next();
  } finally {
    unlisten();
    signal.removeEventListener("abort", onAbort);
    ended.abort(new Error("nobody listens any more"));
  }
}

/**
 * The payment as LND holds it now. Its invoice alone doesn't say: killed right after it told of a payment, LND gives it
 * back when it meets its peer again, and the invoice stays accepted. Of several parts that may be some.
 * docs/protocol/08-lightning-nodes.md §A.
 * @throws {NodeError} also while LND may be about to give it back
 */
export async function heldPayment(
  context: LndContext,
  paymentHash: Bytes,
  signal?: AbortSignal,
): Promise<HeldPayment | null> {
  const present = (await incoming(context, signal)).get(toHex(paymentHash));
  if (present === undefined) return null;
  checkSure(present);
  return wholeOf(await invoiceOf(context, paymentHash, signal), present);
}

/** All payments that LND holds now, as `heldPayment`. @throws {NodeError} also while LND may give one of them back */
export async function held(context: LndContext, signal?: AbortSignal): Promise<HeldPayment[]> {
  const all: HeldPayment[] = [], waiting = [...(await incoming(context, signal)).values()];
  waiting.forEach(checkSure);
  await eachLookedUp(context, waiting, (invoice, present) => {
    const payment = wholeOf(invoice, present);
    if (payment) all.push(payment);
  }, signal);
  return all;
}

/** @throws {NodeError} */
function checkSure({ isSure }: Incoming): void {
  if (isSure) return;
  throw new NodeError("unreachable", "LND has only just met the peer of a payment: it may yet give it back.");
}

/** Null where LND holds none, or has given back some of its parts. */
function wholeOf(invoice: JsonObject | null, { parts }: Incoming): HeldPayment | null {
  return invoice === null || parts < heldParts(invoice) ? null : heldOf(invoice);
}

/** What was found, each payment once while it is held; one that is read no more waits here, bounded by the channels. */
class Found {
  readonly #told = new Set<string>();
  readonly #waiting: HeldPayment[] = [];
  #failure: { readonly thrown: unknown } | null = null;
  #wake = Promise.withResolvers<void>();

  add(payment: HeldPayment): void {
    const key = toHex(payment.paymentHash);
    if (this.#told.has(key)) return;
    this.#told.add(key);
    this.#waiting.push(payment);
    this.#wake.resolve();
  }

  isTold(paymentHash: string): boolean {
    return this.#told.has(paymentHash);
  }

  /** What is on no channel any more is over. */
  keepOnly(present: ReadonlySet<string>): void {
    for (const key of this.#told) if (!present.has(key)) this.#told.delete(key);
  }

  fail(thrown: unknown): void {
    this.#failure ??= { thrown };
    this.#wake.resolve();
  }

  async next(): Promise<HeldPayment> {
    for (;;) {
      if (this.#failure !== null) throw this.#failure.thrown;
      const payment = this.#waiting.shift();
      if (payment !== undefined) return payment;
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }
}

async function poll(context: LndContext, found: Found, signal: AbortSignal): Promise<void> {
  for (;;) {
    const present = await incoming(context, signal);
    found.keepOnly(new Set(present.keys()));
    const unknown = [...present].filter(([key, { isSure }]) => isSure && !found.isTold(key)).map(([, part]) => part);
    await eachLookedUp(context, unknown, (invoice) => {
      const payment = heldOf(invoice);
      if (payment !== null) found.add(payment);
    }, signal);
    await sleep(context.clock, HELD_POLL_MS, signal);
  }
}

/** Their invoices, some at once. Those about which LND has no answer are left out. */
async function eachLookedUp(
  context: LndContext,
  waiting: readonly Incoming[],
  look: (invoice: JsonObject, present: Incoming) => void,
  signal?: AbortSignal,
): Promise<void> {
  const left = [...waiting];
  const lookup = async (): Promise<void> => {
    for (let present = left.pop(); present !== undefined; present = left.pop()) {
      const invoice = await answeredInvoice(context, present.hash, signal);
      if (invoice !== null) look(invoice, present);
    }
  };
  await Promise.all(Array.from({ length: HELD_LOOKUPS_AT_ONCE }, lookup));
}

async function answeredInvoice(context: LndContext, hash: Bytes, signal?: AbortSignal): Promise<JsonObject | null> {
  try {
    return await invoiceOf(context, hash, signal);
  } catch (thrown) {
    // about this payment alone: who pays it must not keep others from being told
    if (!(thrown instanceof LndRefusal)) throw thrown;
    context.onTrouble(`looking for a held payment: ${thrown.message}`);
    return null;
  }
}

/** `isSure`: what LND gives back on a restart, it has given back. */
type Incoming = { readonly hash: Bytes; readonly parts: number; readonly isSure: boolean };

/** Payments that have come in on a channel and go no further, by hash. */
async function incoming({ rest }: LndContext, signal?: AbortSignal): Promise<Map<string, Incoming>> {
  const hashes = new Map<string, Incoming>();
  for (const channel of objectsIn(await rest.get("/v1/channels", { signal }), "channels")) {
    // since LND's start
    const isMet = countIn(channel, "uptime") >= PEER_MET_SECS;
    for (const part of objectsIn(channel, "pending_htlcs")) {
      if (!flagIn(part, "incoming") || textIn(part, "forwarding_channel") !== "0") continue;
      const hash = bytesIn(part, "hash_lock"), key = toHex(hash), others = hashes.get(key);
      // one that is given back leaves the peer's side of the channel first
      const isSure = isMet && flagIn(part, "locked_in") && others?.isSure !== false;
      hashes.set(key, { hash, parts: (others?.parts ?? 0) + 1, isSure });
    }
  }
  return hashes;
}
