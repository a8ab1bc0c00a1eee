/** A payment has one way, whatever changes after it has begun; what isn't known is no outcome. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { ManualClock, settle } from "../../actors/testing/manual_clock.ts";
import { loggerFor } from "../../actors/logger.ts";
import { openMemoryStore } from "../../actors/store/memory.ts";
import type { Store } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../core/lightning/bolt11_write.ts";
import type { OutgoingPayment, PaymentStanding } from "../../core/lightning/gateway_payment.ts";
import { err, ok } from "../../core/result.ts";
import type { OperationId, Sha256 } from "../../core/types/ids.ts";
import type { LnGatewayModule } from "../../modules/ln/gateway/api.ts";
import type { GatewayModule } from "../../modules/lnv2/gateway/api.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { incomingOf, PREIMAGE, testLightning } from "../../modules/lnv2/testing/guardians.ts";
import type { Federations } from "./federations.ts";
import { CLTV_LIMIT_MAX } from "./limits.ts";
import type { LightningNode, PaymentRequest } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import { faultsOf, NO_FAULTS } from "./node/simulated/faults.ts";
import { SimulatedLightning } from "./node/simulated/lightning.ts";
import { NodeWatch } from "./node_watch.ts";
import { Payments } from "./payments.ts";
import type { FederationRecord } from "./records.ts";
import { register } from "./records.ts";

const HERE = "aa".repeat(32), THERE = "bb".repeat(32);
const OPERATION = "11".repeat(32) as OperationId, OTHER = "22".repeat(32) as OperationId;
const THIRD = "33".repeat(32) as OperationId;
const OWNER = { federationId: HERE, operationId: OPERATION };
const HASH = sha256(PREIMAGE) as Bytes;
const FEE = { base: 0n, partsPerMillion: 0n };
const RECORD: FederationRecord = {
  inviteCode: "",
  index: 1,
  lightningFee: FEE,
  transactionFee: FEE,
  receiveEnabled: true,
};
const never = new AbortController().signal;

async function gateway(store?: Store) {
  const clock = new ManualClock(), lightning = new SimulatedLightning({ clock, dice: seededDice(1) });
  await clock.advance(1_700_000_040_000);
  const simulated = lightning.node("gateway", { localMsat: 10_000_000n, remoteMsat: 10_000_000n });
  const outside = lightning.node("outside", { localMsat: 10_000_000n, remoteMsat: 10_000_000n }).connect();
  const kept = store ?? await openMemoryStore({ clock });
  const requests: PaymentRequest[] = [], plain = simulated.connect();
  const node: LightningNode = {
    ...plain,
    pay: (request, signal) => {
      requests.push(request);
      return plain.pay(request, signal);
    },
  };
  const log = loggerFor("test", () => {});
  const watch = new NodeWatch({ node, network: "regtest", store: kept, platform: { clock }, log });
  const funded: string[] = [];
  /** What stands for the gateway in its federations: a module that buys every preimage. */
  const standings = new Map<OperationId, PaymentStanding>();
  /** Of operations in the module ln. */
  const lnv1Standings = new Map<OperationId, PaymentStanding>();
  const served = {
    standings,
    lnv1Standings,
    lnv1: {
      paymentStanding: (id: OperationId) => Promise.resolve(lnv1Standings.get(id) ?? "unknown"),
      isBought: () => Promise.resolve(funded.length > 0),
      buy: () => {
        funded.push("offer");
        return Promise.resolve(ok(null));
      },
      awaitBought: () => Promise.resolve({ tag: "Success", preimage: PREIMAGE }),
    } as unknown as LnGatewayModule | null,
    /** Short channel ids of version 1. */
    indexes: new Map<bigint, string>(),
    record: RECORD as FederationRecord | undefined,
    module: {
      paymentStanding: (id: OperationId) => Promise.resolve(standings.get(id) ?? "unknown"),
      isFunded: () => Promise.resolve(funded.length > 0),
      fund: () => {
        funded.push("contract");
        return Promise.resolve(ok(null));
      },
      awaitBought: () => Promise.resolve({ tag: "Success", value: PREIMAGE }),
    } as unknown as GatewayModule | null,
  };
  const federations = {
    record: () => Promise.resolve(served.record),
    using: (_: string, work: () => Promise<unknown>) => work(),
    ofIndex: (channel: bigint) => Promise.resolve(served.indexes.get(channel) ?? null),
    module: () => served.module,
    lnv1: () => served.lnv1,
    awaitLnv1: (_: string, signal: AbortSignal, isOwed: boolean) =>
      served.lnv1 || !isOwed
        ? Promise.resolve(served.lnv1)
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    awaitModule: (_: string, signal: AbortSignal, isOwed: boolean) =>
      served.module || !isOwed
        ? Promise.resolve(served.module)
        : new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  } as unknown as Federations;
  const env = { store: kept, node, watch, clock, federations: () => federations };
  return {
    payments: new Payments(env),
    env,
    clock,
    simulated,
    node,
    outside,
    lightning,
    store: kept,
    served,
    funded,
    requests,
  };
}

function paymentOf(invoice: string, changes: Partial<OutgoingPayment> = {}): OutgoingPayment {
  return {
    owner: OWNER,
    invoice: parseBolt11(invoice),
    cltvLimit: 500n,
    endBlockCount: 2n ** 64n - 1n,
    feeLimitMsat: 10_000n,
    mayBegin: true,
    ...changes,
  };
}

async function invoiceOutside({ outside }: Awaited<ReturnType<typeof gateway>>): Promise<string> {
  return await outside.operator.createInvoice({ amountMsat: 100_000n, expirySecs: 600, description: "" });
}

/** An invoice of the gateway's own node, with its contract registered. */
async function ownInvoice({ node, store }: Awaited<ReturnType<typeof gateway>>): Promise<string> {
  const contract = incomingOf(await testLightning());
  const { durable } = await store.transact((tx) =>
    register(tx, toHex(HASH), {
      federationId: THERE,
      amountMsat: 101_000n,
      invoiceExpiresAtSecs: 1_700_003_640,
      contract,
    })
  );
  await durable;
  return await node.createHoldInvoice({
    paymentHash: HASH,
    amountMsat: 101_000n,
    expirySecs: 600,
    description: { tag: "Direct", value: "" },
  });
}

Deno.test("the first operation of all federations has a payment hash as long as it is under way, and for ever once it has paid", async () => {
  const { payments, served } = await gateway();
  const claim = (federationId: string, operationId: OperationId) =>
    payments.claimPaymentImage(HASH, { federationId, operationId });
  assertEquals(await claim(HERE, OPERATION), true);
  served.standings.set(OPERATION, "under_way_or_paid");
  assertEquals(await claim(HERE, OPERATION), true);
  assertEquals(await claim(HERE, OTHER), false);
  assertEquals(await claim(THERE, OPERATION), false);
});

Deno.test("a payment hash passes on when its operation has ended without a payment, and from one that never began; to one operation", async () => {
  for (const standing of ["cancelled", "unknown"] as const) {
    const { payments, served } = await gateway();
    const claim = (operationId: OperationId) => payments.claimPaymentImage(HASH, { federationId: HERE, operationId });
    assertEquals(await claim(OPERATION), true);
    served.standings.set(OPERATION, standing).set(OTHER, "under_way_or_paid").set(THIRD, "under_way_or_paid");
    const claims = await Promise.all([claim(OTHER), claim(THIRD)]);
    assertEquals(claims.filter((isOwn) => isOwn).length, 1);
    assertEquals(await claim(OPERATION), false);
    // the first one begins after all: it is told that another one has the hash
    const invoice = await invoiceOutside(await gateway());
    const stolen = { ...paymentOf(invoice), invoice: { ...parseBolt11(invoice), paymentHash: toHex(HASH) as Sha256 } };
    assertEquals(await payments.pay(stolen, never), err({ tag: "DuplicatePayment", value: null }));
  }
});

Deno.test("a payment hash never passes on from an operation whose federation can't be asked, or that may have begun unseen", async () => {
  const at = await gateway(), { payments, served } = at, invoice = await invoiceOutside(at);
  const { paymentHash } = parseBolt11(invoice), hash = fromHex(paymentHash);
  const other = { federationId: HERE, operationId: OTHER };
  assertEquals(await payments.claimPaymentImage(hash, OWNER), true);
  assertEquals((await payments.pay(paymentOf(invoice), never)).ok, true);
  // as if its federation's part of the database were lost: it has a way, so it may have been paid
  assertEquals(await payments.claimPaymentImage(hash, other), false);
  served.standings.set(OPERATION, "cancelled");
  served.module = null;
  assertEquals(await payments.claimPaymentImage(hash, other), false);
});

Deno.test("who has a hash after a payment that failed pays anew, once, also over a crash at every step", async () => {
  // 0: before its way is kept. 1: before it has begun. 2: while it is on its way. 3: before its end is told
  for (const crash of [0, 1, 2, 3]) {
    const at = await gateway(), { clock, simulated, outside, served, requests } = at;
    simulated.faults = { ...NO_FAULTS, noRoute: 1 };
    const invoice = await outside.createHoldInvoice({
      paymentHash: HASH,
      amountMsat: 100_000n,
      expirySecs: 6_000,
      description: { tag: "Direct", value: "" },
    });
    await at.payments.claimPaymentImage(HASH, OWNER);
    const failed = await at.payments.pay(paymentOf(invoice), never);
    assertEquals(!failed.ok && failed.error.tag, "LightningRpcError");
    served.standings.set(OPERATION, "cancelled").set(OTHER, "under_way_or_paid");
    simulated.faults = NO_FAULTS;
    const owner = { federationId: THERE, operationId: OTHER }, payment = paymentOf(invoice, { owner });
    assertEquals(await at.payments.claimPaymentImage(HASH, owner), true);
    const dying = new AbortController();
    if (crash === 0) dying.abort(new Error("killed"));
    if (crash === 1) simulated.faults = { ...NO_FAULTS, lostCall: 1 };
    const begun = at.payments.pay(payment, dying.signal).catch(() => "died");
    for (let turn = 0; turn < 5; turn++) {
      await settle();
      await clock.advance(1_000);
    }
    if (crash === 3) await outside.settle(PREIMAGE);
    dying.abort(new Error("killed"));
    await begun;
    simulated.faults = NO_FAULTS;
    // as it is after a start
    const paid = new Payments(at.env).pay(payment, never);
    for (let turn = 0; turn < 5; turn++) {
      await settle();
      await clock.advance(1_000);
    }
    await outside.settle(PREIMAGE);
    await clock.advance(1_000);
    assertEquals(await paid, ok({ preimage: PREIMAGE, targetFederation: null }));
    // what the failed one was never counts as this one's
    assertEquals(simulated.books.payments.get(toHex(HASH))?.number, 2n);
    assertEquals(requests.at(-1)?.after, 1n);
    assertEquals(requests.filter(({ after }) => after === null).length, 1);
  }
});

Deno.test("what may not begin is followed where the node knows it, and is nothing where it doesn't", async () => {
  const at = await gateway(), { payments, requests } = at;
  const invoice = await invoiceOutside(at), { paymentHash } = parseBolt11(invoice);
  await payments.claimPaymentImage(fromHex(paymentHash), { federationId: HERE, operationId: OPERATION });
  assertEquals(await payments.pay(paymentOf(invoice, { mayBegin: false }), never), ok(null));
  assertEquals(requests.length, 0);
  const paid = await payments.pay(paymentOf(invoice), never);
  assertEquals(paid.ok && paid.value !== null, true);
  assertEquals(await payments.pay(paymentOf(invoice, { mayBegin: false, cltvLimit: 0n }), never), paid);
  assertEquals(at.simulated.books.payments.size, 1);
});

Deno.test("a contract that lasts for ever binds the node's money no longer than nodes are used to", async () => {
  const at = await gateway(), invoice = await invoiceOutside(at), { paymentHash } = parseBolt11(invoice);
  await at.payments.claimPaymentImage(fromHex(paymentHash), { federationId: HERE, operationId: OPERATION });
  await at.payments.pay(paymentOf(invoice, { cltvLimit: 2n ** 63n }), never);
  assertEquals(at.requests.map(({ cltvLimit }) => cltvLimit), [CLTV_LIMIT_MAX]);
});

Deno.test("money is bound by the node's height as well: guardians that are behind, or whose count jumps, win nothing", async () => {
  for (const [beyond, cltvLimit] of [[200n, 200], [1_000n, 500], [0n, null], [-300n, null]] as const) {
    const at = await gateway(), invoice = await invoiceOutside(at), { paymentHash } = parseBolt11(invoice);
    await at.payments.claimPaymentImage(fromHex(paymentHash), { federationId: HERE, operationId: OPERATION });
    // a block count is one more than the height; 144 blocks are the gateway's own
    const endBlockCount = BigInt(at.lightning.height) + 1n + beyond;
    const paid = await at.payments.pay(paymentOf(invoice, { endBlockCount }), never);
    assertEquals(paid.ok, cltvLimit !== null);
    assertEquals(at.requests.map((request) => request.cltvLimit), [cltvLimit ?? 0]);
    assertEquals(at.simulated.books.payments.size, cltvLimit === null ? 0 : 1);
  }
});

Deno.test("a swap goes on after its registration is gone and receiving is off; it never goes out over Lightning", async () => {
  const at = await gateway(), { payments, served, funded, requests } = at, invoice = await ownInvoice(at);
  await payments.claimPaymentImage(HASH, { federationId: HERE, operationId: OPERATION });
  const swapped = ok({ preimage: PREIMAGE, targetFederation: THERE });
  assertEquals(await payments.pay(paymentOf(invoice), never), swapped);
  served.record = { ...RECORD, receiveEnabled: false };
  assertEquals(await payments.pay(paymentOf(invoice, { mayBegin: false }), never), swapped);
  assertEquals([funded.length, requests.length], [1, 0]);
});

Deno.test("a swap is refused that has another amount, whose receiver's federation has receiving off, or that nobody registered", async () => {
  const off = await gateway(), invoice = await ownInvoice(off);
  off.served.record = { ...RECORD, receiveEnabled: false };
  const unregistered = await gateway();
  const foreign = await unregistered.node.operator.createInvoice({ amountMsat: 5n, expirySecs: 600, description: "" });
  for (const [{ payments, funded, requests }, text] of [[off, invoice], [unregistered, foreign]] as const) {
    const { paymentHash } = parseBolt11(text);
    await payments.claimPaymentImage(fromHex(paymentHash), { federationId: HERE, operationId: OPERATION });
    const refused = await payments.pay(paymentOf(text), never);
    assertEquals(!refused.ok && refused.error.tag, "RegistrationError");
    assertEquals([funded.length, requests.length], [0, 0]);
  }
});

Deno.test("a swap whose federation was left after it may have begun is waited for, and never called failed", async () => {
  const at = await gateway(), { payments, served } = at, invoice = await ownInvoice(at);
  await payments.claimPaymentImage(HASH, { federationId: HERE, operationId: OPERATION });
  const dying = new AbortController();
  served.module = { ...served.module!, awaitBought: () => new Promise<never>(() => {}) } as unknown as GatewayModule;
  void payments.pay(paymentOf(invoice), dying.signal).catch(() => undefined);
  await settle();
  dying.abort(new Error("the gateway was killed"));
  served.module = null;
  served.record = undefined;
  const ending = new AbortController();
  let outcome: unknown = "none";
  const waiting = payments.pay(paymentOf(invoice), ending.signal).then(
    (value) => outcome = value,
    () => outcome = "none",
  );
  for (let turn = 0; turn < 10; turn++) await settle();
  ending.abort(new Error("the test is over"));
  await waiting;
  assertEquals(outcome, "none");
});

Deno.test("another node than the one where payments began counts as away", async () => {
  const first = await gateway();
  assertEquals(await first.payments.isNodeConnected(), true);
  const clock = new ManualClock(), lightning = new SimulatedLightning({ clock, dice: seededDice(2) });
  const node = lightning.node("another").connect(), log = loggerFor("test", () => {});
  const watch = new NodeWatch({ node, network: "regtest", store: first.store, platform: { clock }, log });
  assertEquals(await watch.info(), null);
  const elsewhere = new NodeWatch({
    node,
    network: "signet",
    store: await openMemoryStore({ clock }),
    platform: { clock },
    log,
  });
  assertEquals(await elsewhere.info(), null);
});

Deno.test("a held payment is never ended at another node than the one that holds it", async () => {
  const first = await gateway(), invoice = await ownInvoice(first), { paymentHash } = parseBolt11(invoice);
  assertEquals(await first.payments.isNodeConnected(), true);
  // the operator starts the gateway with a node of another key: what it says of the payment is about nothing
  const clock = new ManualClock(), lightning = new SimulatedLightning({ clock, dice: seededDice(2) });
  const node = lightning.node("another").connect(), log = loggerFor("test", () => {});
  const watch = new NodeWatch({ node, network: "regtest", store: first.store, platform: { clock }, log });
  const payments = new Payments({ store: first.store, node, watch, clock, federations: () => undefined as never });
  const ending = new AbortController();
  for (const preimage of [PREIMAGE, null]) {
    let outcome: unknown = "none";
    const ended = payments.completeHeld(fromHex(paymentHash), preimage, ending.signal);
    const waiting = ended.then((value) => outcome = value, () => {});
    for (let turn = 0; turn < 10; turn++) {
      await settle();
      await clock.advance(1_000);
    }
    if (preimage === null) ending.abort(new Error("the test is over"));
    assertEquals(outcome, "none");
    if (preimage === null) await waiting;
  }
});

Deno.test("what the node holds is looked at anew; one that is away, behind its chain, or another one is no word on it", async () => {
  const at = await gateway(), { clock, simulated, outside, store, node } = at;
  const text = await node.createHoldInvoice({
    paymentHash: HASH,
    amountMsat: 100_000n,
    expirySecs: 600,
    description: { tag: "Direct", value: "" },
  });
  void outside.pay({ invoice: parseBolt11(text), feeLimitMsat: 10_000n, cltvLimit: 1_000 });
  const held = { paymentHash: HASH, amountMsat: 100_000n, claimDeadlineHeight: 100 + 144 - 36, blockHeight: 100 };
  assertEquals(await at.payments.heldNow(HASH, never), held);
  const log = loggerFor("test", () => {}), federations = () => undefined as never;
  const behind: LightningNode = { ...node, info: async () => ({ ...await node.info(), isSynced: false }) };
  const stranger = (await outside.info()).publicKey;
  const another: LightningNode = { ...node, info: async () => ({ ...await node.info(), publicKey: stranger }) };
  for (const changed of [behind, another]) {
    const watch = new NodeWatch({ node: changed, network: "regtest", store, platform: { clock }, log });
    const payments = new Payments({ store, node: changed, watch, clock, federations });
    await assertRejects(() => payments.heldNow(HASH, never), NodeError);
  }
  // it died right after it told of the payment
  simulated.faults = faultsOf({ forgetsHeld: 1 });
  simulated.restart();
  assertEquals(await at.payments.heldNow(HASH, never), null);
  await clock.advance(60_000);
  simulated.stop();
  await assertRejects(() => at.payments.heldNow(HASH, never), NodeError);
});

Deno.test("a node that comes back without a payment that it had is not asked for it again, and nothing is forfeited", async () => {
  const at = await gateway(), { clock, outside, simulated, requests } = at;
  const invoice = await outside.createHoldInvoice({
    paymentHash: HASH,
    amountMsat: 100_000n,
    expirySecs: 600,
    description: { tag: "Direct", value: "" },
  });
  await at.payments.claimPaymentImage(HASH, { federationId: HERE, operationId: OPERATION });
  const dying = new AbortController();
  const begun = at.payments.pay(paymentOf(invoice), dying.signal).catch(() => "died");
  for (let turn = 0; turn < 20; turn++) {
    await settle();
    await clock.advance(1_000);
  }
  assertEquals([requests.length, simulated.books.payments.size], [1, 1]);
  dying.abort(new Error("the gateway was killed"));
  assertEquals(await begun, "died");
  simulated.books.payments.clear();
  for (const mayBegin of [true, false]) {
    await assertRejects(() => at.payments.pay(paymentOf(invoice, { mayBegin }), never), NodeError, "older state");
  }
  assertEquals(requests.length, 1);
});

Deno.test("a payment hash is one operation's of both modules, and passes on only when that one has ended unpaid", async () => {
  const { payments, served } = await gateway();
  const claim = (operationId: OperationId) => payments.claimPaymentImage(HASH, { federationId: HERE, operationId });
  assertEquals(await claim(OPERATION), true);
  // the one of version 1, which the module lnv2 knows nothing of
  served.lnv1Standings.set(OPERATION, "under_way_or_paid");
  assertEquals(await claim(OTHER), false);
  served.lnv1 = null;
  served.standings.set(OPERATION, "under_way_or_paid");
  assertEquals(await claim(OTHER), false);
  served.standings.set(OPERATION, "cancelled");
  assertEquals(await claim(OTHER), true);
});

/** An invoice of somebody in a federation of the gateway's, as clients of version 1 sign it. */
function lnv1Invoice(node: Bytes): string {
  return writeBolt11({
    currency: "regtest",
    amountMsat: 100_000n,
    timestamp: 1_700_000_040n,
    expirySecs: 3_600n,
    paymentHash: toHex(HASH) as Sha256,
    description: { tag: "Direct", value: "" },
    minFinalCltvExpiryDelta: 18n,
    paymentSecret: new Uint8Array(32).fill(5),
    features: FEATURES_BASIC,
    routeHints: [[{
      srcNodeId: node,
      shortChannelId: 3n,
      baseMsat: 0,
      proportionalMillionths: 0,
      cltvExpiryDelta: 30,
      htlcMinimumMsat: null,
      htlcMaximumMsat: null,
    }]],
  }, new Uint8Array(32).fill(9));
}

Deno.test("an invoice that leads to a federation of the gateway's is a swap, and stays one whatever changes", async () => {
  const at = await gateway(), { payments, served, funded, requests } = at;
  served.indexes.set(3n, THERE);
  const payment = paymentOf(lnv1Invoice(at.simulated.publicKey));
  await payments.claimPaymentImage(HASH, payment.owner);
  served.record = { ...RECORD, receiveEnabled: false };
  const refused = await payments.pay({ ...payment, mayBegin: true }, never);
  assertEquals([refused.ok, funded.length], [false, 0]);
  served.record = RECORD;
  assertEquals(await payments.pay(payment, never), ok({ preimage: PREIMAGE, targetFederation: THERE }));
  // the federation was left, and receiving is off: what was bought is what it is
  served.indexes.clear();
  served.record = { ...RECORD, receiveEnabled: false };
  assertEquals(
    await payments.pay({ ...payment, mayBegin: false }, never),
    ok({ preimage: PREIMAGE, targetFederation: THERE }),
  );
  assertEquals([funded, requests], [["offer"], []]);
});

Deno.test("a swap whose federation can't be asked at the moment is no failure: it is waited for", async () => {
  const at = await gateway(), { payments, served, clock } = at;
  served.indexes.set(3n, THERE);
  const payment = paymentOf(lnv1Invoice(at.simulated.publicKey));
  await payments.claimPaymentImage(HASH, payment.owner);
  served.lnv1 = null;
  let outcome: string | null = null;
  const giveUp = new AbortController();
  const paying = payments.pay(payment, giveUp.signal).then(() => outcome = "known", () => outcome = "given up");
  await settle();
  await clock.advance(3_600_000);
  assertEquals(outcome, null);
  giveUp.abort(new Error("the test is over"));
  await paying;
  assertEquals(outcome, "given up");
});
