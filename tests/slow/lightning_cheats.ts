/** Clients, payees and guardians who cheat: no gateway loses by them, and no honest payer. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { sleep } from "../../actors/platform/platform.ts";
import { faultsOf } from "../../client/gateway/node/simulated/faults.ts";
import type { Bytes } from "../../core/bytes.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LightningError } from "../../core/lightning/error.ts";
import { invoicePayload } from "../simulation/invoice_payload.ts";
import { lyingLnv2Server } from "../simulation/evil_guardian.ts";
import { assertConstant, DEFINITIONS, LightningWorld } from "../simulation/lightning.ts";
import { startLiar } from "../simulation/lying_gateway.ts";

const AMOUNT_MSAT = 50_000_000n;
/** Blocks that a contract lasts: the gateway's delta and the client's buffer. */
const CONTRACT_BLOCKS = 1_440 + 12;
/** What nodes on the way take of them, with padding. */
const ROUTE_BLOCKS = 43;
const KEPT_BLOCKS = 144;
/** A node gives back what it holds so many blocks before its time is over. */
const HOLD_BLOCKS = 12;

/** Blocks are found, for guardians and Lightning nodes alike, and guardians have counted them. */
async function mine({ here, lightning }: LightningWorld, blocks: number): Promise<void> {
  if (blocks > 0) await here.mine(blocks);
  lightning.mine(Number(await here.bitcoin("getblockcount")) - lightning.height);
  await sleep(here.world.process("fate").platform.clock, 10_000);
}

/** An invoice of the outside world that it pays itself for when it likes. */
function held({ outside }: LightningWorld, fill: number, finalBlocks = KEPT_BLOCKS) {
  const preimage = new Uint8Array(32).fill(fill) as Bytes, paymentHash = sha256(preimage) as Bytes;
  const text = outside.addInvoice({
    paymentHash,
    amountMsat: AMOUNT_MSAT,
    expirySecs: 86_400,
    minFinalCltvExpiryDelta: finalBlocks,
    description: { tag: "Direct", value: "" },
  }, null);
  return { preimage, paymentHash, text };
}

async function untilHeld({ outside, here }: LightningWorld): Promise<void> {
  const { clock } = here.world.process("fate").platform;
  while (outside.held().length === 0) await sleep(clock, 100);
}

async function outsideInvoice({ outside }: LightningWorld): Promise<string> {
  return await outside.connect().operator.createInvoice({
    amountMsat: AMOUNT_MSAT,
    expirySecs: 3_600,
    description: "",
  });
}

/** All that everybody has is as it should be, whatever the story. */
async function ended(world: LightningWorld, before: { readonly msat: bigint; readonly totalMsat: bigint }) {
  await world.settled();
  assert(await world.gatewayMsat() >= before.msat, "the gateway lost money");
  await world.assertBalanced();
  assertConstant(world, before.totalMsat);
}

const beginning = async (world: LightningWorld) => ({
  msat: await world.gatewayMsat(),
  totalMsat: world.lightning.totalMsat,
});

Deno.test("contracts that expire too early or are worth too little are given back unpaid, and no invoice is made for a contract of another sum", async () => {
  const world = await LightningWorld.start({ seed: 31, total: 1 }), { here } = world;
  const alice = await world.person("alice", here);
  const free = { base: 0, parts_per_million: 0 };
  const hasty = await startLiar(world, "hasty", {
    routingInfo: (told) => ({ ...told, expiration_delta_default: KEPT_BLOCKS - 12 }),
  });
  const mean = await startLiar(world, "mean", {
    routingInfo: (told) => ({ ...told, send_fee_default: free, receive_fee: free }),
  });
  const forger = await startLiar(world, "forger", {
    invoice: (asked) => ({ ...asked, amount: Number(asked.amount) / 2 }),
  });
  await here.play(async () => {
    const before = await beginning(world), outsideMsat = world.outside.books.localMsat;
    for (const liar of [hasty, mean]) {
      assertEquals(await alice.pay(await outsideInvoice(world), liar), "refunded");
    }
    for (const liar of [mean, forger]) {
      const refused = await assertRejects(
        () => alice.lightning.receive(AMOUNT_MSAT, { gateway: liar }),
        LightningError,
      );
      assertEquals(refused.code, "gateway_failed");
    }
    assertEquals(world.outside.books.localMsat, outsideMsat, "nothing was paid");
    assertEquals(world.node.books.payments.size, 0, "the node was never asked");
    await ended(world, before);
  }, 7_200_000);
});

Deno.test("a payee who takes a payment at the last block, while the payer waits for the refund by time, is paid once by the payer's contract", async () => {
  const finalBlocks = CONTRACT_BLOCKS - KEPT_BLOCKS - ROUTE_BLOCKS;
  const world = await LightningWorld.start({ seed: 32, total: 1 }), { here, outside } = world;
  const alice = await world.person("alice", here);
  await here.play(async () => {
    await mine(world, 0);
    const before = await beginning(world), outsideMsat = outside.books.localMsat;
    // one block more, and it isn't begun
    assertEquals(await alice.pay(held(world, 1, finalBlocks + 1).text), "refunded");
    const last = held(world, 2, finalBlocks), paid = alice.pay(last.text);
    await untilHeld(world);
    await mine(world, finalBlocks - HOLD_BLOCKS - 1);
    assertEquals(outside.held().length, 1, "it is held to the last");
    world.killGateway();
    assertEquals(outside.settle(last.preimage), { ok: true, value: null });
    // all that it keeps for itself but one
    await mine(world, KEPT_BLOCKS - 1);
    await world.restartGateway();
    assertEquals(await paid, "success");
    await mine(world, 2 * KEPT_BLOCKS);
    await alice.settled();
    assertEquals(outside.books.localMsat - outsideMsat, AMOUNT_MSAT);
    await ended(world, before);
  }, 7_200_000);
});

Deno.test("a payee who never takes what it holds has it taken back, and the payer has the money before the contract expires", async () => {
  const world = await LightningWorld.start({ seed: 33, total: 1 }), { here, outside } = world;
  const alice = await world.person("alice", here);
  await here.play(async () => {
    await mine(world, 0);
    const before = await beginning(world), outsideMsat = outside.books.localMsat;
    const never = held(world, 1), paid = alice.pay(never.text);
    await untilHeld(world);
    await mine(world, KEPT_BLOCKS);
    assertEquals(await paid, "refunded");
    assertEquals(outside.settle(never.preimage), { ok: false, error: "cancelled" });
    assertEquals(outside.books.localMsat, outsideMsat);
    await ended(world, before);
  }, 7_200_000);
});

Deno.test("an invoice that is paid at both gateways at once, from two federations, is paid by one of them; the other payer has the money back", async () => {
  const world = await LightningWorld.start({ seed: 34, total: 1, gateways: 2 }), { here, there, outside } = world;
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  const [, second] = world.gateways;
  await here.play(async () => {
    const before = await beginning(world), outsideMsat = outside.books.localMsat;
    const secondMsat = await second!.totalMsat(), { text, preimage } = held(world, 1);
    const both = [alice.pay(text), bob.pay(text, second!.url)];
    await untilHeld(world);
    await sleep(here.world.process("fate").platform.clock, 20_000);
    assertEquals(outside.settle(preimage), { ok: true, value: null });
    assertEquals((await Promise.all(both)).sort(), ["refunded", "success"]);
    assertEquals(outside.books.localMsat - outsideMsat, AMOUNT_MSAT);
    assert(await second!.totalMsat() >= secondMsat, "the second gateway lost money");
    await ended(world, before);
  }, 7_200_000);
});

Deno.test("an invoice of one gateway's that is paid as a swap there and over Lightning from the other at once is funded once, and no gateway loses", async () => {
  const world = await LightningWorld.start({ seed: 35, total: 1, gateways: 2 }), { here, there } = world;
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  const carol = await world.person("carol", here, 0n), [, second] = world.gateways;
  await here.play(async () => {
    const before = await beginning(world), secondMsat = await second!.totalMsat();
    const { invoice, operationId } = await carol.invoice(AMOUNT_MSAT);
    const outcomes = await Promise.all([alice.pay(invoice, second!.url), bob.pay(invoice)]);
    assert(outcomes.includes("success"), outcomes.join(" "));
    assertEquals(await carol.received(operationId), "claimed");
    await carol.settled();
    const carolMsat = await carol.balance();
    assert(carolMsat > 0n && carolMsat < AMOUNT_MSAT, `${carolMsat} msat`);
    await ended(world, before);
    assert(await second!.totalMsat() >= secondMsat, "the second gateway lost money");
  }, 7_200_000);
});

Deno.test("an invoice whose contract hides something else than its preimage is paid by nobody, over Lightning or as a swap, and costs the gateway the federation's fees alone", async () => {
  const world = await LightningWorld.start({ seed: 37, total: 1 }), { here, outside } = world;
  const alice = await world.person("alice", here);
  await here.play(async () => {
    const beforeMsat = await world.gatewayMsat(), outsideMsat = outside.books.localMsat;
    const totalMsat = world.lightning.totalMsat;
    const invoiceOf = async (seed: number): Promise<string> => {
      const body = await invoicePayload(world, { seed, encrypted: new Uint8Array(32) as Bytes });
      const { status, text } = await world.ask("/create_bolt11_invoice", { body });
      assertEquals(status, 200);
      return parseJson(text) as string;
    };
    const limits = { feeLimitMsat: 1_000_000n, cltvLimit: 500 };
    const paid = await outside.connect().pay({ invoice: parseBolt11(await invoiceOf(1)), ...limits });
    assertEquals([paid.ok, outside.books.localMsat], [false, outsideMsat]);
    assertEquals(await alice.pay(await invoiceOf(2)), "refunded");
    await world.settled();
    const lostMsat = beforeMsat - await world.gatewayMsat();
    assert(lostMsat > 0n && lostMsat < 200_000n, `${lostMsat} msat`);
    await world.assertBalanced();
    assertConstant(world, totalMsat);
  }, 7_200_000);
});

Deno.test("with one of four guardians lying about shares, contracts, preimages, heights and times, payments go on and nobody loses", async () => {
  const evil = new Map([[1, new Map([...DEFINITIONS, ["lnv2", lyingLnv2Server]])]]);
  const world = await LightningWorld.start({ seed: 36, total: 4, evil }), { here, there, outside, node } = world;
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  await here.play(async () => {
    await mine(world, 0);
    const before = await beginning(world), outsideMsat = outside.books.localMsat;
    assertEquals(await alice.pay(await outsideInvoice(world)), "success");
    const { invoice, operationId } = await bob.invoice(AMOUNT_MSAT);
    const limits = { feeLimitMsat: 1_000_000n, cltvLimit: 500 };
    const paid = await outside.connect().pay({ invoice: parseBolt11(invoice), ...limits });
    assert(paid.ok);
    assertEquals(await bob.received(operationId), "claimed");
    const swap = await bob.invoice(AMOUNT_MSAT);
    assertEquals(await alice.pay(swap.invoice), "success");
    assertEquals(await bob.received(swap.operationId), "claimed");
    node.faults = faultsOf({ noRoute: 1 });
    assertEquals(await alice.pay(await outsideInvoice(world)), "refunded");
    node.faults = faultsOf({});
    // a contract isn't over because one guardian says so
    const late = held(world, 1), open = alice.pay(late.text);
    await untilHeld(world);
    await mine(world, 20);
    assertEquals(outside.settle(late.preimage), { ok: true, value: null });
    assertEquals(await open, "success");
    assertEquals(outside.books.localMsat - outsideMsat, AMOUNT_MSAT - paid.value.feeMsat);
    await ended(world, before);
  }, 7_200_000);
});
