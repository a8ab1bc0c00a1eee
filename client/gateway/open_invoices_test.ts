/** Whoever leaves a federation has no invoice of it that could be paid, and no payment of it to settle. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { IncomingContract } from "../../modules/lnv2/contracts.ts";
import { incomingOf, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import { GatewayError } from "./error.ts";
import type { ServedFederation } from "./federations.ts";
import { INVOICES_ENDED_AT_ONCE } from "./limits.ts";
import type { LightningNode, PaymentOutcome } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";
import { OpenInvoices } from "./open_invoices.ts";
import { register, registrationOf } from "./records.ts";

const ID = "bb".repeat(32), OTHER_ID = "cc".repeat(32), AMOUNT_MSAT = 1_000_000n;
const CONTRACT = incomingOf(await testLightning());

async function gateway() {
  const clock = new ManualClock(), dice = seededDice(1), store = await openMemoryStore({ clock });
  await clock.advance(1_700_000_000_000);
  const channel = { localMsat: 100_000_000n, remoteMsat: 100_000_000n };
  const lightning = new SimulatedLightning({ clock, dice });
  const books = lightning.node("gateway", channel), outside = lightning.node("outside", channel).connect();
  const node = books.connect(), log = loggerFor("test", () => {}), closing = new AbortController();
  const watch = new NodeWatch({ node, network: "regtest", store, platform: { clock }, log });
  /** Contracts' amounts, which tell them apart. */
  const funded = new Set<bigint>();
  const module = { isFunded: ({ commitment }: IncomingContract) => Promise.resolve(funded.has(commitment.amount)) };
  const served = { federationId: ID, module } as unknown as ServedFederation;
  const openInvoices = (changes: { readonly store?: StoreView; readonly node?: LightningNode } = {}) =>
    new OpenInvoices({ store, node, watch, clock, log, closing: closing.signal, ...changes });
  let invoices = 0n;
  const invoice = async (federationId = ID) => {
    const preimage: Bytes = new Uint8Array(32).fill(Number(++invoices)), paymentHash = sha256(preimage) as Bytes;
    const hash = toHex(paymentHash) as Sha256, mark = invoices;
    const { durable } = await store.transact((tx) =>
      register(tx, hash, {
        federationId,
        amountMsat: AMOUNT_MSAT,
        invoiceExpiresAtSecs: 1_700_086_400,
        contract: { ...CONTRACT, commitment: { ...CONTRACT.commitment, amount: mark } },
      })
    );
    await durable;
    const description = { tag: "Direct", value: "" } as const;
    const text = await node.createHoldInvoice({
      paymentHash,
      amountMsat: AMOUNT_MSAT,
      expirySecs: 86_400,
      description,
    });
    return {
      preimage,
      paymentHash,
      fund: () => void funded.add(mark),
      state: () => books.books.invoices.get(hash)!.state,
      isRegistered: async () => await store.read((tx) => registrationOf(tx, hash)) !== undefined,
      pay: () => {
        const payment: { outcome: PaymentOutcome | null } = { outcome: null };
        void outside.pay({ invoice: parseBolt11(text), feeLimitMsat: 1_000_000n, cltvLimit: 1_000 })
          .then((outcome) => payment.outcome = outcome);
        return payment;
      },
    };
  };
  return { clock, store, node, books, served, openInvoices, invoice };
}

Deno.test("invoices that nobody has paid end with the federation, those of others stay", async () => {
  const { served, openInvoices, invoice } = await gateway();
  const mine = await Promise.all(Array.from({ length: INVOICES_ENDED_AT_ONCE + 1 }, () => invoice()));
  const others = await invoice(OTHER_ID);
  await openInvoices().end(served);
  for (const each of mine) assertEquals([each.state(), await each.isRegistered()], ["cancelled", false]);
  const paid = mine[0]!.pay();
  await settle();
  assertEquals(paid.outcome?.ok, false);
  assertEquals([others.state(), await others.isRegistered()], ["open", true]);
});

Deno.test("an invoice whose payment has ended keeps nobody, and one that a swap has paid can't be paid again", async () => {
  const { node, served, openInvoices, invoice } = await gateway();
  const paid = await invoice(), swapped = await invoice();
  const payment = paid.pay();
  paid.fund();
  await node.settle(paid.preimage);
  await settle();
  assertEquals(payment.outcome?.ok, true);
  swapped.fund();
  await openInvoices().end(served);
  assertEquals([paid.state(), swapped.state()], ["settled", "cancelled"]);
  // how they stand is told again to one that is joined again
  assertEquals([await paid.isRegistered(), await swapped.isRegistered()], [true, true]);
  const again = swapped.pay();
  await settle();
  assertEquals(again.outcome?.ok, false);
  await openInvoices().end(served);
});

Deno.test("while the node holds a payment nothing ends, whether it was funded for or will be", async () => {
  for (const isFunded of [true, false]) {
    const { node, served, openInvoices, invoice } = await gateway();
    const open = await invoice(), held = await invoice(), payment = held.pay();
    await settle();
    if (isFunded) held.fund();
    const { code } = await assertRejects(() => openInvoices().end(served), GatewayError);
    assertEquals([code, open.state(), held.state(), payment.outcome], ["under_way", "open", "accepted", null]);
    held.fund();
    await node.settle(held.preimage);
    await openInvoices().end(served);
    assertEquals([open.state(), held.state()], ["cancelled", "settled"]);
  }
});

Deno.test("a payment of another amount, and one that comes while invoices end, are given back", async () => {
  const { node, served, openInvoices, invoice } = await gateway();
  const wrong = await invoice(), late = await invoice();
  wrong.pay();
  await settle();
  let payment: ReturnType<typeof late.pay> | null = null;
  const changed: LightningNode = {
    ...node,
    heldPayment: async (hash, signal) => {
      const held = await node.heldPayment(hash, signal);
      return held && { ...held, amountMsat: held.amountMsat + 1n };
    },
    cancel: (hash, signal) => {
      payment ??= late.pay();
      return settle().then(() => node.cancel(hash, signal));
    },
  };
  await openInvoices({ node: changed }).end(served);
  await settle();
  assertEquals([wrong.state(), late.state(), payment!.outcome?.ok], ["cancelled", "cancelled", false]);
});

Deno.test("a node that is away, or falls silent, can't end invoices: the federation stays; without invoices nobody asks it", async () => {
  const { clock, node, books, served, openInvoices, invoice } = await gateway();
  books.stop();
  await openInvoices().end(served);
  books.start();
  const open = await invoice(), silent: LightningNode = { ...node, cancel: () => new Promise<never>(() => {}) };
  await clock.advance(60_000);
  const ended = assertRejects(() => openInvoices({ node: silent }).end(served), GatewayError);
  await settle();
  await clock.advance(60_000);
  assertEquals((await ended).code, "node");
  books.stop();
  await clock.advance(60_000);
  assertEquals((await assertRejects(() => openInvoices().end(served), GatewayError)).code, "node_not_connected");
  books.start();
  await clock.advance(60_000);
  assertEquals([open.state(), await open.isRegistered()], ["open", true]);
  await openInvoices().end(served);
  assertEquals([open.state(), await open.isRegistered()], ["cancelled", false]);
});

Deno.test("invoices end though the gateway dies at any step of it: what is forgotten can't be paid", async () => {
  let deaths = 0;
  for (let count = 0;; count++) {
    const { store, node, served, openInvoices, invoice } = await gateway();
    const all = await [await invoice(), await invoice()];
    let steps = 0;
    const dying = <T>(work: () => Promise<T>): Promise<T> => {
      if (steps++ === count) throw new Error("killed");
      return work();
    };
    const cancel: LightningNode["cancel"] = (hash, signal) => dying(() => node.cancel(hash, signal));
    const transact: StoreView["transact"] = (write) => dying(() => store.transact(write));
    const view = new Proxy(store, {
      get: (of, name) => name === "transact" ? transact : Reflect.get(of, name).bind?.(of),
    });
    const life = openInvoices({ store: view, node: { ...node, cancel } }).end(served);
    const isOver = await life.then(() => true, () => false);
    for (const each of all) if (!await each.isRegistered()) assertEquals(each.state(), "cancelled");
    if (isOver) break;
    deaths++;
    await openInvoices().end(served);
    for (const each of all) assertEquals([each.state(), await each.isRegistered()], ["cancelled", false]);
  }
  // the list; each is read twice and ended; one commit
  assertEquals(deaths, 1 + 2 * 3 + 1);
});
