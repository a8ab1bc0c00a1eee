import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { SimulatedDice } from "../../../../actors/platform/simulated/dice.ts";
import { ManualClock, settle } from "../../../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../../core/lightning/bolt11_write.ts";
import type { RouteHint } from "../../../../core/lightning/route_hint.ts";
import { err, ok } from "../../../../core/result.ts";
import type { Sha256 } from "../../../../core/types/ids.ts";
import type { HeldPayment, InterceptedForward, LightningNode, PaymentOutcome } from "../node.ts";
import { NodeError } from "../node.ts";
import { faultsOf, FORGETS_WITHIN_MS } from "./faults.ts";
import { SimulatedLightning } from "./lightning.ts";

const RICH = { localMsat: 100_000_000n, remoteMsat: 100_000_000n };
const AMOUNT_MSAT = 10_000n;
const HOUR_MS = 3_600_000;

function preimage(fill: number): { readonly preimage: Bytes; readonly paymentHash: Bytes } {
  const secret = new Uint8Array(32).fill(fill);
  return { preimage: secret, paymentHash: sha256(secret) as Bytes };
}

function world(seed: number | string = 1) {
  const clock = new ManualClock(), dice = new SimulatedDice(seed, "lightning");
  const lightning = new SimulatedLightning({ clock, dice });
  return { clock, lightning, gateway: lightning.node("gateway", RICH), outside: lightning.node("outside", RICH) };
}

const invoiceOf = async (node: LightningNode, amountMsat = AMOUNT_MSAT, expirySecs = 3_600) =>
  parseBolt11(await node.operator.createInvoice({ amountMsat, expirySecs, description: "tea" }));

const holdOf = async (node: LightningNode, paymentHash: Bytes, amountMsat = AMOUNT_MSAT) =>
  parseBolt11(
    await node.createHoldInvoice({
      paymentHash,
      amountMsat,
      expirySecs: 3_600,
      description: { tag: "Direct", value: "tea" },
    }),
  );

/** The first that is held. */
async function firstHeld(node: LightningNode): Promise<HeldPayment> {
  const signal = new AbortController().signal;
  for await (const payment of node.heldPayments(signal)) return payment;
  throw new Error("it ends by an error alone");
}

const LIMITS = { feeLimitMsat: 5_000n, cltvLimit: 500 };

Deno.test("a payment goes over once, and whoever asks again hears of the same one", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect(), totalMsat = lightning.totalMsat;
  const invoice = await invoiceOf(outside.connect());
  const hash = fromHex(invoice.paymentHash);
  assertEquals(await node.findPayment(hash) !== null, false);
  const paid = await node.pay({ invoice, ...LIMITS });
  assert(paid.ok);
  assertEquals(sha256(paid.value.preimage), hash);
  assertEquals(paid.value.feeMsat, 1_001n);
  assertEquals(await gateway.connect().pay({ invoice, feeLimitMsat: 0n, cltvLimit: 0 }), paid);
  assertEquals(await node.findPayment(hash) !== null, true);
  assertEquals(gateway.books.localMsat, RICH.localMsat - AMOUNT_MSAT - 1_001n);
  assertEquals(outside.books.localMsat, RICH.localMsat + AMOUNT_MSAT);
  assertEquals(lightning.totalMsat, totalMsat);
});

Deno.test("a payment beyond its limits, without a way or of one's own invoice fails and costs nothing", async () => {
  const { gateway, outside } = world();
  const node = gateway.connect();
  const tries = [{ ...LIMITS, feeLimitMsat: 1_000n }, { ...LIMITS, cltvLimit: 60 }, { ...LIMITS, cltvLimit: 0 }];
  for (const limits of tries) {
    const paid = await node.pay({ invoice: await invoiceOf(outside.connect()), ...limits });
    assertEquals(paid.ok, false, JSON.stringify(limits, (_, value) => String(value)));
  }
  assertEquals((await node.pay({ invoice: await invoiceOf(node), ...LIMITS })).ok, false);
  assertEquals((await node.pay({ invoice: await invoiceOf(outside.connect(), 1_000_000_000n), ...LIMITS })).ok, false);
  gateway.faults = faultsOf({ noRoute: 1 });
  assertEquals((await node.pay({ invoice: await invoiceOf(outside.connect()), ...LIMITS })).ok, false);
  assertEquals(gateway.books.localMsat, RICH.localMsat);
});

Deno.test("a node that was away for a minute begins nothing that was asked for before, and follows what has begun", async () => {
  const { clock, gateway, outside } = world(), node = gateway.connect();
  for (const hasBegun of [false, true]) {
    const invoice = await invoiceOf(outside.connect());
    if (hasBegun) await node.pay({ invoice, ...LIMITS });
    gateway.stop();
    const paid = node.pay({ invoice, ...LIMITS });
    await clock.advance(62_000);
    gateway.start();
    await clock.advance(2_000);
    assertEquals((await paid).ok, hasBegun);
  }
});

Deno.test("a hold invoice is the same one again, holds what comes, and settles or goes back once", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect(), payer = outside.connect();
  const { preimage: secret, paymentHash } = preimage(5), other = preimage(6);
  const invoice = await holdOf(node, paymentHash);
  assertEquals((await holdOf(gateway.connect(), paymentHash)).text, invoice.text);
  const refused = await assertRejects(() => holdOf(node, paymentHash, 1n), NodeError);
  assertEquals(refused.code, "refused");
  assertEquals(await node.settle(other.preimage), err("unknown"));

  const paid = payer.pay({ invoice, ...LIMITS });
  assertEquals(await firstHeld(node), {
    paymentHash,
    amountMsat: AMOUNT_MSAT,
    claimDeadlineHeight: lightning.height + 144 - 36,
  });
  assertEquals(await node.settle(secret), ok(null));
  assertEquals(await node.settle(secret), ok(null));
  assertEquals(await node.cancel(paymentHash), err("settled"));
  assert((await paid).ok);

  const given = payer.pay({ invoice: await holdOf(node, other.paymentHash), ...LIMITS });
  assertEquals((await firstHeld(node)).paymentHash, other.paymentHash);
  assertEquals(await node.cancel(other.paymentHash), ok(null));
  assertEquals(await node.cancel(other.paymentHash), ok(null));
  assertEquals(await node.settle(other.preimage), err("cancelled"));
  assertEquals((await given).ok, false);
  assertEquals(gateway.books.localMsat, RICH.localMsat + AMOUNT_MSAT);
});

Deno.test("a held payment goes back by itself before its time is over, also one whose node is down", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect(), totalMsat = lightning.totalMsat;
  for (const isDown of [false, true]) {
    const { preimage: secret, paymentHash } = preimage(isDown ? 7 : 8);
    const paid = outside.connect().pay({ invoice: await holdOf(node, paymentHash), ...LIMITS });
    await firstHeld(node);
    lightning.mine(131);
    assertEquals(gateway.held().length, 1);
    if (isDown) gateway.stop();
    lightning.mine(isDown ? 13 : 1);
    assertEquals((await paid).ok, false);
    if (isDown) gateway.start();
    assertEquals(await node.settle(secret), err("cancelled"));
    assertEquals(outside.books.localMsat, RICH.localMsat);
  }
  assertEquals(lightning.totalMsat, totalMsat);
});

Deno.test("a wrong sum, a part without the secret and a short expiry are shown as they are, or refused", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect();
  const wrong = async (fill: number, how: Parameters<typeof outside.payWrongly>[1]): Promise<HeldPayment | null> => {
    const { paymentHash } = preimage(fill);
    outside.payWrongly((await holdOf(node, paymentHash)).text, how);
    const held = gateway.held()[0] ?? null;
    await node.cancel(paymentHash);
    return held;
  };
  assertEquals((await wrong(1, { amountMsat: AMOUNT_MSAT * 2n }))?.amountMsat, AMOUNT_MSAT * 2n);
  assertEquals(await wrong(2, { amountMsat: AMOUNT_MSAT - 1n }), null);
  assertEquals((await wrong(3, { hasSecret: false }))?.claimDeadlineHeight, 0);
  assertEquals(await wrong(4, { expiryHeight: lightning.height + 143 }), null);
});

Deno.test("calls in flight end with the node's life, those that insist go on, and no money is lost", async () => {
  const { clock, lightning, gateway, outside } = world();
  const node = gateway.connect(), totalMsat = lightning.totalMsat;
  const { preimage: secret, paymentHash } = preimage(9);
  const invoice = await holdOf(outside.connect(), paymentHash);
  const paid = node.pay({ invoice, ...LIMITS });
  await firstHeld(outside.connect());
  const listening = assertRejects(() => firstHeld(node), NodeError);
  gateway.stop();
  assertEquals((await listening).code, "unreachable");
  await assertRejects(() => node.info(), NodeError);
  await outside.connect().settle(secret);
  assertEquals(lightning.totalMsat, totalMsat);
  await clock.advance(5_000);
  gateway.start();
  await clock.advance(1_000);
  assertEquals(await paid, ok({ preimage: secret, feeMsat: 1_001n }));
  assertEquals(lightning.totalMsat, totalMsat);
  const stop = new AbortController();
  const hopeless = assertRejects(() => node.settle(preimage(1).preimage, stop.signal));
  gateway.stop();
  stop.abort(new Error("enough"));
  await hopeless;
});

Deno.test("a node that forgets what had only just come says so to who asks, and settles nothing", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect(), totalMsat = lightning.totalMsat, { preimage: secret, paymentHash } = preimage(2);
  gateway.faults = faultsOf({ forgetsHeld: 1 });
  const paid = outside.connect().pay({ invoice: await holdOf(node, paymentHash), ...LIMITS });
  assertEquals(await node.heldPayment(paymentHash), await firstHeld(node));
  gateway.restart();
  assertEquals((await paid).ok, false);
  assertEquals(await node.heldPayment(paymentHash), null);
  assertEquals(await node.settle(secret), ok(null));
  assertEquals([gateway.books.localMsat, lightning.totalMsat], [RICH.localMsat, totalMsat]);
});

Deno.test("what a node has held for longer than some milliseconds it holds over any end of its own", async () => {
  const { clock, gateway, outside } = world();
  const node = gateway.connect(), { preimage: secret, paymentHash } = preimage(2);
  gateway.faults = faultsOf({ forgetsHeld: 1 });
  const paid = outside.connect().pay({ invoice: await holdOf(node, paymentHash), ...LIMITS });
  const held = await firstHeld(node);
  await clock.advance(FORGETS_WITHIN_MS + 1);
  gateway.stop();
  await clock.advance(60_000);
  gateway.start();
  assertEquals(await node.heldPayment(paymentHash), held);
  assertEquals(await node.settle(secret), ok(null));
  assert((await paid).ok);
});

Deno.test("a node with an older state has no record of what came after", async () => {
  const { gateway, outside } = world();
  const before = gateway.snapshot();
  const { paymentHash } = preimage(3);
  const invoice = await invoiceOf(outside.connect());
  await holdOf(gateway.connect(), paymentHash);
  await gateway.connect().pay({ invoice, ...LIMITS });
  gateway.restore(before);
  assertEquals(await gateway.connect().cancel(paymentHash), err("unknown"));
  assertEquals(await gateway.connect().findPayment(fromHex(invoice.paymentHash)) !== null, false);
});

Deno.test("a forward that wasn't answered comes again, and the wrong preimage settles nothing", async () => {
  const { lightning, gateway, outside } = world();
  const node = gateway.connect(), totalMsat = lightning.totalMsat, { paymentHash } = preimage(4);
  const text = writeBolt11({
    currency: "regtest",
    amountMsat: 900n,
    timestamp: 0n,
    expirySecs: 3_600n,
    paymentHash: toHex(paymentHash) as Sha256,
    paymentSecret: new Uint8Array(32),
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    features: FEATURES_BASIC,
    routeHints: [[{
      srcNodeId: gateway.publicKey as RouteHint[number]["srcNodeId"],
      shortChannelId: 42n,
      baseMsat: 100,
      proportionalMillionths: 0,
      cltvExpiryDelta: 30,
      htlcMinimumMsat: null,
      htlcMaximumMsat: null,
    }]],
  }, new Uint8Array(32).fill(1));
  const paid = outside.connect().pay({ invoice: parseBolt11(text), ...LIMITS });
  const asked: InterceptedForward[] = [];
  const lost = assertRejects(() =>
    node.interceptor!.run((forward) => {
      asked.push(forward);
      return new Promise(() => undefined);
    }, new AbortController().signal), NodeError);
  await settle();
  gateway.restart();
  await lost;
  const stop = new AbortController();
  const run = assertRejects(() =>
    node.interceptor!.run((forward) => {
      asked.push(forward);
      return Promise.resolve({ tag: "settle", preimage: preimage(5).preimage });
    }, stop.signal)
  );
  assertEquals((await paid).ok, false);
  assertEquals(asked.map(({ incomingAmountMsat, outgoingChannel }) => [incomingAmountMsat, outgoingChannel]), [
    [1_000n, 42n],
    [1_000n, 42n],
  ]);
  assertEquals([gateway.books.localMsat, lightning.totalMsat], [RICH.localMsat, totalMsat]);
  stop.abort(new Error("enough"));
  await run;
});

Deno.test("whatever goes wrong on the way, each payment ends once, alike for both sides, and the sum is constant", async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const { clock, lightning, gateway, outside } = world(`bad days ${seed}`);
    const dice = new SimulatedDice(seed, "test"), totalMsat = lightning.totalMsat;
    const bad = { lateMs: 2_000, lostCall: 0.2, lostAnswer: 0.3, noRoute: 0.1, stuck: 0.3, stuckMs: 60_000 };
    const outcomes = new Map<number, PaymentOutcome>(), payees = [...Array(12).keys()].map((i) => preimage(i + 1));
    for (const node of [gateway, outside]) node.faults = faultsOf({ ...bad, partsMax: 4, toldTwice: 0.3 });
    const receiver = outside.connect();
    for (const [i, { preimage: secret, paymentHash }] of payees.entries()) {
      const text = outside.addInvoice({
        paymentHash,
        amountMsat: AMOUNT_MSAT + BigInt(i),
        expirySecs: 3_600,
        minFinalCltvExpiryDelta: 144,
        description: { tag: "Direct", value: "" },
      }, null);
      const invoice = parseBolt11(text);
      // twice at once: as a gateway that was killed and its successor
      for (const node of [gateway.connect(), gateway.connect()]) {
        void node.pay({ invoice, ...LIMITS }).then((outcome) => {
          assertEquals(outcome, outcomes.get(i) ?? outcome, `seed ${seed}`);
          outcomes.set(i, outcome);
        });
      }
      void (async () => {
        while (outside.books.invoices.get(invoice.paymentHash)!.state !== "accepted") {
          await new Promise<void>((resolve) => clock.setTimer(1_000, resolve));
          if (clock.nowMs() > HOUR_MS) return;
        }
        if (i % 3 === 0) await receiver.cancel(paymentHash);
        else await receiver.settle(secret);
      })();
    }
    for (let minute = 0; minute < 60; minute++) {
      const node = dice.below(2) === 0 ? gateway : outside;
      if (minute < 30 && node.isUp && dice.fraction() < 0.3) node.stop();
      await clock.advance(30_000);
      if (!node.isUp) node.start();
      await clock.advance(30_000);
      assertEquals(lightning.totalMsat, totalMsat, `seed ${seed}, minute ${minute}`);
    }
    lightning.mine(300);
    await clock.advance(60_000);
    assertEquals(outcomes.size, payees.length, `seed ${seed}`);
    for (const [i, outcome] of outcomes) {
      const { state } = outside.books.invoices.get(toHex(payees[i]!.paymentHash))!;
      assertEquals(state === "settled", outcome.ok, `seed ${seed}, payment ${i}`);
    }
    assertEquals(lightning.totalMsat, totalMsat, `seed ${seed}`);
  }
});
