import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { NetworkError } from "../../../../actors/platform/error.ts";
import { SimulatedWorld } from "../../../../actors/platform/simulated/mod.ts";
import { SimulatedDice } from "../../../../actors/platform/simulated/dice.ts";
import { ManualClock, settle } from "../../../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex, utf8 } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { err, errorText, ok } from "../../../../core/result.ts";
import { NodeError, type PaymentRequest } from "../node.ts";
import {
  FOLLOWED_PAYMENTS_MAX,
  LOST_REQUEST_MS,
  MACAROON_BYTES_MAX,
  PEER_MET_SECS,
  STREAM_MS,
  WATCHED_INVOICES_MAX,
} from "./limits.ts";
import { DEFAULT_PAYMENT_OPTIONS, lndNode, type LndOptions, openLnd } from "./lnd.ts";
import { lndRest } from "./rest.ts";
import { FakeLnd, FakeStream, found, refused, refusedStream } from "./testing/fake_lnd.ts";
import * as recorded from "./testing/recorded.ts";

const MACAROON = "0201036c6e64";
const TRACK = /^GET \/v2\/router\/track\//, SEND = /^POST \/v2\/router\/send /, LOOKUP = /^GET \/v2\/invoices\/lookup/;
const CHANNELS = /^GET \/v1\/channels/, SUBSCRIBE = /^GET \/v2\/invoices\/subscribe\//, HODL = /^POST .*\/hodl/;
const noPayment = refusedStream(5, recorded.NO_PAYMENT.message, 404);
const noInvoice = refused(5, recorded.NO_INVOICE.message, 404);
const noPath = refused(5, recorded.NO_PATH.message, 404);
const HASH = Uint8Array.fromBase64(recorded.HASH), PREIMAGE = Uint8Array.fromBase64(recorded.PREIMAGE);
const invoice = parseBolt11(recorded.INVOICE_TEXT);
const REQUEST: PaymentRequest = { invoice, feeLimitMsat: 1_000n, cltvLimit: 500 };
const PAID = ok({ preimage: fromHex(recorded.INVOICE_PREIMAGE), feeMsat: 7n });
const inFlight = recorded.payment({ status: "IN_FLIGHT" });
const succeeded = recorded.payment({ status: "SUCCEEDED", preimage: recorded.INVOICE_PREIMAGE, feeMsat: 7 });
const failed = recorded.payment({ status: "FAILED", reason: "FAILURE_REASON_NO_ROUTE" });

function world() {
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
function watched<T>(promise: Promise<T>): { value: T | undefined } {
  const seen: { value: T | undefined } = { value: undefined };
  promise.then((value) => seen.value = value, () => undefined);
  return seen;
}

Deno.test("LND's info is read, and a network that is none of Fedimint's told", async () => {
  const { lnd, node } = world();
  lnd.on(/getinfo/, found(recorded.INFO));
  assertEquals(await node.info(), {
    publicKey: fromHex("03d9647ad41a472edfb508ee824aa8c3403dd887df1c4e990856b36b3d21070d05"),
    alias: "03d9647ad41a472edfb5",
    network: "regtest",
    blockHeight: 110,
    isSynced: true,
    keepsForwards: false,
  });
  for (
    const [said, keepsForwards] of [[`"require_htlc_interceptor":true, `, true], ["", null]] as const
  ) {
    lnd.on(/getinfo/, found(recorded.INFO.replace(`"require_htlc_interceptor":false, `, said)));
    assertEquals((await node.info()).keepsForwards, keepsForwards);
  }
  lnd.on(/getinfo/, found(recorded.INFO.replace(`"network":"regtest"`, `"network":"mainnet"`)));
  assertEquals((await node.info()).network, "bitcoin");
  lnd.on(/getinfo/, found(recorded.INFO.replace(`"network":"regtest"`, `"network":"simnet"`)));
  assertEquals((await assertRejects(() => node.info(), NodeError)).code, "wrong_network");
  assertEquals([...lnd.macaroons], [MACAROON]);
});

Deno.test("what isn't LND's answer is never its word", async () => {
  const { lnd, node } = world();
  const answers = [
    found("<html>"),
    found("[]"),
    found(recorded.INFO.replace(`"block_height":110`, `"block_height":-1`)),
    found(recorded.INFO.replace(`"synced_to_chain":true`, `"synced_to_chain":"yes"`)),
    found(recorded.INFO.replace(`"require_htlc_interceptor":false`, `"require_htlc_interceptor":null`)),
    found("{}"),
    { status: 502, text: "Bad Gateway" },
    { status: 503, text: "{}" },
    refused(14, "transport is closing", 503),
    refused(2, recorded.NO_WALLET.message),
    refused(2, "the RPC server is in the process of starting up, but not yet ready to accept calls"),
    noPath,
  ];
  for (const answer of answers) {
    lnd.on(/getinfo/, answer);
    const error = await assertRejects(() => node.info(), NodeError);
    assertEquals([answer.text, error.code], [answer.text, "unreachable"]);
    assert(!errorText(error).includes(MACAROON));
  }
  lnd.on(/getinfo/, refused(2, "verification failed: signature mismatch after caveat verification"));
  assertEquals((await assertRejects(() => node.info(), NodeError)).code, "refused");
});

Deno.test("a payment is begun once, with its limits, and ends by LND's word", async () => {
  for (const [end, outcome] of [[succeeded, PAID], [failed, err("FAILURE_REASON_NO_ROUTE")]] as const) {
    const { lnd, node } = world();
    lnd.on(TRACK, noPayment).on(SEND, new FakeStream(inFlight, end));
    assertEquals(await node.pay(REQUEST), outcome);
    const body = JSON.parse(lnd.requests.find((request) => SEND.test(request))!.split(" ").slice(2).join(" "));
    assertEquals(body, {
      payment_request: recorded.INVOICE_TEXT,
      fee_limit_msat: "1000",
      cltv_limit: 500,
      timeout_seconds: 180,
      time_pref: 0.5,
    });
  }
});

Deno.test("a payment that LND knows, whoever has made it, is followed and never begun", async () => {
  for (const end of [succeeded, failed]) {
    const { lnd, node } = world();
    lnd.on(TRACK, new FakeStream(inFlight, end));
    assertEquals((await node.pay({ ...REQUEST, cltvLimit: 0 })).ok, end === succeeded);
    assertEquals(lnd.count(SEND), 0);
  }
});

Deno.test("no limit, none left, no amount: nothing is begun, and LND is asked first whether it was before", async () => {
  const { lnd, node } = world();
  lnd.on(TRACK, noPayment);
  const wrong = [
    { ...REQUEST, cltvLimit: 0 },
    { ...REQUEST, cltvLimit: -1 },
    { ...REQUEST, cltvLimit: 1.5 },
    { ...REQUEST, cltvLimit: 2 ** 31 },
    { ...REQUEST, feeLimitMsat: -1n },
    { ...REQUEST, feeLimitMsat: 2n ** 63n },
    { ...REQUEST, invoice: { ...invoice, amountMsat: null } },
    { ...REQUEST, invoice: { ...invoice, minFinalCltvExpiryDelta: 498n } },
    { ...REQUEST, invoice: { ...invoice, minFinalCltvExpiryDelta: 65_536n } },
  ];
  for (const request of wrong) assertEquals((await node.pay(request)).ok, false);
  assertEquals([lnd.count(SEND), lnd.count(TRACK)], [0, wrong.length]);
});

Deno.test("an invoice whose last hop takes all blocks that are left, with LND's three more, is paid", async () => {
  const { lnd, node } = world();
  lnd.on(TRACK, noPayment).on(SEND, new FakeStream(inFlight, succeeded));
  assertEquals(await node.pay({ ...REQUEST, invoice: { ...invoice, minFinalCltvExpiryDelta: 497n } }), PAID);
});

Deno.test("a stream that ends, breaks, says nothing or another state is no outcome: LND is asked again", async () => {
  const streams = [
    () => new FakeStream(inFlight).end(),
    () => new FakeStream(inFlight).end("broken"),
    () => new FakeStream().end(),
    () => new FakeStream(recorded.payment({ status: "INITIATED" })).end(),
    () => new FakeStream(recorded.payment({ status: "SOMETHING_NEW" })).end("broken"),
    () => new FakeStream(recorded.payment({ status: "SUCCEEDED", preimage: "11".repeat(32) })).end(),
    () => new FakeStream(`{"status":5}`).end(),
    () => refusedStream(2, recorded.NO_WALLET.message),
    () => refusedStream(5, recorded.NO_PATH.message, 404),
    () => refusedStream(5, "unable to find peer", 404),
    () => refused(13, "internal"),
    () => ({ status: 502, text: "Bad Gateway" }),
    () => "lost" as const,
  ];
  for (const [i, stream] of streams.entries()) {
    const { lnd, node, clock } = world();
    lnd.on(TRACK, () => lnd.count(TRACK) < 4 ? stream() : new FakeStream(succeeded));
    const seen = watched(node.pay(REQUEST));
    await settle();
    assertEquals([i, seen.value], [i, undefined]);
    await clock.advance(60_000);
    assertEquals([i, seen.value, lnd.count(SEND)], [i, PAID, 0]);
  }
});

Deno.test("a beginning whose answer was lost is looked for, and is no failure before LND can't have it any more", async () => {
  const { lnd, node, clock } = world();
  lnd.on(TRACK, noPayment).on(SEND, "lost");
  const seen = watched(node.pay(REQUEST));
  await clock.advance(LOST_REQUEST_MS - 1_000);
  assertEquals(seen.value, undefined);
  lnd.on(TRACK, new FakeStream(inFlight, succeeded));
  await clock.advance(60_000);
  assertEquals([seen.value, lnd.count(SEND)], [PAID, 1]);

  const never = world();
  never.lnd.on(TRACK, noPayment).on(SEND, "lost");
  const none = watched(never.node.pay(REQUEST));
  await never.clock.advance(LOST_REQUEST_MS + 20_000);
  assertEquals([none.value, never.lnd.count(SEND)], [err("LND has never heard of the payment"), 1]);
});

Deno.test("an LND that stood still has a lost request still before it: what it says right after is no failure", async () => {
  // it can't be reached meanwhile; it takes all this time for an answer; it does so a second time
  const answers = [["lost"], ["slow"], ["lost", "slow"]] as const;
  for (const ways of answers) {
    const { lnd, node, clock } = world();
    lnd.on(TRACK, noPayment).on(SEND, "lost");
    const seen = watched(node.pay(REQUEST));
    await settle();
    for (const way of ways) {
      const slow = new FakeStream();
      lnd.on(TRACK, way === "lost" ? "lost" : slow);
      await clock.advance(2 * LOST_REQUEST_MS);
      if (way === "slow") slow.refuse(noPayment);
      lnd.on(TRACK, noPayment);
      await clock.advance(20_000);
      assertEquals([ways, seen.value], [ways, undefined]);
    }
    // what it was sent before, it does now
    lnd.on(TRACK, new FakeStream(inFlight, succeeded));
    await clock.advance(60_000);
    assertEquals([seen.value, lnd.count(SEND)], [PAID, 1]);
  }
});

Deno.test("LND's no to beginning is an outcome only when it has no record of the payment", async () => {
  const { lnd, node, clock } = world();
  lnd.on(TRACK, noPayment).on(SEND, refusedStream(2, "self-payments not allowed"));
  const seen = watched(node.pay(REQUEST));
  await clock.advance(5_000);
  assertEquals(seen.value, err("self-payments not allowed"));

  const other = world();
  other.lnd.on(TRACK, noPayment).on(SEND, () => {
    other.lnd.on(TRACK, new FakeStream(inFlight, succeeded));
    return refusedStream(6, "payment is in transition", 409);
  });
  const joined = watched(other.node.pay(REQUEST));
  await other.clock.advance(5_000);
  assertEquals(joined.value, PAID);
});

Deno.test("an LND that was away for long begins nothing: its limits were counted before", async () => {
  const { lnd, node, clock } = world();
  lnd.isUp = false;
  const seen = watched(node.pay(REQUEST));
  await clock.advance(70_000);
  lnd.isUp = true;
  lnd.on(TRACK, noPayment);
  await clock.advance(30_000);
  assertEquals([seen.value?.ok, lnd.count(SEND)], [false, 0]);
});

Deno.test("an LND that comes back with an older state is no failure, and nothing is begun again", async () => {
  const { lnd, node, clock, troubles } = world();
  lnd.on(TRACK, noPayment).on(SEND, new FakeStream(inFlight).end("broken"));
  const stop = new AbortController();
  const paid = node.pay(REQUEST, stop.signal), seen = watched(paid);
  await clock.advance(600_000);
  assertEquals([seen.value, lnd.count(SEND)], [undefined, 1]);
  assert(troubles.some((trouble) => trouble.includes("older state")));
  stop.abort(new Error("enough"));
  assertEquals((await assertRejects(() => paid, Error)).message, "enough");
});

Deno.test("a stream is begun again after its time, and payments beyond the bound are looked at without one", async () => {
  const { lnd, node, clock } = world(), stop = new AbortController(), open: FakeStream[] = [];
  lnd.on(TRACK, () => {
    const stream = new FakeStream(inFlight);
    open.push(stream);
    return stream;
  });
  const all = Array.from({ length: FOLLOWED_PAYMENTS_MAX + 10 }, () => node.pay(REQUEST, stop.signal));
  const ends = Promise.allSettled(all);
  await settle();
  assertEquals(open.filter(({ isRead }) => isRead).length, FOLLOWED_PAYMENTS_MAX);
  const before = lnd.count(TRACK);
  await clock.advance(STREAM_MS + 20_000);
  assert(lnd.count(TRACK) >= before + FOLLOWED_PAYMENTS_MAX);
  assertEquals(open.filter(({ isRead }) => isRead).length, FOLLOWED_PAYMENTS_MAX);
  stop.abort(new Error("enough"));
  await ends;
  await settle();
  assertEquals(open.filter(({ isRead }) => isRead).length, 0);
  assertEquals(clock.pending, 0);
});

Deno.test("whether a payment exists is LND's word alone", async () => {
  const { lnd, node, clock } = world();
  lnd.on(TRACK, noPayment);
  assertEquals(await node.findPayment(HASH) !== null, false);
  for (const message of [inFlight, failed, succeeded]) {
    lnd.on(TRACK, new FakeStream(message));
    assertEquals(await node.findPayment(HASH) !== null, true);
  }
  lnd.on(TRACK, () => refusedStream(5, recorded.NO_PATH.message, 404));
  const seen = watched(node.findPayment(HASH));
  await clock.advance(60_000);
  assertEquals(seen.value, undefined);
  lnd.on(TRACK, noPayment);
  await clock.advance(60_000);
  assertEquals(seen.value, null);
});

const invoiceIn = (state: string) => found(recorded.holdInvoice({ state, parts: [recorded.part()] }));

Deno.test("a held payment is looked at before it is ended, and what LND has ended the other way is told", async () => {
  const { lnd, node } = world();
  const cases = [
    ["settle", "SETTLED", ok(null)],
    ["settle", "CANCELED", err("cancelled")],
    ["cancel", "CANCELED", ok(null)],
    ["cancel", "SETTLED", err("settled")],
  ] as const;
  for (const [wanted, state, outcome] of cases) {
    lnd.on(LOOKUP, invoiceIn(state));
    assertEquals(await (wanted === "settle" ? node.settle(PREIMAGE) : node.cancel(HASH)), outcome);
  }
  for (const none of [noInvoice, refused(2, recorded.NO_INVOICE_AT_ALL.message)]) {
    lnd.on(LOOKUP, none);
    assertEquals(await node.settle(PREIMAGE), err("unknown"));
    assertEquals(await node.cancel(HASH), err("unknown"));
  }
  assertEquals(lnd.count(/^POST/), 0);
  lnd.on(LOOKUP, invoiceIn("ACCEPTED")).on(/^POST/, found("{}"));
  assertEquals(await node.settle(PREIMAGE), ok(null));
  assertEquals(await node.cancel(HASH), ok(null));
  lnd.on(LOOKUP, invoiceIn("OPEN"));
  assertEquals(await node.cancel(HASH), ok(null));
  assertEquals(lnd.requests.filter((request) => request.startsWith("POST")), [
    `POST /v2/invoices/settle {"preimage":"${recorded.PREIMAGE}"}`,
    `POST /v2/invoices/cancel {"payment_hash":"${recorded.HASH}"}`,
    `POST /v2/invoices/cancel {"payment_hash":"${recorded.HASH}"}`,
  ]);
});

Deno.test("an end whose answer was lost, or that comes too early, is asked for until LND's record has it", async () => {
  const { lnd, node, clock } = world();
  lnd.on(LOOKUP, invoiceIn("OPEN"));
  const seen = watched(node.settle(PREIMAGE));
  await clock.advance(30_000);
  assertEquals([seen.value, lnd.count(/^POST/)], [undefined, 0]);
  lnd.on(LOOKUP, invoiceIn("A_NEW_STATE"));
  await clock.advance(30_000);
  assertEquals([seen.value, lnd.count(/^POST/)], [undefined, 0]);
  lnd.on(LOOKUP, invoiceIn("ACCEPTED")).on(/^POST/, () => {
    lnd.on(LOOKUP, invoiceIn("SETTLED"));
    return "lost";
  });
  await clock.advance(60_000);
  assertEquals([seen.value, lnd.count(/^POST/)], [ok(null), 1]);
});

Deno.test("a hold invoice whose answer was lost is the same one again; one of other terms, or no hold, is refused", async () => {
  const { lnd, node } = world();
  const request = {
    paymentHash: HASH,
    amountMsat: 70_000n,
    expirySecs: 3_600,
    description: { tag: "Direct", value: "tea" },
  } as const;
  lnd.on(HODL, found(`{"payment_request":"lnbcrt1new", "add_index":"1", "payment_addr":""}`));
  assertEquals(await node.createHoldInvoice(request), "lnbcrt1new");
  assertEquals(
    lnd.requests,
    [
      `POST /v2/invoices/hodl {"hash":"${recorded.HASH}","value_msat":"70000","expiry":"3600","cltv_expiry":"144","memo":"tea"}`,
    ],
  );
  lnd.on(HODL, refused(2, "invoice with payment hash already exists")).on(LOOKUP, invoiceIn("OPEN"));
  assertEquals(await node.createHoldInvoice(request), "lnbcrt700n1made");
  const others = [
    { ...request, amountMsat: 70_001n },
    { ...request, expirySecs: 3_601 },
    { ...request, description: { tag: "Direct", value: "coffee" } } as const,
    { ...request, description: { tag: "Hash", value: toHex(HASH) as never } } as const,
  ];
  for (const other of others) {
    assertEquals((await assertRejects(() => node.createHoldInvoice(other), NodeError)).code, "refused");
  }
  lnd.on(LOOKUP, found(recorded.holdInvoice({ state: "OPEN", preimage: recorded.PREIMAGE })));
  assertEquals((await assertRejects(() => node.createHoldInvoice(request), NodeError)).code, "refused");
  lnd.on(HODL, "lost");
  assertEquals((await assertRejects(() => node.createHoldInvoice(request), NodeError)).code, "unreachable");
});

Deno.test("the deadline is the earliest part's, and none for a part without the invoice's secret", async () => {
  const { part } = recorded;
  const cases: readonly (readonly [readonly string[], number])[] = [
    [[part({ expiryHeight: 269 })], 233],
    [[part({ expiryHeight: 280 }), part({ expiryHeight: 250 }), part({ expiryHeight: 1, state: "CANCELED" })], 214],
    [[part(), part({ totalMsat: "0" })], 0],
    [[part(), part({ totalMsat: "0", state: "CANCELED" })], 233],
    [[part({ state: "CANCELED" })], 0],
    [[], 0],
    [[part({ expiryHeight: 20 })], 0],
  ];
  for (const [parts, claimDeadlineHeight] of cases) {
    const { lnd, node } = world(), stop = new AbortController();
    lnd.on(CHANNELS, found(recorded.channels({})));
    lnd.on(LOOKUP, found(recorded.holdInvoice({ state: "ACCEPTED", parts, paidMsat: "70001" })));
    for await (const held of node.heldPayments(stop.signal)) {
      assertEquals(held, { paymentHash: HASH, amountMsat: 70_001n, claimDeadlineHeight });
      break;
    }
  }
});

Deno.test("what is held is told once, new or from before, and never what is open, forwarded, or an ordinary invoice", async () => {
  const { lnd, node, clock } = world(), stop = new AbortController(), held: string[] = [];
  const hash = (fill: number): string => (sha256(new Uint8Array(32).fill(fill)) as Bytes).toBase64();
  const [waiting, open, ordinary, watchedOne] = [hash(1), hash(2), hash(3), hash(4)];
  const is = (text: string) => new RegExp(`lookup.*${text.slice(0, 20).replaceAll(/[+/]/g, ".")}`);
  lnd.on(
    CHANNELS,
    found(recorded.channels(
      { hash: waiting },
      { hash: open },
      { hash: ordinary },
      { hash: hash(8), forwarding: "128642860515328" },
      { hash: hash(9), incoming: false },
    )),
  );
  lnd.on(is(waiting), found(recorded.holdInvoice({ state: "ACCEPTED", hash: waiting })));
  lnd.on(is(open), found(recorded.holdInvoice({ state: "OPEN", hash: open })));
  lnd.on(is(ordinary), found(recorded.holdInvoice({ state: "ACCEPTED", hash: ordinary, preimage: recorded.PREIMAGE })));
  const stream = new FakeStream(recorded.holdInvoice({ state: "OPEN", hash: watchedOne }));
  lnd.on(SUBSCRIBE, stream).on(HODL, found(`{"payment_request":"lnbcrt1new"}`));
  const listening = (async () => {
    for await (const { paymentHash } of node.heldPayments(stop.signal)) held.push(paymentHash.toBase64());
  })();
  await clock.advance(5_000);
  assertEquals(held, [waiting]);
  assertEquals(lnd.count(is(hash(8))) + lnd.count(is(hash(9))), 0);
  await node.createHoldInvoice({
    paymentHash: Uint8Array.fromBase64(watchedOne),
    amountMsat: 70_000n,
    expirySecs: 60,
    description: { tag: "Direct", value: "" },
  });
  await settle();
  stream.push(recorded.holdInvoice({ state: "ACCEPTED", hash: watchedOne }));
  await settle();
  assertEquals(held, [waiting, watchedOne]);
  lnd.isUp = false;
  const lost = assertRejects(() => listening, NodeError);
  await clock.advance(5_000);
  assertEquals((await lost).code, "unreachable");
  await settle();
  assertEquals([clock.pending, stream.isRead], [0, false]);
  const again = assertRejects(async () => {
    for await (const _ of node.heldPayments(stop.signal)) continue;
  }, Error);
  lnd.isUp = true;
  await settle();
  stop.abort(new Error("enough"));
  assertEquals((await again).message, "enough");
});

Deno.test("a payment about which LND has no answer keeps no other from being told", async () => {
  const { lnd, node, troubles, clock } = world(), stop = new AbortController();
  const strange = (sha256(new Uint8Array(32).fill(1)) as Bytes).toBase64();
  const is = (text: string) => new RegExp(`lookup.*${text.slice(0, 20).replaceAll(/[+/]/g, ".")}`);
  lnd.on(CHANNELS, found(recorded.channels({ hash: recorded.HASH }, { hash: strange })));
  lnd.on(is(recorded.HASH), invoiceIn("ACCEPTED")).on(is(strange), refused(2, "invoice with two hashes", 500));
  const told: string[] = [];
  const listening = (async () => {
    for await (const { paymentHash } of node.heldPayments(stop.signal)) told.push(paymentHash.toBase64());
  })().catch((thrown) => thrown);
  await clock.advance(5_000);
  assertEquals([told, troubles.length > 0], [[recorded.HASH], true]);
  stop.abort(new Error("enough"));
  assertEquals((await listening).message, "enough");
});

Deno.test("a payment that LND's channels no longer have isn't held, whatever its invoice says", async () => {
  const { lnd, node } = world();
  lnd.on(LOOKUP, invoiceIn("ACCEPTED")).on(CHANNELS, found(recorded.channels({})));
  assertEquals(await node.heldPayment(HASH), { paymentHash: HASH, amountMsat: 70_000n, claimDeadlineHeight: 233 });
  lnd.on(CHANNELS, found(recorded.channels()));
  assertEquals(await node.heldPayment(HASH), null);
  lnd.on(CHANNELS, found(recorded.channels({ forwarding: "128642860515328" }, { incoming: false })));
  assertEquals(await node.heldPayment(HASH), null);
  lnd.on(CHANNELS, found(recorded.channels({})));
  for (const answer of [invoiceIn("SETTLED"), invoiceIn("OPEN"), noInvoice]) {
    lnd.on(LOOKUP, answer);
    assertEquals(await node.heldPayment(HASH), null);
  }
  // one of two parts was given back: settling would bring the other alone
  const parts = [recorded.part(), recorded.part(), recorded.part({ state: "CANCELED" })];
  lnd.on(LOOKUP, found(recorded.holdInvoice({ state: "ACCEPTED", parts })));
  assertEquals(await node.heldPayment(HASH), null);
  lnd.on(CHANNELS, found(recorded.channels({}, {})));
  assertEquals((await node.heldPayment(HASH))?.amountMsat, 70_000n);
  lnd.on(LOOKUP, noPath);
  assertEquals((await assertRejects(() => node.heldPayment(HASH), NodeError)).code, "unreachable");
});

Deno.test("a payment that LND may give back, as it has only just started, is neither told nor called held or gone", async () => {
  const { lnd, node, clock } = world(), stop = new AbortController(), told: string[] = [];
  lnd.on(LOOKUP, invoiceIn("ACCEPTED"));
  const listening = (async () => {
    for await (const { paymentHash } of node.heldPayments(stop.signal)) told.push(paymentHash.toBase64());
  })().catch((thrown) => thrown);
  const unsure = [
    // the peer isn't there yet, or has only just come
    recorded.channelsFor(0, {}),
    recorded.channelsFor(Number(PEER_MET_SECS) - 1, {}),
    // it has left the peer's side of the channel, or a part of it has
    recorded.channels({ lockedIn: false }),
    recorded.channels({}, { lockedIn: false }),
    recorded.channels({ lockedIn: false }, {}),
  ];
  for (const channels of unsure) {
    lnd.on(CHANNELS, found(channels));
    await clock.advance(5_000);
    assertEquals((await assertRejects(() => node.heldPayment(HASH), NodeError)).code, "unreachable");
    assertEquals(told, []);
  }
  lnd.on(CHANNELS, found(recorded.channelsFor(Number(PEER_MET_SECS), {})));
  await clock.advance(5_000);
  assertEquals([told, (await node.heldPayment(HASH))?.amountMsat], [[recorded.HASH], 70_000n]);
  stop.abort(new Error("enough"));
  assertEquals((await listening).message, "enough");
});

Deno.test("channels are shown without the reserve, LND's complaints instead of a name, and fees it has none for yet", async () => {
  const { lnd, node } = world();
  const peer = "021f83eb1498d73b03331dbea70860496d891f12d903d4579a59bc6fa85d2eaf4c";
  const fees = `{"channel_fees":[{"chan_id":"128642860515328", "base_fee_msat":"1000", "fee_per_mil":"1"}]}`;
  lnd.on(CHANNELS, found(recorded.channels())).on(/peers/, found(`{"peers":[{"pub_key":"${peer}", "address":"a:1"}]}`));
  lnd.on(/\/v1\/fees/, found(fees));
  const channel = {
    remoteKey: fromHex(peer),
    remoteAlias: null,
    remoteAddress: "a:1",
    sizeSats: 10_000_000n,
    outboundMsat: 4_896_530_000n,
    inboundMsat: 4_900_000_000n,
    isActive: true,
    funding: { txid: "5574e1db68cace5240751611610adcd5e270457bbb94fd924c562c2e3228872c", output: 0 },
  };
  assertEquals(await node.operator.channels(), [{ ...channel, baseFeeMsat: 1_000n, partsPerMillion: 1n }]);
  lnd.on(/\/v1\/fees/, refused(2, "no policy for outgoing channel 280375465148416 "));
  assertEquals(await node.operator.channels(), [{ ...channel, baseFeeMsat: null, partsPerMillion: null }]);
});

Deno.test("a channel is opened as LND would by itself, but for what is asked for", async () => {
  const { lnd, node } = world(), publicKey = fromHex("02".repeat(33)), host = "a:9735";
  lnd.on(/^GET \/v1\/peers/, found(`{"peers":[]}`)).on(/^POST \/v1\/peers/, found("{}"));
  lnd.on(/^POST \/v1\/channels/, found(`{"funding_txid_bytes":"${btoa("\x01".repeat(31) + "\x02")}"}`));
  const channel = { publicKey, host, sizeSats: 50_000n, pushSats: 0n };
  assertEquals(await node.operator.openChannel(channel), "02" + "01".repeat(31));
  await node.operator.openChannel({ ...channel, feerateSatPerVbyte: 7, baseFeeMsat: 0n, partsPerMillion: 250n });
  const opened = lnd.requests.filter((request) => request.startsWith("POST /v1/channels"));
  const plain = { node_pubkey: btoa("\x02".repeat(33)), local_funding_amount: "50000", push_sat: "0" };
  const fees = { sat_per_vbyte: "7", base_fee: "0", use_base_fee: true, fee_rate: "250", use_fee_rate: true };
  assertEquals(opened.map((request) => JSON.parse(request.slice("POST /v1/channels ".length))), [
    plain,
    { ...plain, ...fees },
  ]);
});

Deno.test("only the newest invoices are watched, however many strangers ask for", async () => {
  const { lnd, node, clock } = world(), stop = new AbortController(), streams: FakeStream[] = [];
  lnd.on(CHANNELS, found(recorded.channels())).on(HODL, found(`{"payment_request":"lnbcrt1new"}`)).on(SUBSCRIBE, () => {
    const stream = new FakeStream();
    streams.push(stream);
    return stream;
  });
  const listening = (async () => {
    for await (const _ of node.heldPayments(stop.signal)) continue;
  })();
  for (let i = 0; i < WATCHED_INVOICES_MAX + 20; i++) {
    await node.createHoldInvoice({
      paymentHash: sha256(Uint8Array.of(i)) as Bytes,
      amountMsat: 1n,
      expirySecs: 60,
      description: { tag: "Direct", value: "" },
    });
    await settle();
  }
  assertEquals(streams.length, WATCHED_INVOICES_MAX + 20);
  assertEquals(streams.filter(({ isRead }) => isRead).length, WATCHED_INVOICES_MAX);
  assertEquals(streams.slice(0, 20).filter(({ isRead }) => isRead).length, 0);
  stop.abort(new Error("enough"));
  await assertRejects(() => listening, Error);
  await clock.advance(0);
  assertEquals(streams.filter(({ isRead }) => isRead).length, 0);
});

const FORWARD = {
  incoming_circuit_key: { chan_id: "128642860515328", htlc_id: "7" },
  incoming_amount_msat: "50100",
  incoming_expiry: 300,
  payment_hash: recorded.HASH,
  outgoing_requested_chan_id: "18446744073709551615",
  outgoing_amount_msat: "50000",
  outgoing_expiry: 260,
  custom_records: {},
  onion_blob: "AA==",
  auto_fail_height: 287,
};

Deno.test("forwards go through the decision, with numbers of 64 bits, and end with the connection", async () => {
  const { lnd, node } = world(), stop = new AbortController(), asked: bigint[] = [];
  const answers = [{ tag: "settle", preimage: PREIMAGE }, { tag: "fail" }, { tag: "resume" }] as const;
  const run = () =>
    node.interceptor!.run((forward) => {
      asked.push(forward.outgoingChannel);
      return Promise.resolve(answers[asked.length - 1]!);
    }, stop.signal);
  const running = run();
  await settle();
  const socket = lnd.sockets[0]!;
  assertEquals(lnd.requests, ["SOCKET /v2/router/htlcinterceptor?method=POST "]);
  for (let i = 0; i < 3; i++) socket.push(JSON.stringify({ result: FORWARD }));
  await settle();
  assertEquals(asked, Array(3).fill(2n ** 64n - 1n));
  const key = { chan_id: "128642860515328", htlc_id: "7" };
  assertEquals(socket.sent.map((text) => JSON.parse(text)), [
    { incoming_circuit_key: key, action: "SETTLE", preimage: recorded.PREIMAGE },
    { incoming_circuit_key: key, action: "FAIL", failure_code: "TEMPORARY_CHANNEL_FAILURE" },
    { incoming_circuit_key: key, action: "RESUME" },
  ]);
  socket.push(null);
  assertEquals((await assertRejects(() => running, NodeError)).code, "unreachable");
  const again = run();
  await settle();
  lnd.sockets[1]!.push(JSON.stringify({ error: { code: 2, message: "interceptor already exists" } }));
  assertEquals((await assertRejects(() => again, NodeError)).code, "refused");
  const third = run();
  await settle();
  stop.abort(new Error("enough"));
  assertEquals((await assertRejects(() => third, Error)).message, "enough");
  assert(lnd.sockets.every(({ isOver }) => isOver));
});

Deno.test("a decision that fails ends the run and is told, and answers nothing", async () => {
  const { lnd, node } = world();
  const running = node.interceptor!.run(() => Promise.reject(new Error("a bug")), new AbortController().signal);
  await settle();
  lnd.sockets[0]!.push(JSON.stringify({ result: FORWARD }));
  assertEquals((await assertRejects(() => running, Error)).message, "a bug");
  assertEquals(lnd.sockets[0]!.sent, []);
});

Deno.test("its files are read at the beginning; what is missing, too large or none is refused, an open one told", async () => {
  const sim = new SimulatedWorld(1);
  const { files, clock, dice } = sim.process("gateway").platform;
  const seen: string[] = [];
  const lnd = new FakeLnd().on(/getinfo/, found(recorded.INFO));
  const open = (paths: Partial<LndOptions> = {}) =>
    openLnd({
      url: "https://lnd:8080",
      certificatePath: "/tls.cert",
      macaroonPath: "/admin.macaroon",
      ...DEFAULT_PAYMENT_OPTIONS,
      ...paths,
    }, {
      clock,
      dice,
      files,
      onTrouble: () => undefined,
      openHttp: ({ url, certificate }) => {
        if (certificate !== "PEM") throw new TypeError("The file is no certificate (PEM).");
        seen.push(url);
        return lnd.http;
      },
    });
  const done = (async () => {
    await files.create("/tls.cert", utf8("PEM"));
    await files.create("/admin.macaroon", fromHex(MACAROON));
    await files.create("/secret.macaroon", fromHex(MACAROON), { secret: true });
    await files.create("/large", new Uint8Array(MACAROON_BYTES_MAX + 1));
    assertEquals((await open()).isMacaroonPublic, true);
    const node = await open({ macaroonPath: "/secret.macaroon" });
    assertEquals(node.isMacaroonPublic, false);
    assertEquals((await node.info()).alias, "03d9647ad41a472edfb5");
    assertEquals([[...lnd.macaroons], seen.length], [[MACAROON], 2]);
    const wrong = [{ certificatePath: "/none" }, { macaroonPath: "/none" }, { certificatePath: "/admin.macaroon" }];
    const terms = [0, 601, 1.5].map((paymentTimeoutSecs) => ({ paymentTimeoutSecs }));
    const preferences = [-1.1, 2, NaN].map((timePreference) => ({ timePreference }));
    for (const paths of [...wrong, ...terms, ...preferences]) {
      assertEquals((await assertRejects(() => open(paths), NodeError)).code, "refused");
    }
    await assertRejects(() => open({ macaroonPath: "/large" }));
  })();
  await sim.finish(done, { untilMs: 60_000 });
});

Deno.test("what can't be reached is told without what was asked", async () => {
  const { lnd, node } = world();
  lnd.isUp = false;
  const error = await assertRejects(() => node.info(), NodeError);
  assert(error.cause instanceof NetworkError);
  assert(!errorText(error).includes(MACAROON) && !errorText(error).includes("getinfo"));
});
