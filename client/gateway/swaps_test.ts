/** A swap has paid when the other federation shows the preimage; that federation may be left before anybody asks. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import type { OutgoingPayment } from "../../core/lightning/gateway_payment.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { OperationId, Sha256 } from "../../core/types/ids.ts";
import type { Cancelled } from "../../modules/lnv2/gateway/states.ts";
import { incomingOf, PREIMAGE, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import { GatewayError } from "./error.ts";
import type { Federations, ServedFederation } from "./federations.ts";
import { SWAP_BEGIN_WITHIN_MS, SWAPS_KEPT_AT_ONCE } from "./limits.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";
import type { PaymentsEnv } from "./payments.ts";
import { Payments } from "./payments.ts";
import type { Way } from "./records.ts";
import { outgoing, register, swaps } from "./records.ts";

const HERE = "aa".repeat(32), THERE = "bb".repeat(32), OPERATION = "11".repeat(32) as OperationId;
const OWNER = { federationId: HERE, operationId: OPERATION };
const HASH = toHex(sha256(PREIMAGE)) as Sha256, NODE: Bytes = new Uint8Array(33).fill(2);
const CONTRACT = incomingOf(await testLightning());
const never = new AbortController().signal;

type End = "Success" | "Rejected" | "Refunded" | "Failure";

/** A gateway in two federations; the receiver's is `THERE`, and an invoice of its own node or of version 1's. */
async function swapping(kind: "Swap" | "Lnv1Swap", store?: StoreView) {
  const clock = new ManualClock(), kept = store ?? await openMemoryStore({ clock });
  const there = {
    isServed: true,
    isBegun: false,
    begins: 0,
    canBuy: true,
    onUse: () => {},
    runs: Promise.resolve(),
    end: Promise.withResolvers<End>(),
  };
  const begin = (): Result<null, string> => {
    if (!there.canBuy) return err("not_funded");
    there.isBegun = true;
    there.begins++;
    return ok(null);
  };
  const end = async () => {
    const tag = await there.end.promise;
    return { tag, value: tag === "Success" ? PREIMAGE : null, preimage: PREIMAGE };
  };
  const isBegun = () => Promise.resolve(there.isBegun);
  const module = { isFunded: isBegun, fund: () => Promise.resolve(begin()), awaitBought: end };
  const lnv1 = { isBought: isBegun, buy: () => Promise.resolve(begin()), awaitBought: end };
  const served = { federationId: THERE, module, lnv1 } as unknown as ServedFederation;
  const awaited = <T>(what: T) => (_: string, signal: AbortSignal): Promise<T> =>
    there.isServed
      ? there.runs.then(() => what)
      : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  const federations = {
    using: (_: string, work: () => Promise<unknown>) => {
      there.onUse();
      return work();
    },
    record: () => Promise.resolve(there.isServed ? { receiveEnabled: true } : undefined),
    ofIndex: () => Promise.resolve(there.isServed ? THERE : null),
    awaitModule: awaited(module),
    awaitLnv1: awaited(lnv1),
  } as unknown as Federations;
  const watch = { awaitInfo: () => Promise.resolve({ publicKey: NODE }) } as unknown as NodeWatch;
  const env = {
    store: kept,
    watch,
    clock,
    federations: () => federations,
  } as unknown as PaymentsEnv;
  const { durable } = await kept.transact(async (tx) => {
    if (await outgoing.get(tx, HASH)) return;
    outgoing.set(tx, HASH, { ...OWNER, way: null });
    await register(tx, HASH, { federationId: THERE, amountMsat: 5n, invoiceExpiresAtSecs: 9, contract: CONTRACT });
  });
  await durable;
  const invoice = {
    paymentHash: HASH,
    amountMsat: 5n,
    payee: kind === "Swap" ? NODE : new Uint8Array(33),
    routeHints: kind === "Swap" ? [] : [[{ srcNodeId: NODE, shortChannelId: 3n }]],
  } as unknown as Bolt11Invoice;
  const payment: OutgoingPayment = {
    owner: OWNER,
    invoice,
    cltvLimit: 500n,
    endBlockCount: 1_000n,
    feeLimitMsat: 1n,
    mayBegin: true,
  };
  const listed = () =>
    kept.read(async (tx) => {
      const hashes: Sha256[] = [];
      for await (const [{ paymentHash }] of swaps.entries(tx)) hashes.push(paymentHash);
      return hashes;
    });
  const way = async () => (await kept.read((tx) => outgoing.get(tx, HASH)))?.way?.tag;
  return { clock, store: kept, there, served, payment, payments: () => new Payments(env), listed, way };
}

/** The gateway is killed while it waits for the receiver's federation. */
async function killed(at: Awaited<ReturnType<typeof swapping>>): Promise<void> {
  const dying = new AbortController(), begun = at.payments().pay(at.payment, dying.signal);
  await settle();
  assertEquals([at.there.isBegun, await at.way(), await at.listed()], [
    true,
    at.payment.invoice.routeHints.length ? "Lnv1Swap" : "Swap",
    [HASH],
  ]);
  dying.abort(new Error("killed"));
  void begun.catch(() => undefined);
}

const SWAPPED = ok({ preimage: PREIMAGE, targetFederation: THERE });

for (const kind of ["Swap", "Lnv1Swap"] as const) {
  Deno.test(`what a swap came to is known though the gateway was killed before it was told, and its federation left (${kind})`, async () => {
    const ends: readonly (readonly [End, Result<unknown, Cancelled>])[] = [
      ["Success", SWAPPED],
      ["Rejected", err({ tag: "Rejected", value: null })],
      ["Refunded", err({ tag: "Refunded", value: null })],
      ["Failure", err({ tag: "Failure", value: null })],
    ];
    for (const [end, outcome] of ends) {
      const before = await swapping(kind);
      await killed(before);
      // the payer's guardians are away, so that nobody asks; what was bought shows in the other federation meanwhile
      const after = await swapping(kind, before.store);
      after.there.isBegun = true;
      after.there.end.resolve(end);
      await after.payments().keepOutcomes(after.served, never);
      after.there.isServed = false;
      for (const mayBegin of [false, true]) {
        assertEquals(await after.payments().pay({ ...after.payment, mayBegin }, never), outcome);
      }
      assertEquals([after.there.begins, await after.listed()], [0, []]);
    }
  });

  Deno.test(`a swap that never began fails when its federation is left, and never begins after that (${kind})`, async () => {
    const at = await swapping(kind);
    at.there.canBuy = false;
    assertEquals((await at.payments().pay(at.payment, never)).ok, false);
    assertEquals([await at.way(), await at.listed()], [kind, [HASH]]);
    await at.payments().keepOutcomes(at.served, never);
    at.there.canBuy = true;
    const refused = await at.payments().pay(at.payment, never);
    assertEquals(!refused.ok && refused.error.tag, "RegistrationError");
    assertEquals([at.there.begins, await at.listed()], [0, []]);
  });

  Deno.test(`a swap doesn't begin by what was true long ago: it is asked anew (${kind})`, async () => {
    for (const [afterMs, begins] of [[SWAP_BEGIN_WITHIN_MS, 1], [SWAP_BEGIN_WITHIN_MS + 1, 0]] as const) {
      const at = await swapping(kind), runs = Promise.withResolvers<void>();
      // the receiver's federation doesn't run for a while
      at.there.runs = runs.promise;
      at.there.end.resolve("Success");
      const payments = at.payments(), paid = payments.pay(at.payment, never);
      await settle();
      await at.clock.advance(afterMs);
      runs.resolve();
      if (begins === 0) await assertRejects(() => paid, NodeError);
      else assertEquals(await paid, SWAPPED);
      assertEquals(at.there.begins, begins);
      // in time it does; and what has begun is followed for ever
      assertEquals(await payments.pay(at.payment, never), SWAPPED);
      assertEquals(at.there.begins, 1);
    }
  });

  Deno.test(`what has ended is known without its federation, and stands in no list (${kind})`, async () => {
    const at = await swapping(kind);
    at.there.end.resolve("Success");
    assertEquals(await at.payments().pay(at.payment, never), SWAPPED);
    assertEquals([await at.way(), await at.listed()], ["Swapped", []]);
    at.there.isServed = false;
    assertEquals(await at.payments().pay(at.payment, never), SWAPPED);
  });

  Deno.test(`a way into a federation that is left before it is on disk is none: nothing begins there (${kind})`, async () => {
    const at = await swapping(kind);
    at.there.onUse = () => at.there.isServed = false;
    const refused = await at.payments().pay(at.payment, never);
    assertEquals([refused.ok, at.there.begins, await at.way(), await at.listed()], [false, 0, undefined, []]);
  });
}

Deno.test("a payment hash that has passed on to another operation keeps that one's way", async () => {
  const at = await swapping("Swap");
  await killed(at);
  const passed = { federationId: HERE, operationId: "22".repeat(32) as OperationId, way: null };
  await (await at.store.transact((tx) => outgoing.set(tx, HASH, passed))).durable;
  at.there.end.resolve("Rejected");
  await at.payments().keepOutcomes(at.served, never);
  assertEquals([await at.store.read((tx) => outgoing.get(tx, HASH)), await at.listed()], [passed, []]);
});

Deno.test("a federation isn't left while its module can't say what swaps came to", async () => {
  for (const kind of ["Swap", "Lnv1Swap"] as const) {
    const at = await swapping(kind), silent = { ...at.served, module: null, lnv1: null };
    await killed(at);
    const { code } = await assertRejects(() => at.payments().keepOutcomes(silent, never), GatewayError);
    assertEquals([code, await at.listed()], ["under_way", [HASH]]);
  }
});

Deno.test("databases from before there was a list of swaps have one made, once; and it may die at each commit", async () => {
  const count = SWAPS_KEPT_AT_ONCE + 2, mine = count - 1;
  const hashOf = (i: number) => i.toString(16).padStart(64, "0") as Sha256;
  const ways: readonly (Way | null)[] = [{ tag: "Node", value: null }, null];
  for (let deaths = 0, isOver = false; !isOver; deaths++) {
    const at = await swapping("Swap");
    const { durable } = await at.store.transact((tx) => {
      for (let i = 0; i < count; i++) {
        const federationId = i === 0 ? HERE : THERE;
        outgoing.set(tx, hashOf(2 * i), {
          ...OWNER,
          way: { tag: "Lnv1Swap", value: { federationId } },
        });
        outgoing.set(tx, hashOf(2 * i + 1), { ...OWNER, way: ways[i % 2]! });
      }
    });
    await durable;
    at.there.isBegun = true;
    at.there.end.resolve("Success");
    let commits = -Infinity;
    const transact: StoreView["transact"] = (write) => {
      if (commits++ === deaths) throw new Error("killed");
      return at.store.transact(write);
    };
    const store = new Proxy(at.store, {
      get: (of, name) => name === "transact" ? transact : Reflect.get(of, name).bind?.(of),
    });
    const life = (await swapping("Swap", store)).payments();
    commits = 0;
    isOver = await life.keepOutcomes(at.served, never).then(() => true, () => false);
    await at.payments().keepOutcomes(at.served, never);
    const tags = await at.store.read(async (tx) => {
      const found = new Map<string, number>();
      for await (const [, { way }] of outgoing.entries(tx)) {
        const tag = way?.tag ?? "none";
        found.set(tag, (found.get(tag) ?? 0) + 1);
      }
      return Object.fromEntries(found);
    });
    // the test's own payment has no way either
    assertEquals(tags, { Swapped: mine, Lnv1Swap: 1, Node: count / 2, none: count / 2 + 1 });
    // those of the other federation stand in the list until that one is left
    assertEquals(await at.listed(), [hashOf(0)]);
    if (!isOver) continue;
    // whether there is a list, its pages and its end; each page of what is kept is read and written, and none is left
    const pages = Math.ceil(mine / SWAPS_KEPT_AT_ONCE);
    assertEquals(commits, 1 + Math.ceil((2 * count + 1) / SWAPS_KEPT_AT_ONCE) + 1 + 2 * pages + 1);
    assertEquals(deaths, commits);
  }
});
