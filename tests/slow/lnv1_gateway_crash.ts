/** A gateway that dies at each commit of a payment of version 1: it pays once, buys once, and gives up once. */
import { assert, assertEquals } from "@std/assert";
import { faultsOf } from "../../client/gateway/node/simulated/faults.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LnError } from "../../modules/ln/client/error.ts";
import { askedAgain, dyingAtEach, idle } from "../simulation/dying_gateway.ts";
import { assertConstant, LightningWorld } from "../simulation/lightning.ts";

const AMOUNT_MSAT = 10_000_000n;

async function worldOf(seed: number): Promise<LightningWorld> {
  return await LightningWorld.start({ seed, total: 1, lightning: ["ln", "lnv2"] });
}

for (const commit of ["lost", "kept"] as const) {
  Deno.test(`a gateway that dies at each commit, which is ${commit}, pays for each contract of version 1 once`, async () => {
    const world = await worldOf(13), totalMsat = world.lightning.totalMsat;
    const alice = await world.person("alice", world.here, 5_000_000_000n), outside = world.outside.connect();
    await world.here.play(async () => {
      await alice.knowsGateway();
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
      await alice.knowsGateway();
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
      await bob.knowsGateway();
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

/** A gateway that is away is asked again. */
function begun<T>(world: LightningWorld, ask: () => Promise<T>): Promise<T> {
  return askedAgain(world, LnError, ask);
}
