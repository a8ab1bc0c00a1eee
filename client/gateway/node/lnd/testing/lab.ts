/** For tests: the node on an LND of the test's, and answers that LND gave. */
import { SimulatedDice } from "../../../../../actors/platform/simulated/dice.ts";
import { ManualClock } from "../../../../../actors/testing/manual_clock.ts";
import { fromHex } from "../../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../../core/lightning/bolt11.ts";
import { ok } from "../../../../../core/result.ts";
import type { PaymentRequest } from "../../node.ts";
import { DEFAULT_PAYMENT_OPTIONS, lndNode } from "../lnd.ts";
import { lndRest } from "../rest.ts";
import { FakeLnd, refused, refusedStream } from "./fake_lnd.ts";
import * as recorded from "./recorded.ts";

export const MACAROON = "0201036c6e64";
export const TRACK = /^GET \/v2\/router\/track\//,
  SEND = /^POST \/v2\/router\/send /,
  LOOKUP = /^GET \/v2\/invoices\/lookup/;
export const CHANNELS = /^GET \/v1\/channels/, SUBSCRIBE = /^GET \/v2\/invoices\/subscribe\//, HODL = /^POST .*\/hodl/;
export const noPayment = refusedStream(5, recorded.NO_PAYMENT.message, 404);
export const noInvoice = refused(5, recorded.NO_INVOICE.message, 404);
export const noPath = refused(5, recorded.NO_PATH.message, 404);
export const HASH = Uint8Array.fromBase64(recorded.HASH), PREIMAGE = Uint8Array.fromBase64(recorded.PREIMAGE);
export const invoice = parseBolt11(recorded.INVOICE_TEXT);
export const REQUEST: PaymentRequest = { invoice, feeLimitMsat: 1_000n, cltvLimit: 500 };
export const PAID = ok({ preimage: fromHex(recorded.INVOICE_PREIMAGE), feeMsat: 7n });
export const inFlight = recorded.payment({ status: "IN_FLIGHT" });
export const succeeded = recorded.payment({ status: "SUCCEEDED", preimage: recorded.INVOICE_PREIMAGE, feeMsat: 7 });
export const failed = recorded.payment({ status: "FAILED", reason: "FAILURE_REASON_NO_ROUTE" });

export function world() {
  const lnd = new FakeLnd(), clock = new ManualClock(), troubles: string[] = [];
  const node = lndNode({
    rest: lndRest(lnd.http, MACAROON),
    clock,
    dice: new SimulatedDice(1, "lnd"),
    onTrouble: (what) => troubles.push(what),
  }, DEFAULT_PAYMENT_OPTIONS);
  return { lnd, clock, node, troubles };
}

/** What a promise has come to so far. */
export function watched<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  promise.then((value) => seen.value = value, () => undefined);
  return seen;
}
