/**
 * What every `LightningNode` must do, simulated or real: a gateway can't tell them apart. Each case has two nodes with
 * a channel and money on both sides of it.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { type Bolt11Invoice, parseBolt11 } from "../../../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../../core/lightning/bolt11_write.ts";
import { err, ok } from "../../../../core/result.ts";
import type { Sha256 } from "../../../../core/types/ids.ts";
import type { HeldPayment, HoldInvoiceRequest, InterceptedForward, LightningNode } from "../node.ts";
import { HOLD_CLTV_DELTA, NodeError } from "../node.ts";

export type NodeStage = {
  /** The one under test. */
  readonly node: LightningNode;
  /** At the other end of its channel. */
  readonly outside: LightningNode;
  /** Ends the node's process at once. */
  stop(): Promise<void>;
  /** Resolves when it can be asked again and its channel works. */
  start(): Promise<void>;
  /** What nobody has drawn before. */
  bytes(size: number): Bytes;
  /** Unix time, seconds. */
  nowSecs(): number;
};

export type NodeCase = { readonly name: string; readonly run: (stage: NodeStage) => Promise<void> };

const AMOUNT_MSAT = 50_000n;
const LIMITS = { feeLimitMsat: 5_000n, cltvLimit: 500 };
const ENOUGH = new Error("enough");
/** Questions of some milliseconds each, until two real nodes have the same block. */
const ASKED_MAX = 5_000;

type Secret = { readonly preimage: Bytes; readonly paymentHash: Bytes };

function secretOf(stage: NodeStage): Secret {
  const preimage = stage.bytes(32);
  return { preimage, paymentHash: sha256(preimage) as Bytes };
}

function terms(paymentHash: Bytes): HoldInvoiceRequest {
  return { paymentHash, amountMsat: AMOUNT_MSAT, expirySecs: 3_600, description: { tag: "Direct", value: "tea ☕" } };
}

async function invoiceOf(node: LightningNode, amountMsat = AMOUNT_MSAT): Promise<Bolt11Invoice> {
  return parseBolt11(await node.operator.createInvoice({ amountMsat, expirySecs: 3_600, description: "tea" }));
}

async function holdOf(node: LightningNode, paymentHash: Bytes): Promise<Bolt11Invoice> {
  return parseBolt11(await node.createHoldInvoice(terms(paymentHash)));
}

/** Whose payee no node is. */
function invoiceOfNobody(
  { nowSecs, bytes }: NodeStage,
  paymentHash: Bytes,
  routeHints: Bolt11Invoice["routeHints"] = [],
): Bolt11Invoice {
  return parseBolt11(writeBolt11({
    currency: "regtest",
    amountMsat: AMOUNT_MSAT,
    timestamp: BigInt(nowSecs()),
    expirySecs: 3_600n,
    paymentHash: toHex(paymentHash) as Sha256,
    paymentSecret: bytes(32),
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    features: FEATURES_BASIC,
    routeHints,
  }, bytes(32)));
}

/** Resolves when it is told that the payment is held. */
async function heldOf(node: LightningNode, paymentHash: Bytes): Promise<HeldPayment> {
  const stop = new AbortController();
  for await (const payment of node.heldPayments(stop.signal)) {
    if (toHex(payment.paymentHash) === toHex(paymentHash)) return payment;
  }
  throw new Error("it ends by an error alone");
}

/** What a node that has only just started has no word on yet. */
async function said<T>(ask: () => Promise<T>): Promise<T> {
  for (let asked = 1;; asked++) {
    try {
      return await ask();
    } catch (thrown) {
      if (!(thrown instanceof NodeError) || thrown.code !== "unreachable" || asked === ASKED_MAX) throw thrown;
    }
  }
}

async function refused(promise: Promise<unknown>): Promise<void> {
  assertEquals((await assertRejects(() => promise, NodeError)).code, "refused");
}

export const NODE_CASES: readonly NodeCase[] = [
  {
    name: "says who and where it is",
    run: async ({ node, outside }) => {
      const info = await node.info();
      assertEquals([info.publicKey.length, info.network, info.isSynced], [33, "regtest", true]);
      // blocks come to one of them before the other
      const heights = async () => [(await node.info()).blockHeight, (await outside.info()).blockHeight] as const;
      let [height, other] = await heights();
      for (let tries = 0; height !== other; tries++, [height, other] = await heights()) {
        assert(tries < ASKED_MAX, `heights ${height} and ${other}`);
      }
      assertEquals((await invoiceOf(node)).payee, info.publicKey);
    },
  },
  {
    name: "pays once, and tells whoever asks again of the same payment",
    run: async ({ node, outside }) => {
      const invoice = await invoiceOf(outside), hash = fromHex(invoice.paymentHash);
      assertEquals(await node.findPayment(hash) !== null, false);
      const [paid, joined] = await Promise.all([node.pay({ invoice, ...LIMITS }), node.pay({ invoice, ...LIMITS })]);
      assert(paid.ok);
      assertEquals(sha256(paid.value.preimage), hash);
      assert(paid.value.feeMsat <= LIMITS.feeLimitMsat);
      assertEquals(joined, paid);
      assertEquals(await node.pay({ invoice, feeLimitMsat: 0n, cltvLimit: 0 }), paid);
      assertEquals(await node.findPayment(hash) !== null, true);
      const booked = await outside.operator.invoice(hash);
      assertEquals([booked?.status, booked?.amountMsat], ["succeeded", AMOUNT_MSAT]);
    },
  },
  {
    name: "fails what it can't pay: no block left, too few, too much money, its own invoice",
    run: async ({ node, outside }) => {
      const invoice = await invoiceOf(outside);
      const nothing = await node.pay({ invoice, ...LIMITS, cltvLimit: 0 });
      assertEquals([nothing.ok, await node.findPayment(fromHex(invoice.paymentHash))], [false, null]);
      assertEquals((await node.pay({ invoice: await invoiceOf(outside), ...LIMITS, cltvLimit: 10 })).ok, false);
      const huge = await invoiceOf(outside, 900_000_000_000n);
      assertEquals((await node.pay({ invoice: huge, ...LIMITS })).ok, false);
      assertEquals((await node.pay({ invoice: huge, ...LIMITS })).ok, false);
      assertEquals((await node.pay({ invoice: await invoiceOf(node), ...LIMITS })).ok, false);
      assertEquals((await outside.operator.invoice(fromHex(invoice.paymentHash)))?.status, "pending");
    },
  },
  {
    name: "pays after a payment that has failed when it is named, once, and never after one that hasn't failed",
    run: async (stage) => {
      const { node, outside } = stage, { preimage, paymentHash } = secretOf(stage);
      const nowhere = invoiceOfNobody(stage, paymentHash), numbers: bigint[] = [];
      for (let after: bigint | null = null; numbers.length < 2; after = numbers.at(-1)!) {
        assertEquals((await node.pay({ invoice: nowhere, ...LIMITS, after })).ok, false);
        const failed = await node.findPayment(paymentHash);
        assertEquals([failed?.hasFailed, numbers.includes(failed!.number)], [true, false]);
        numbers.push(failed!.number);
      }
      const invoice = await holdOf(outside, paymentHash), after = numbers[1]!;
      // it is followed by whoever doesn't name it, or names an earlier one
      assertEquals((await node.pay({ invoice, ...LIMITS })).ok, false);
      assertEquals((await node.pay({ invoice, ...LIMITS, after: numbers[0]! })).ok, false);
      const both = [node.pay({ invoice, ...LIMITS, after }), node.pay({ invoice, ...LIMITS, after })];
      assertEquals((await heldOf(outside, paymentHash)).amountMsat, AMOUNT_MSAT);
      const begun = await node.findPayment(paymentHash);
      assertEquals([begun?.hasFailed, numbers.includes(begun!.number)], [false, false]);
      assertEquals(await outside.settle(preimage), ok(null));
      const [paid, joined] = await Promise.all(both);
      assertEquals(paid!.ok && paid!.value.preimage, preimage);
      assertEquals(joined, paid);
      for (const named of [after, begun!.number]) {
        assertEquals(await node.pay({ invoice, ...LIMITS, after: named }), paid);
      }
    },
  },
  {
    name: "makes a hold invoice once, and refuses another of its hash",
    run: async (stage) => {
      const { node } = stage, { paymentHash } = secretOf(stage);
      const invoice = await holdOf(node, paymentHash);
      assertEquals((await holdOf(node, paymentHash)).text, invoice.text);
      assertEquals([invoice.amountMsat, invoice.expirySecs], [AMOUNT_MSAT, 3_600n]);
      assert(Number(invoice.minFinalCltvExpiryDelta) >= HOLD_CLTV_DELTA);
      assertEquals(invoice.description, { tag: "Direct", value: "tea ☕" });
      await refused(node.createHoldInvoice({ ...terms(paymentHash), amountMsat: AMOUNT_MSAT + 1n }));
      await refused(node.createHoldInvoice({ ...terms(paymentHash), expirySecs: 3_601 }));
      const description = { tag: "Hash", value: toHex(paymentHash) as Sha256 } as const;
      await refused(node.createHoldInvoice({ ...terms(paymentHash), description }));
      const hashed = secretOf(stage);
      const text = await node.createHoldInvoice({ ...terms(hashed.paymentHash), description });
      assertEquals(parseBolt11(text).description, description);
      const own = await invoiceOf(node);
      await refused(node.createHoldInvoice({ ...terms(fromHex(own.paymentHash)), expirySecs: 3_600 }));
    },
  },
  {
    name: "holds a payment and settles it, once",
    run: async (stage) => {
      const { node, outside } = stage, { preimage, paymentHash } = secretOf(stage);
      const { blockHeight } = await node.info();
      const paid = outside.pay({ invoice: await holdOf(node, paymentHash), ...LIMITS });
      const held = await heldOf(node, paymentHash);
      assertEquals(held.amountMsat, AMOUNT_MSAT);
      // at least the blocks that were asked for, less those before which it must be settled; payers may add some
      const latest = blockHeight + LIMITS.cltvLimit;
      assert(held.claimDeadlineHeight > blockHeight + 90 && held.claimDeadlineHeight < latest);
      assertEquals(await said(() => node.heldPayment(paymentHash)), held);
      assertEquals(await said(() => node.held()), [held]);
      assertEquals(await outside.findPayment(paymentHash) !== null, true);
      assertEquals(await node.settle(preimage), ok(null));
      assertEquals(await said(() => node.heldPayment(paymentHash)), null);
      assertEquals(await node.settle(preimage), ok(null));
      assertEquals(await node.cancel(paymentHash), err("settled"));
      const outcome = await paid;
      assertEquals(outcome.ok && outcome.value.preimage, preimage);
    },
  },
  {
    name: "waits for the payment that it is to settle",
    run: async (stage) => {
      const { node, outside } = stage, { preimage, paymentHash } = secretOf(stage);
      const invoice = await holdOf(node, paymentHash), stop = new AbortController();
      const early = assertRejects(() => node.settle(preimage, stop.signal), Error);
      const settled = node.settle(preimage);
      // asked and answered meanwhile
      assertEquals(await node.heldPayment(paymentHash), null);
      stop.abort(ENOUGH);
      assertEquals(await early, ENOUGH);
      const paid = await outside.pay({ invoice, ...LIMITS });
      assertEquals(paid.ok && paid.value.preimage, preimage);
      assertEquals(await settled, ok(null));
    },
  },
  {
    name: "holds a payment and gives it back, once",
    run: async (stage) => {
      const { node, outside } = stage, { preimage, paymentHash } = secretOf(stage);
      const paid = outside.pay({ invoice: await holdOf(node, paymentHash), ...LIMITS });
      await heldOf(node, paymentHash);
      assertEquals(await node.cancel(paymentHash), ok(null));
      assertEquals(await node.cancel(paymentHash), ok(null));
      assertEquals(await node.settle(preimage), err("cancelled"));
      assertEquals((await paid).ok, false);
    },
  },
  {
    name: "cancels what nobody has paid, and knows nothing of what it has never made",
    run: async (stage) => {
      const { node, outside } = stage, { paymentHash } = secretOf(stage), never = secretOf(stage);
      const invoice = await holdOf(node, paymentHash);
      assertEquals(await node.heldPayment(paymentHash), null);
      assertEquals(await node.cancel(paymentHash), ok(null));
      assertEquals((await outside.pay({ invoice, ...LIMITS })).ok, false);
      assertEquals(await node.settle(never.preimage), err("unknown"));
      assertEquals(await node.cancel(never.paymentHash), err("unknown"));
      assertEquals(await node.heldPayment(never.paymentHash), null);
      assertEquals(await node.operator.invoice(never.paymentHash), null);
    },
  },
  {
    name: "tells again of what it holds after its end, and settles what was asked for while it was gone",
    run: async (stage) => {
      const { node, outside } = stage, kept = secretOf(stage), given = secretOf(stage);
      const paid = outside.pay({ invoice: await holdOf(node, kept.paymentHash), ...LIMITS });
      const back = outside.pay({ invoice: await holdOf(node, given.paymentHash), ...LIMITS });
      await heldOf(node, kept.paymentHash);
      await heldOf(node, given.paymentHash);
      const lost = assertRejects(async () => {
        for await (const _ of node.heldPayments(new AbortController().signal)) continue;
      }, NodeError);
      await stage.stop();
      assertEquals((await lost).code, "unreachable");
      assertEquals((await assertRejects(() => node.info(), NodeError)).code, "unreachable");
      const settled = node.settle(kept.preimage), stop = new AbortController();
      const hopeless = assertRejects(() => node.cancel(given.paymentHash, stop.signal), Error);
      stop.abort(ENOUGH);
      assertEquals(await hopeless, ENOUGH);
      await stage.start();
      assertEquals(await settled, ok(null));
      assert((await paid).ok);
      assertEquals((await said(() => node.heldPayment(given.paymentHash)))?.amountMsat, AMOUNT_MSAT);
      assertEquals((await heldOf(node, given.paymentHash)).amountMsat, AMOUNT_MSAT);
      assertEquals(await node.cancel(given.paymentHash), ok(null));
      assertEquals((await back).ok, false);
    },
  },
  {
    name: "follows a payment across its end, to success and to failure, and never guesses",
    run: async (stage) => {
      const { node, outside } = stage, kept = secretOf(stage), given = secretOf(stage);
      const outcomes: string[] = [];
      const pay = async ({ paymentHash }: Secret, name: string) => {
        const outcome = await node.pay({ invoice: await holdOf(outside, paymentHash), ...LIMITS });
        outcomes.push(`${name} ${outcome.ok}`);
        return outcome;
      };
      const paid = pay(kept, "kept"), back = pay(given, "given");
      await heldOf(outside, kept.paymentHash);
      await heldOf(outside, given.paymentHash);
      await stage.stop();
      assertEquals(await outside.settle(kept.preimage), ok(null));
      assertEquals(await outside.cancel(given.paymentHash), ok(null));
      assertEquals(outcomes, []);
      await stage.start();
      const outcome = await paid;
      assertEquals(outcome.ok && outcome.value.preimage, kept.preimage);
      assertEquals((await back).ok, false);
      assertEquals(await node.findPayment(given.paymentHash) !== null, true);
    },
  },
  {
    name: "shows its operator invoices, payments, balances and channels",
    run: async ({ node, outside, nowSecs }) => {
      const begunSecs = nowSecs() - 5;
      const invoice = await invoiceOf(outside), received = await invoiceOf(node);
      const before = await node.operator.balances();
      for (const outcome of [node.pay({ invoice, ...LIMITS }), outside.pay({ invoice: received, ...LIMITS })]) {
        const paid = await outcome;
        assert(paid.ok, paid.ok ? "" : paid.error);
      }
      const after = await node.operator.balances();
      assert(before.lightningMsat > AMOUNT_MSAT && before.inboundMsat > AMOUNT_MSAT, "money on both sides");
      // what is still on its way is nobody's
      const changeMsat = after.lightningMsat - before.lightningMsat;
      assert(changeMsat > -2n * AMOUNT_MSAT && changeMsat < 2n * AMOUNT_MSAT, `a change of ${changeMsat} msat`);
      const rows = await node.operator.transactions({ startSecs: begunSecs, endSecs: nowSecs() + 5 });
      const of = (hash: string) => rows.filter(({ paymentHash }) => paymentHash && toHex(paymentHash) === hash);
      const [sent] = of(invoice.paymentHash), [got] = of(received.paymentHash);
      assertEquals([sent?.direction, sent?.status, sent?.amountMsat], ["outbound", "succeeded", AMOUNT_MSAT]);
      assertEquals([got?.direction, got?.status, got?.amountMsat], ["inbound", "succeeded", AMOUNT_MSAT]);
      assertEquals(sha256(sent!.preimage!), fromHex(invoice.paymentHash));
      assertEquals(await node.operator.transactions({ startSecs: 4_000_000_000, endSecs: 4_000_000_001 }), []);
      const [channel] = await node.operator.channels();
      assert(channel !== undefined && channel.sizeSats > 0n && channel.outboundMsat > 0n, "a channel with money");
      assert(channel.isActive, "an active channel");
      await node.operator.setChannelFees({ funding: channel.funding!, baseFeeMsat: 17n, partsPerMillion: 33n });
      const [changed] = await node.operator.channels();
      assertEquals([changed!.baseFeeMsat, changed!.partsPerMillion], [17n, 33n]);
      const nowhere = { txid: "00".repeat(32), output: 0 };
      await refused(node.operator.setChannelFees({ funding: nowhere, baseFeeMsat: 0n, partsPerMillion: 0n }));
    },
  },
  {
    name: "hands over forwards, and settles, fails or resumes them",
    run: async (stage) => {
      const { node, outside } = stage, { interceptor } = node;
      if (interceptor === undefined) return;
      const { publicKey } = await node.info(), channel = 0x7fff_ffffn << 24n;
      const seen = new Map<string, InterceptedForward>(), stop = new AbortController();
      const settled = secretOf(stage), resumed = secretOf(stage);
      let failed = secretOf(stage);
      const running = assertRejects(() =>
        interceptor.run((forward) => {
          const hash = toHex(forward.paymentHash);
          seen.set(hash, forward);
          if (hash === toHex(settled.paymentHash)) {
            return Promise.resolve({ tag: "settle", preimage: settled.preimage });
          }
          return Promise.resolve({ tag: hash === toHex(failed.paymentHash) ? "fail" : "resume" });
        }, stop.signal), Error);
      const pay = ({ paymentHash }: Secret) =>
        outside.pay({
          invoice: invoiceOfNobody(stage, paymentHash, [[{
            srcNodeId: publicKey as Bolt11Invoice["routeHints"][number][number]["srcNodeId"],
            shortChannelId: channel,
            baseMsat: 100,
            proportionalMillionths: 0,
            cltvExpiryDelta: 30,
            htlcMinimumMsat: null,
            htlcMaximumMsat: null,
          }]]),
          ...LIMITS,
        });
      // what comes before the node knows that somebody decides has no way: a forward that is failed tells
      while (!seen.has(toHex(failed.paymentHash))) {
        failed = secretOf(stage);
        assertEquals((await pay(failed)).ok, false);
      }
      const paid = await pay(settled);
      assertEquals(paid.ok && paid.value.preimage, settled.preimage);
      assertEquals((await pay(resumed)).ok, false);
      const forward = seen.get(toHex(settled.paymentHash))!;
      assertEquals(
        [forward.incomingAmountMsat, forward.outgoingAmountMsat, forward.outgoingChannel],
        [AMOUNT_MSAT + 100n, AMOUNT_MSAT, channel],
      );
      assert(forward.incomingExpiryHeight > (await node.info()).blockHeight + 30);
      assert(seen.has(toHex(failed.paymentHash)) && seen.has(toHex(resumed.paymentHash)));
      stop.abort(ENOUGH);
      assertEquals(await running, ENOUGH);
      const [hint] = await interceptor.routeHints(1);
      assertEquals([hint?.length, hint?.[0]?.srcNodeId.length], [1, 33]);
    },
  },
];
