/** A gateway of two federations: payments out, payments in, swaps; the gateway gains its fees and nobody loses. */
import { assert, assertEquals } from "@std/assert";
import { faultsOf } from "../../client/gateway/node/simulated/faults.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { assertConstant, LightningWorld } from "./lightning.ts";

Deno.test("a wallet pays the outside world through the gateway, and is paid by it; a swap goes to another federation and within one", async () => {
  const world = await LightningWorld.start({ seed: 1, total: 1 });
  const { here, there } = world, totalMsat = world.lightning.totalMsat;
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  const carol = await world.person("carol", here);
  const outside = world.outside.connect();
  await here.play(async () => {
    const before = await world.gatewayMsat();
    // out
    const invoice = await outside.operator.createInvoice({
      amountMsat: 50_000_000n,
      expirySecs: 3_600,
      description: "tea",
    });
    const aliceHad = await alice.balance(), outsideHad = world.outside.books.localMsat;
    assertEquals(await alice.pay(invoice), "success");
    assertEquals(world.outside.books.localMsat - outsideHad, 50_000_000n);
    assert(aliceHad - await alice.balance() >= 50_000_000n);
    // in
    const asked = await bob.invoice(30_000_000n), bobHad = await bob.balance();
    const paid = await outside.pay({ invoice: parseBolt11(asked.invoice), feeLimitMsat: 1_000_000n, cltvLimit: 500 });
    assertEquals(paid.ok, true);
    assertEquals((await bob.lightning.awaitReceive(asked.operationId)).outcome, "claimed");
    await bob.settled();
    assert(await bob.balance() - bobHad > 29_800_000n);
    // swaps: across, and within
    for (const [from, to] of [[alice, bob], [alice, carol]] as const) {
      const swap = await to.invoice(20_000_000n), had = await to.balance();
      assertEquals(await from.pay(swap.invoice), "success");
      assertEquals((await to.lightning.awaitReceive(swap.operationId)).outcome, "claimed");
      await to.settled();
      assert(await to.balance() - had > 19_800_000n);
    }
    for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
    assert(await world.gatewayMsat() > before, "the gateway gains its fees");
  }, 3_600_000);
  assertConstant(world, totalMsat);
});

Deno.test("a payment that the node told of and gave back when it started again is not funded", async () => {
  const world = await LightningWorld.start({ seed: 3, total: 1 }), totalMsat = world.lightning.totalMsat;
  const { here, node } = world, { clock } = here.world.process("fate").platform;
  const bob = await world.person("bob", here), outside = world.outside.connect();
  await here.play(async () => {
    const before = await world.gatewayMsat(), had = await bob.balance();
    const { invoice } = await bob.invoice(30_000_000n);
    node.faults = faultsOf({ forgetsHeld: 1, lateMs: 500 });
    const unwatch = node.watch(() => {
      if (node.held().length === 0) return;
      unwatch();
      // the gateway has been told
      clock.setTimer(1, () => {
        node.stop();
        clock.setTimer(5_000, () => node.start());
      });
    });
    const paid = await outside.pay({ invoice: parseBolt11(invoice), feeLimitMsat: 1_000_000n, cltvLimit: 500 });
    assertEquals(paid.ok, false);
    await new Promise<void>((resolve) => clock.setTimer(120_000, resolve));
    for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
    assertEquals([await world.gatewayMsat(), await bob.balance()], [before, had]);
  }, 3_600_000);
  assertConstant(world, totalMsat);
});
