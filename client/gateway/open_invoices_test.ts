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
import type { ContractId } from "../../modules/lnv2/contracts.ts";
import { incomingContractId } from "../../modules/lnv2/contracts.ts";
import { incomingOf, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import { GatewayError } from "./error.ts";
import type { ServedFederation } from "./federations.ts";
import { ENDED_AFTER_EXPIRY_SECS, INVOICES_ENDED_AT_ONCE, REGISTRATIONS_READ_AT_ONCE } from "./limits.ts";
import type { LightningNode, PaymentOutcome } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";
import { OpenInvoices } from "./open_invoices.ts";
import { register, registrationHead, registrationHeads, registrationOf } from "./records.ts";

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
  const funded = new Set<ContractId>();
  const module = { isFundedOf: (id: ContractId) => Promise.resolve(funded.has(id)) };
  const served = { federationId: ID, module } as unknown as ServedFederation;
  const openInvoices = (changes: { readonly store?: StoreView; readonly node?: LightningNode } = {}) =>
    new OpenInvoices({ store, node, watch, clock, log, closing: closing.signal, ...changes });
  let invoices = 0n;
  const invoice = async (federationId = ID, expirySecs = 86_400) => {
    const preimage: Bytes = new Uint8Array(32).fill(Number(++invoices)), paymentHash = sha256(preimage) as Bytes;
    const hash = toHex(paymentHash) as Sha256;
    // amounts tell contracts apart
    const contract = { ...CONTRACT, commitment: { ...CONTRACT.commitment, amount: invoices } };
    const { durable } = await store.transact((tx) =>
      register(tx, hash, {
        federationId,
        amountMsat: AMOUNT_MSAT,
        invoiceExpiresAtSecs: 1_700_000_000 + expirySecs,
        contract,
      })
    );
    await durable;
    const description = { tag: "Direct", value: "" } as const;
    const text = await node.createHoldInvoice({
      paymentHash,
      amountMsat: AMOUNT_MSAT,
      expirySecs,
      description,
    });
    return {
      preimage,
      paymentHash,
      fund: () => void funded.add(incomingContractId(contract)),
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
    held: async (signal) =>
      (await node.held(signal)).map((payment) => ({ ...payment, amountMsat: payment.amountMsat + 1n })),
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
  // two pages and no more are read; two are ended; one commit; and the pages once more
  assertEquals(deaths, 2 + 1 + 2 + 1 + 1);
});

Deno.test("an invoice that expired long since is forgotten without a word to the node, unless it was funded for", async () => {
  const { clock, node, served, openInvoices, invoice } = await gateway(), asked: string[] = [];
  const old = await invoice(ID, 60), funded = await invoice(ID, 60), late = await invoice(ID, 61);
  funded.fund();
  await clock.advance((60 + ENDED_AFTER_EXPIRY_SECS + 1) * 1_000);
  const cancel: LightningNode["cancel"] = (hash, signal) => {
    asked.push(toHex(hash));
    return node.cancel(hash, signal);
  };
  await openInvoices({ node: { ...node, cancel } }).end(served);
  assertEquals(asked, [toHex(late.paymentHash)]);
  assertEquals([await old.isRegistered(), await funded.isRegistered(), await late.isRegistered()], [
    false,
    true,
    false,
  ]);
});

Deno.test("of very many invoices the node is asked once what it holds, and once to end each that is open; how far that is is told", async () => {
  const { store, node, served, openInvoices } = await gateway();
  const mine = REGISTRATIONS_READ_AT_ONCE + 1, calls = { held: 0, cancel: 0, heldPayment: 0 };
  const { durable } = await store.transact(async (tx) => {
    for (let i = 0; i < mine + 1; i++) {
      await register(tx, i.toString(16).padStart(64, "0") as Sha256, {
        federationId: i === 0 ? OTHER_ID : ID,
        amountMsat: AMOUNT_MSAT,
        invoiceExpiresAtSecs: 1_700_086_400,
        contract: CONTRACT,
      });
    }
  });
  await durable;
  const counting: LightningNode = {
    ...node,
    held: () => (calls.held++, node.held()),
    cancel: (hash) => (calls.cancel++, node.cancel(hash)),
    heldPayment: (hash) => (calls.heldPayment++, node.heldPayment(hash)),
  };
  const far: number[] = [];
  await openInvoices({ node: counting }).end(served, ({ ended, invoices }) => {
    far.push(ended);
    assertEquals(invoices, mine);
  });
  assertEquals(calls, { held: 1, cancel: mine, heldPayment: 0 });
  assertEquals([far[0], far.at(-1), far.length > 60], [INVOICES_ENDED_AT_ONCE, mine, true]);
  const left = await store.read((tx) => registrationHeads(tx, { after: null, limit: 10 }));
  assertEquals(left.map(([, { federationId }]) => federationId), [OTHER_ID]);
});

Deno.test("what is read of very many registrations is what stands in each", async () => {
  const { store, invoice } = await gateway(), one = await invoice(), two = await invoice(OTHER_ID, 60);
  const heads = new Map(await store.read((tx) => registrationHeads(tx, { after: null, limit: 10 })));
  for (const { paymentHash } of [one, two]) {
    const hash = toHex(paymentHash) as Sha256,
      { contract, ...rest } = (await store.read((tx) => registrationOf(tx, hash)))!;
    assertEquals(heads.get(hash), { ...rest, contractId: incomingContractId(contract) });
    assertEquals(await store.read((tx) => registrationHead(tx, hash)), heads.get(hash));
  }
  const [first, second] = [...heads.keys()].sort();
  const after = (hash: Sha256) => store.read((tx) => registrationHeads(tx, { after: hash, limit: 1 }));
  assertEquals([(await after(first!))[0]![0], await after(second!)], [second, []]);
});
