/** A federation is left only when nothing of it is in anybody's hands, and nothing begins there meanwhile. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import { ok } from "../../core/result.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import type { SendPaymentPayload } from "../../modules/lnv2/gateway_api.ts";
import { incomingOf, PREIMAGE, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import type { Wallets } from "../wallets.ts";
import { GatewayError } from "./error.ts";
import type { FederationsEnv } from "./federations.ts";
import { Federations } from "./federations.ts";
import { HeldPayments } from "./held.ts";
import { Invoices } from "./invoices.ts";
import type { LightningNode } from "./node/node.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";
import { OpenInvoices } from "./open_invoices.ts";
import { federations as records, register } from "./records.ts";

const ID = "bb".repeat(32), AMOUNT_MSAT = 101_000n;
const HASH = sha256(PREIMAGE) as Bytes;
const FEE = { base: 0n, partsPerMillion: 0n };

async function serving() {
  const clock = new ManualClock(), dice = seededDice(1), store = await openMemoryStore({ clock });
  await clock.advance(1_700_000_040_000);
  const lightning = new SimulatedLightning({ clock, dice });
  const aHeld = { amountMsat: AMOUNT_MSAT, claimDeadlineHeight: 1_000_000 },
    world = { isHeld: true, outcomes: Promise.resolve() };
  const node: LightningNode = {
    ...lightning.node("gateway").connect(),
    held: () => Promise.resolve(world.isHeld ? [{ paymentHash: HASH, ...aHeld }] : []),
  };
  const contract = incomingOf(await testLightning());
  const { durable } = await store.transact(async (tx) => {
    records.set(tx, ID, { inviteCode: "", index: 1, lightningFee: FEE, transactionFee: FEE, receiveEnabled: true });
    // its invoice has expired; its payment came before
    await register(tx, toHex(HASH), {
      federationId: ID,
      amountMsat: AMOUNT_MSAT,
      invoiceExpiresAtSecs: 1_700_000_000,
      contract,
    });
  });
  await durable;
  const guardians = Promise.withResolvers<void>(), leftOut: string[] = [];
  const pending = { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n };
  const module = {
    isFunded: () => Promise.resolve(false),
    isFundedOf: () => Promise.resolve(false),
    relayHeld: () => guardians.promise.then(() => (world.isHeld = false, ok(null))),
    sendPayment: () => guardians.promise.then(() => ok(PREIMAGE)),
  };
  const wallet = { use: () => module, getPending: () => Promise.resolve({ ...pending }) };
  const log = loggerFor("test", () => {}), lnv2 = {} as FederationsEnv["lnv2"], lnv1 = {} as FederationsEnv["lnv1"];
  const federations = new Federations({
    store,
    clock,
    dice,
    network: "regtest",
    fees: { lightningFee: FEE, transactionFee: FEE },
    lnv2,
    lnv1,
    log,
    leaving: {
      keepAnswers: () => Promise.resolve(),
      keepOutcomes: () => world.outcomes,
      endInvoices: (served, onProgress) => openInvoices.end(served, onProgress),
      unregister: () => Promise.resolve(),
    },
  });
  federations.open({
    wallet: () => wallet,
    leaveOut: (id: string) => Promise.resolve(void leftOut.push(id)),
  } as unknown as Wallets);
  const watch = new NodeWatch({ node, network: "regtest", store, platform: { clock }, log });
  const closing = new AbortController();
  const openInvoices = new OpenInvoices({ store, node, watch, clock, log, closing: closing.signal });
  const held = new HeldPayments({ store, node, federations, clock, dice, log, closing: closing.signal });
  const invoices = new Invoices({ store, clock, node, watch, federations, rate: { burst: 1, perSecond: 1 } });
  const passing = async (ms: number): Promise<void> => {
    for (let passed = 0; passed < ms; passed += 250) {
      await settle();
      await clock.advance(250);
    }
    await settle();
  };
  return { clock, world, federations, held, invoices, guardians, leftOut, pending, passing };
}

const payload = { federationId: ID } as SendPaymentPayload;
const never = new AbortController().signal;

Deno.test("a federation is not left while a payment is in hand of which its module has nothing yet", async () => {
  for (const kind of ["send", "held"] as const) {
    const { world, federations, held, invoices, guardians, leftOut, passing } = await serving();
    world.isHeld = kind === "held";
    const begun = kind === "send"
      ? invoices.sendPayment(payload, never)
      : held.seen({ paymentHash: HASH, amountMsat: AMOUNT_MSAT, claimDeadlineHeight: 1_000_000 });
    await settle();
    const left = assertRejects(() => federations.leave(ID), GatewayError);
    await passing(60_000);
    assertEquals([(await left).code, leftOut], ["under_way", []]);
    guardians.resolve();
    await begun;
    await federations.leave(ID);
    assertEquals(leftOut, [ID]);
  }
});

Deno.test("a federation that is being left takes nothing new, and what had begun keeps it", async () => {
  const { federations, invoices, guardians, leftOut, pending, passing } = await serving();
  const begun = invoices.sendPayment(payload, never);
  await settle();
  const left = assertRejects(() => federations.leave(ID), GatewayError);
  await passing(500);
  assertEquals((await assertRejects(() => invoices.sendPayment(payload, never), GatewayError)).code, "not_connected");
  pending.incomingMsat = 1n;
  guardians.resolve();
  await begun;
  await passing(500);
  assertEquals([(await left).code, leftOut], ["under_way", []]);
  assertEquals(await invoices.sendPayment(payload, never), ok(PREIMAGE), "it is served as before");
});

Deno.test("a federation is not left before it is known what swaps into it came to", async () => {
  const { world, federations, leftOut, passing } = await serving(), known = Promise.withResolvers<void>();
  Object.assign(world, { isHeld: false, outcomes: known.promise });
  const left = assertRejects(() => federations.leave(ID), GatewayError);
  await passing(500);
  // who asks meanwhile is told
  await assertRejects(() => federations.leave(ID), GatewayError, "This federation is being left");
  await passing(60_000);
  assertEquals([(await left).code, leftOut], ["under_way", []]);
  known.resolve();
  await federations.leave(ID);
  assertEquals(leftOut, [ID]);
});
