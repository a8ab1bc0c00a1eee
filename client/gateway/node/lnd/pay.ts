/**
 * Payments through LND: followed where LND knows them, begun where it says that it doesn't, and ended by LND's own word
 * alone. fedimint-lightning `lnd.rs` (`pay_private`, `lookup_payment`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { equalBytes, fromHex } from "../../../../core/bytes.ts";
import type { JsonObject } from "../../../../core/encoding/mod.ts";
import { err } from "../../../../core/result.ts";
import type { KnownPayment, PaymentOutcome, PaymentRequest } from "../node.ts";
import { isBefore, NodeError } from "../node.ts";
import { base64Url } from "./answers.ts";
import { insist, type LndContext, streamed } from "./context.ts";
import { BEGIN_WITHIN_MS, FOLLOWED_PAYMENTS_MAX, LOST_REQUEST_MS, PROMPT_MS } from "./limits.ts";
import { cannotBegin, isUnknownPayment, knownPayment, outcomeOf } from "./payment.ts";
import { LndRefusal } from "./rest.ts";

export type PaymentOptions = {
  /** How long LND looks for ways, 1 … 600 s. */
  readonly paymentTimeoutSecs: number;
  /** Between cheap (−1) and sure (1). */
  readonly timePreference: number;
};

export function payThrough(
  context: LndContext,
  options: PaymentOptions,
  request: PaymentRequest,
  signal?: AbortSignal,
): Promise<PaymentOutcome> {
  const { clock } = context, { invoice, after = null } = request;
  const paymentHash = fromHex(invoice.paymentHash), askedMs = clock.monotonicMs();
  /** When a request to begin left last whose answer was not heard. */
  let lostMs: number | null = null;
  /** LND's own no to beginning. */
  let refusal: string | null = null;
  /** LND has had a record of it. */
  let wasKnown = false;

  const begin = async (): Promise<PaymentOutcome | null> => {
    lostMs = clock.monotonicMs();
    try {
      const body = sendRequest(request, options);
      for await (const payment of streamed(context, "/v2/router/send", { body, signal })) {
        lostMs = null;
        if (isBefore(knownPayment(payment), after)) continue;
        wasKnown = true;
        const outcome = endOf(payment, paymentHash);
        if (outcome !== null) return outcome;
        if (!hasPlace(context)) break; // from here on it can be looked at
      }
    } catch (thrown) {
      if (!(thrown instanceof LndRefusal)) throw thrown;
      lostMs = null;
      refusal = thrown.said;
    }
    return null;
  };
  /** Since when LND has said, promptly each time, that it has no record of it. */
  let unknownMs: number | null = null;
  const followPromptly = async (): Promise<Followed> => {
    const followMs = clock.monotonicMs();
    let followed: Followed = { tag: "unsaid" };
    try {
      followed = await follow(context, paymentHash, after, signal);
      return followed;
    } finally {
      const nowMs = clock.monotonicMs();
      if (followed.tag !== "unknown") unknownMs = null;
      else if (unknownMs === null || nowMs - followMs > PROMPT_MS) unknownMs = nowMs;
    }
  };
  return insist(context, "a payment", async () => {
    const followed = await followPromptly();
    if (followed.tag === "known") {
      wasKnown = true;
      return followed.outcome;
    }
    if (followed.tag === "unsaid") return null;
    if (wasKnown) {
      throw new NodeError("unreachable", "LND has lost its record of a payment: it came back with an older state.");
    }
    if (refusal !== null) return err(refusal);
    if (lostMs !== null) {
      // an LND that stood still meanwhile has the request before it
      const sinceMs = Math.max(lostMs, unknownMs ?? Infinity);
      return clock.monotonicMs() - sinceMs < LOST_REQUEST_MS ? null : err("LND has never heard of the payment");
    }
    const why = cannotBegin(request);
    if (why !== null) return err(why);
    if (clock.monotonicMs() - askedMs > BEGIN_WITHIN_MS) return err("LND was away for too long to begin the payment");
    return await begin();
  }, signal);
}

function sendRequest({ invoice, feeLimitMsat, cltvLimit }: PaymentRequest, options: PaymentOptions): JsonObject {
  return {
    payment_request: invoice.text,
    fee_limit_msat: String(feeLimitMsat),
    cltv_limit: cltvLimit,
    timeout_seconds: options.paymentTimeoutSecs,
    time_pref: options.timePreference,
  };
}

type Followed = { readonly tag: "unknown" | "unsaid" } | {
  readonly tag: "known";
  /** Null while it is on its way. */
  readonly outcome: PaymentOutcome | null;
};

/**
 * Each followed payment is a connection, and who is paid can hold them for weeks: others are looked at now and then.
 */
function hasPlace({ followed }: LndContext): boolean {
  return followed.count < FOLLOWED_PAYMENTS_MAX;
}

/** Follows it to its end, or looks at it once. @throws {NodeError} when LND hasn't said */
async function follow(
  context: LndContext,
  paymentHash: Bytes,
  after: bigint | null,
  signal?: AbortSignal,
): Promise<Followed> {
  const { followed } = context, stays = hasPlace(context);
  let tag: "unsaid" | "known" = "unsaid";
  if (stays) followed.count++;
  try {
    for await (const payment of streamed(context, `/v2/router/track/${base64Url(paymentHash)}`, { signal })) {
      if (isBefore(knownPayment(payment), after)) return { tag: "unknown" };
      const outcome = endOf(payment, paymentHash);
      if (outcome !== null || !stays) return { tag: "known", outcome };
      tag = "known";
    }
  } catch (thrown) {
    if (thrown instanceof LndRefusal && isUnknownPayment(thrown)) return { tag: "unknown" };
    throw thrown;
  } finally {
    if (stays) followed.count--;
  }
  // an end before the first word says nothing: nothing may be begun on it
  return tag === "unsaid" ? { tag } : { tag, outcome: null };
}

/** @throws {NodeError} for a preimage that isn't the payment's: that can't be LND's word */
function endOf(payment: JsonObject, paymentHash: Bytes): PaymentOutcome | null {
  const outcome = outcomeOf(payment);
  if (outcome?.ok && !equalBytes(sha256(outcome.value.preimage), paymentHash)) {
    throw new NodeError("unreachable", "LND's answer isn't understood: the preimage is another payment's.");
  }
  return outcome;
}

/** The newest one that LND has. */
export async function findPayment(
  context: LndContext,
  paymentHash: Bytes,
  signal?: AbortSignal,
): Promise<KnownPayment | null> {
  const { known } = await insist(context, "whether there is a payment", async () => {
    try {
      for await (const payment of streamed(context, `/v2/router/track/${base64Url(paymentHash)}`, { signal })) {
        return { known: knownPayment(payment) };
      }
    } catch (thrown) {
      if (thrown instanceof LndRefusal && isUnknownPayment(thrown)) return { known: null };
      throw thrown;
    }
    return null;
  }, signal);
  return known;
}
