/** A gateway that dies at each commit of a payment: what it does it does once, and everybody comes to the same end. */
import { assert, assertEquals } from "@std/assert";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { LightningError } from "../../core/lightning/error.ts";
import { faultsOf, NO_FAULTS } from "../../client/gateway/node/simulated/faults.ts";
import { askedAgain, COMMITS_MAX, dyingAtEach, idle } from "../simulation/dying_gateway.ts";
import { assertConstant, LightningWorld } from "../simulation/lightning.ts";

const AMOUNT_MSAT = 10_000_000n;
for (const commit of ["lost", "kept"] as const) {
  Deno.test(`an invoice is paid once though the gateway dies at each commit, which is ${commit}`, async () => {
    const world = await LightningWorld.start({ seed: 3, total: 1 });
    const alice = await world.person("alice", world.here, 5_000_000_000n), outside = world.outside.connect();
    await world.here.play(async () => {
      const before = await world.gatewayMsat();
      let payments = 0n;
      const died = await dyingAtEach(world, commit, async () => {
        const invoice = await outside.operator.createInvoice({
          amountMsat: AMOUNT_MSAT,
          expirySecs: 3_600,
          description: "",
        });
        const had = world.outside.books.localMsat;
        assertEquals(await asked(world, () => alice.pay(invoice)), "success");
        assertEquals(world.outside.books.localMsat - had, AMOUNT_MSAT);
        payments++;
      });
      assert(died >= 5, `it died ${died} times`);
      await idle(world);
      // 0.3 % and 2 sat each, and as much for Lightning, less what routing and the federation take
      assert(await world.gatewayMsat() - before > payments * 20_000n);
    }, 36_000_000);
  });

  Deno.test(`an invoice of the gateway's is received once though the gateway dies at each commit, which is ${commit}`, async () => {
    const world = await LightningWorld.start({ seed: 4, total: 1 });
    const bob = await world.person("bob", world.there, 0n), outside = world.outside.connect();
    await world.here.play(async () => {
      const before = await world.gatewayMsat();
      let payments = 0n;
      const died = await dyingAtEach(world, commit, async () => {
        const { invoice, operationId } = await asked(world, () => bob.invoice(AMOUNT_MSAT));
        const had = world.outside.books.localMsat;
        const paid = await outside.pay({ invoice: parseBolt11(invoice), feeLimitMsat: 1_000_000n, cltvLimit: 500 });
        assertEquals(paid.ok, true);
        assert(had - world.outside.books.localMsat >= AMOUNT_MSAT);
        assertEquals((await bob.lightning.awaitReceive(operationId)).outcome, "claimed");
        payments++;
      });
      assert(died >= 3, `it died ${died} times`);
      await bob.settled();
      assert(await bob.balance() > payments * 9_900_000n);
      await idle(world);
      assert(await world.gatewayMsat() - before > payments * 10_000n);
    }, 36_000_000);
  });

  Deno.test(`a swap is made once though the gateway dies at each commit, which is ${commit}`, async () => {
    const world = await LightningWorld.start({ seed: 5, total: 1 });
    const alice = await world.person("alice", world.here, 5_000_000_000n);
    const bob = await world.person("bob", world.there, 0n);
    await world.here.play(async () => {
      const before = await world.gatewayMsat();
      let payments = 0n;
      const died = await dyingAtEach(world, commit, async () => {
        const { invoice, operationId } = await asked(world, () => bob.invoice(AMOUNT_MSAT));
        assertEquals(await asked(world, () => alice.pay(invoice)), "success");
        assertEquals((await bob.lightning.awaitReceive(operationId)).outcome, "claimed");
        payments++;
      });
      assert(died >= 6, `it died ${died} times`);
      await bob.settled();
      assert(await bob.balance() > payments * 9_900_000n);
      await idle(world);
      assert(await world.gatewayMsat() - before > payments * 10_000n);
    }, 36_000_000);
  });
}

for (const commit of ["lost", "kept"] as const) {
  Deno.test(`a federation is left for good though the gateway dies at each commit of it, which is ${commit}: no invoice can be paid then`, async () => {
    const world = await LightningWorld.start({ seed: 7, total: 1 }), outside = world.outside.connect();
    const bob = await world.person("bob", world.there, 0n), limits = { feeLimitMsat: 1_000_000n, cltvLimit: 500 };
    const totalMsat = world.lightning.totalMsat;
    await world.here.play(async () => {
      let died = 0;
      for (let count = 1;; count++) {
        assert(count < COMMITS_MAX);
        const { federationId } = (await world.gateway.federations.all()).at(-1)!;
        const taken = await asked(world, () => bob.invoice(AMOUNT_MSAT));
        const open = await asked(world, () => bob.invoice(AMOUNT_MSAT));
        assertEquals((await outside.pay({ invoice: parseBolt11(taken.invoice), ...limits })).ok, true);
        assertEquals((await bob.lightning.awaitReceive(taken.operationId)).outcome, "claimed");
        await idle(world);
        const heldMsat = await world.gatewayMsat(), fate = await world.crashAtCommit(count, commit);
        const isLeft = await Promise.race([
          world.gateway.federations.leave(federationId).then(() => true, () => false),
          fate.back.then(() => false),
        ]);
        if (fate.hasDied) {
          died++;
          await fate.back;
          await idle(world);
        } else assertEquals(isLeft, true, "it has no commit left to die at");
        // what it had done is done, and the rest is done by the next call
        if (await world.gateway.federations.record(federationId)) await world.gateway.federations.leave(federationId);
        assertEquals((await outside.pay({ invoice: parseBolt11(open.invoice), ...limits })).ok, false);
        if (!fate.hasDied) break;
        await world.gateway.federations.connect(world.there.invite);
        assertEquals(await world.gatewayMsat(), heldMsat);
      }
      assert(died >= 3, `it died ${died} times`);
    }, 36_000_000);
    assertConstant(world, totalMsat);
  });
}

Deno.test("an invoice that one wallet's payment failed for is paid by another's though the gateway dies at each commit of both", async () => {
  const world = await LightningWorld.start({ seed: 6, total: 1 });
  const mallory = await world.person("mallory", world.here, 5_000_000_000n);
  const alice = await world.person("alice", world.here, 5_000_000_000n), outside = world.outside.connect();
  await world.here.play(async () => {
    const before = await world.gatewayMsat();
    let payments = 0n;
    const died = await dyingAtEach(world, "lost", async () => {
      const invoice = await outside.operator.createInvoice({
        amountMsat: AMOUNT_MSAT,
        expirySecs: 3_600,
        description: "",
      });
      const had = world.outside.books.localMsat;
      world.node.faults = faultsOf({ noRoute: 1 });
      assertEquals(await asked(world, () => mallory.pay(invoice)), "refunded");
      world.node.faults = NO_FAULTS;
      assertEquals(await asked(world, () => alice.pay(invoice)), "success");
      assertEquals(world.outside.books.localMsat - had, AMOUNT_MSAT);
      payments++;
    });
    assert(died >= 8, `it died ${died} times`);
    await idle(world);
    assert(await world.gatewayMsat() - before > payments * 20_000n);
  }, 36_000_000);
});

/** A gateway that is away is asked again. */
function asked<T>(world: LightningWorld, ask: () => Promise<T>): Promise<T> {
  return askedAgain(world, LightningError, ask);
}
