/** What LND says of itself, and payments that it holds. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { settle } from "../../../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { err, errorText, ok } from "../../../../core/result.ts";
import { NodeError } from "../node.ts";
import { PEER_MET_SECS, WATCHED_INVOICES_MAX } from "./limits.ts";
import { FakeStream, found, refused } from "./testing/fake_lnd.ts";
import {
  CHANNELS,
  HASH,
  HODL,
  LOOKUP,
  MACAROON,
  noInvoice,
  noPath,
  PREIMAGE,
  SUBSCRIBE,
  watched,
  world,
} from "./testing/lab.ts";
import * as recorded from "./testing/recorded.ts";

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
