/** Version 1 through a gateway: payments out, payments in as forwards, swaps of both modules; nobody loses. */
import { assert, assertEquals } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import { parseBolt11 } from "../../core/lightning/bolt11.ts";
import { assertConstant, LightningWorld, PASSWORDS } from "./lightning.ts";

const LIMITS = { feeLimitMsat: 1_000_000n, cltvLimit: 1_000 };

Deno.test("a wallet of version 1 finds the gateway, pays the outside world and is paid by it; swaps go from either module to either", async () => {
  const world = await LightningWorld.start({ seed: 7, total: 1, lightning: ["ln", "lnv2"] });
  const { here, there } = world, totalMsat = world.lightning.totalMsat, outside = world.outside.connect();
  const alice = await world.person("alice", here), bob = await world.person("bob", there);
  await here.play(async () => {
    const before = await world.gatewayMsat();
    for (const person of [alice, bob]) await person.knowsGateway();
    const [gateway] = await alice.lnv1.gateways();
    assertEquals(gateway?.info.api, world.gatewayUrl);
    assertEquals([gateway?.info.federationIndex, gateway?.info.nodePubKey], [1n, world.node.publicKey]);
    assertEquals(gateway?.info.fees, { baseMsat: 2_000, proportionalMillionths: 3_000 });
    // out
    const invoice = await outside.operator.createInvoice({
      amountMsat: 50_000_000n,
      expirySecs: 3_600,
      description: "",
    });
    const outsideHad = world.outside.books.localMsat, aliceHad = await alice.balance();
    const { operationId, isInternal } = await alice.lnv1.pay(invoice);
    assertEquals(isInternal, false);
    assertEquals((await alice.lnv1.awaitPay(operationId)).outcome, "success");
    assertEquals(world.outside.books.localMsat - outsideHad, 50_000_000n);
    await alice.settled();
    assert(aliceHad - await alice.balance() >= 50_000_000n);
    // in, as a forward
    const asked = await bob.lnv1.receive(30_000_000n), bobHad = await bob.balance();
    const paid = await outside.pay({ invoice: parseBolt11(asked.invoice), ...LIMITS });
    assertEquals(paid.ok, true);
    assertEquals(await bob.lnv1.awaitReceive(asked.operationId), { outcome: "claimed" });
    await bob.settled();
    assert(await bob.balance() - bobHad > 29_800_000n);
    // swaps between federations, of each module
    const v1 = await bob.lnv1.receive(20_000_000n), v2 = await bob.invoice(20_000_000n);
    const fromV1 = await alice.lnv1.pay(v1.invoice);
    assertEquals((await alice.lnv1.awaitPay(fromV1.operationId)).outcome, "success");
    assertEquals(await bob.lnv1.awaitReceive(v1.operationId), { outcome: "claimed" });
    const toV2 = await alice.lnv1.pay(v2.invoice);
    assertEquals((await alice.lnv1.awaitPay(toV2.operationId)).outcome, "success");
    assertEquals((await bob.lightning.awaitReceive(v2.operationId)).outcome, "claimed");
    const again = await bob.lnv1.receive(20_000_000n);
    assertEquals(await alice.pay(again.invoice), "success");
    assertEquals(await bob.lnv1.awaitReceive(again.operationId), { outcome: "claimed" });
    await bob.settled();
    assert(await bob.balance() - bobHad > 89_000_000n);
    // what can't be paid is back at once
    const dead = await world.lightning.node("dead").connect().operator.createInvoice({
      amountMsat: 50_000_000n,
      expirySecs: 3_600,
      description: "",
    });
    world.node.faults = { ...world.node.faults, noRoute: 1 };
    const had = await alice.balance(), failing = await alice.lnv1.pay(dead);
    assertEquals((await alice.lnv1.awaitPay(failing.operationId)).outcome, "refunded");
    await alice.settled();
    assert(had - await alice.balance() < 100_000n);
    for (const { wallet } of await world.gateway.federations.all()) await wallet.client.awaitIdle();
    assert(await world.gatewayMsat() > before, "the gateway gains its fees");
    // what operators and strangers are told
    const { text: summary } = await world.ask("/payment_summary", {
      body: { start_millis: 0, end_millis: 4_000_000_000_000 },
      password: PASSWORDS.admin,
    });
    const { outgoing, incoming } = parseJson(summary) as Record<string, Record<string, unknown>>;
    // out: one over Lightning, two swaps of version 1 and one of lnv2's; in: one forward, and the swap into lnv2
    assertEquals([outgoing?.total_success, outgoing?.total_failure], [4, 1]);
    assertEquals([incoming?.total_success, incoming?.total_failure], [2, 0]);
    const id = (await world.gateway.federations.all())[0]!.federationId;
    const { text: status } = await world.ask("/federation_status", { body: { federation_id: id } });
    const { lnv1 } = parseJson(status) as Record<string, Record<string, Record<string, unknown>>>;
    assertEquals([lnv1?.module_status, lnv1?.registration?.configured], ["supported", true]);
    const { http } = lnv1!.registration!.endpoints as Record<string, Record<string, Record<string, unknown>>>;
    assertEquals(http?.last_attempt?.result, "succeeded");
    assertEquals((await world.ask("/id")).text, `"${toHex(gateway!.info.gatewayId)}"`);
    // official errors
    const wrong = {
      federation_id: id,
      contract_id: "77".repeat(32),
      payment_data: { invoice },
      preimage_auth: "11".repeat(32),
    };
    const refused = "LNv1 operation failed, please contact gateway operator";
    assertEquals(await world.ask("/pay_invoice", { body: wrong }), { status: 500, text: refused });
    assertEquals(await world.ask("/pay_invoice", { body: { ...wrong, federation_id: "ab".repeat(32) } }), {
      status: 400,
      text: "No federation available for prefix abababab",
    });
    assertEquals((await world.ask("/pay_invoice", { body: { ...wrong, contract_id: "77" } })).status, 422);
    assertEquals((await world.ask("/id", { body: {} })).status, 405);
    // it leaves
    await world.gateway.federations.leave((await world.gateway.federations.all())[0]!.federationId);
    await alice.lnv1.updateGateways();
    assertEquals(await alice.lnv1.gateways(), []);
  }, 3_600_000);
  assertConstant(world, totalMsat);
});
