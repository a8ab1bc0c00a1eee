/** A gateway that dies at each commit of a payment of version 1: it pays once, buys once, and gives up once. */
import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../actors/platform/platform.ts";
import { faultsOf } from "../../client/gateway/node/simulated/faults.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LnError } from "../../modules/ln/client/error.ts";
import { assertConstant, LightningWorld } from "../simulation/lightning.ts";
import type { Person } from "../simulation/person.ts";

const AMOUNT_MSAT = 10_000_000n;
/** Payments have fewer commits. */
const COMMITS_MAX = 60;

/** One payment for each commit that the gateway makes in it, until it makes none more. @returns how many died */
async function dyingAtEach(
  world: LightningWorld,
  commit: "lost" | "kept",
  payment: () => Promise<void>,
): Promise<number> {
  for (let count = 1; count < COMMITS_MAX; count++) {
    const fate = await world.crashAtCommit(count, commit);
    await payment();
    // what is still under way may be what it dies in
    await Promise.race([fate.back, idle(world).catch(() => fate.back)]);
    if (!fate.hasDied) return count - 1;
    await fate.back;
    await idle(world);
  }
  throw new Error("a payment has no end of commits");
}

async function idle(world: LightningWorld): Promise<void> {
  for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
}

async function worldOf(seed: number): Promise<LightningWorld> {
  return await LightningWorld.start({ seed, total: 1, lightning: ["ln", "lnv2"] });
}

/** Waits until the wallet knows the gateway. */
async function knowing(world: LightningWorld, person: Person): Promise<void> {
  const { clock } = world.here.world.process("fate").platform;
  for (let tries = 0; tries < 60; tries++) {
    await person.lnv1.updateGateways();
    if ((await person.lnv1.gateways()).length === 1) return;
    await sleep(clock, 1_000);
  }
  throw new Error("the gateway is not registered");
}

for (const commit of ["lost", "kept"] as const) {
  Deno.test(`a gateway that dies at each commit, which is ${commit}, pays for each contract of version 1 once`, async () => {
    const world = await worldOf(13), totalMsat = world.lightning.totalMsat;
    const alice = await world.person("alice", world.here, 5_000_000_000n), outside = world.outside.connect();
    await world.here.play(async () => {
      await knowing(world, alice);
      const before = await world.gatewayMsat();
      let payments = 0n;
      const died = await dyingAtEach(world, commit, async () => {
        const invoice = await outside.operator.createInvoice({
          amountMsat: AMOUNT_MSAT,
          expirySecs: 3_600,
          description: "",
        });
        const had = world.outside.books.localMsat;
        const { operationId } = await begun(world, () => alice.lnv1.pay(invoice));
        assertEquals((await alice.lnv1.awaitPay(operationId)).outcome, "success");
        assertEquals(world.outside.books.localMsat - had, AMOUNT_MSAT);
        payments++;
      });
      assert(died >= 4, `it died ${died} times`);
      await idle(world);
      // 0.3 % and 2 sat each, less what routing takes
      assert(await world.gatewayMsat() - before > payments * 20_000n);
      await world.settled();
      await world.assertBalanced();
    }, 36_000_000);
    assertConstant(world, totalMsat);
  });

  Deno.test(`a gateway that dies at each commit, which is ${commit}, gives each contract up that it couldn't pay for`, async () => {
    const world = await worldOf(14), totalMsat = world.lightning.totalMsat;
    const alice = await world.person("alice", world.here, 5_000_000_000n), outside = world.outside.connect();
    await world.here.play(async () => {
      await knowing(world, alice);
      world.node.faults = faultsOf({ noRoute: 1 });
      const before = await world.gatewayMsat(), outsideHad = world.outside.books.localMsat;
      const died = await dyingAtEach(world, commit, async () => {
        const invoice = await outside.operator.createInvoice({
          amountMsat: AMOUNT_MSAT,
          expirySecs: 3_600,
          description: "",
        });
        const { operationId } = await begun(world, () => alice.lnv1.pay(invoice));
        assertEquals((await alice.lnv1.awaitPay(operationId)).outcome, "refunded");
      });
      assert(died >= 4, `it died ${died} times`);
      await world.settled();
      assertEquals([await world.gatewayMsat(), world.outside.books.localMsat], [before, outsideHad]);
      await world.assertBalanced();
    }, 36_000_000);
    assertConstant(world, totalMsat);
  });

  Deno.test(`a gateway that dies at each commit, which is ${commit}, buys what each forward is for once, and settles it`, async () => {
    const world = await worldOf(15), totalMsat = world.lightning.totalMsat;
    const bob = await world.person("bob", world.there, 0n), outside = world.outside.connect();
    await world.here.play(async () => {
      await knowing(world, bob);
      const before = await world.gatewayMsat();
      let payments = 0n;
      const died = await dyingAtEach(world, commit, async () => {
        const { invoice, operationId } = await begun(world, () => bob.lnv1.receive(AMOUNT_MSAT));
        const had = world.outside.books.localMsat;
        const paid = await outside.pay({ invoice: parseBolt11(invoice), feeLimitMsat: 1_000_000n, cltvLimit: 1_000 });
        assertEquals(paid.ok, true);
        assert(had - world.outside.books.localMsat >= AMOUNT_MSAT);
        assertEquals(await bob.lnv1.awaitReceive(operationId), { outcome: "claimed" });
        payments++;
      });
      assert(died >= 3, `it died ${died} times`);
      await world.settled();
      assert(await bob.balance() > payments * 9_900_000n);
      // receiving is free of the gateway's fees, and the federation's are its own
      assert(before - await world.gatewayMsat() < payments * 50_000n);
      await world.assertBalanced();
    }, 36_000_000);
    assertConstant(world, totalMsat);
  });
}

/** A gateway that is away is asked again a second later: nothing was done. */
async function begun<T>(world: LightningWorld, ask: () => Promise<T>): Promise<T> {
  const { clock } = world.here.world.process("fate").platform;
  for (let attempt = 0;; attempt++) {
    try {
      return await ask();
    } catch (thrown) {
      if (attempt === 5 || !(thrown instanceof LnError)) throw thrown;
    }
    await sleep(clock, 1_000);
  }
}
