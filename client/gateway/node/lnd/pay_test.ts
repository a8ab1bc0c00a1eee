/** Payments by LND: begun once, and over by its word alone. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { settle } from "../../../../actors/testing/manual_clock.ts";
import { err } from "../../../../core/result.ts";
import { FOLLOWED_PAYMENTS_MAX, LOST_REQUEST_MS, STREAM_MS } from "./limits.ts";
import { FakeStream, refused, refusedStream } from "./testing/fake_lnd.ts";
import {
  failed,
  HASH,
  inFlight,
  invoice,
  noPayment,
  PAID,
  REQUEST,
  SEND,
  succeeded,
  TRACK,
  watched,
  world,
} from "./testing/lab.ts";
import * as recorded from "./testing/recorded.ts";

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
