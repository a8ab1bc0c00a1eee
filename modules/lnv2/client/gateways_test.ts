/** Which gateway is taken. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { WaitError } from "../../contract/waiting.ts";
import { seededDice } from "../../contract/testing/mod.ts";
import { lightningWallet } from "../testing/wallet.ts";
import { Lnv2Error } from "./error.ts";
import { byVetting } from "./gateways.ts";

const AMOUNT = 100_000n;
const FREE = { base: 0n, partsPerMillion: 0n };

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, Lnv2Error)).code;
}

Deno.test("gateways stand in the order of how many guardians vet them, and by chance among equals", () => {
  const lists = [["a", "b"], ["b", "c", "d"], ["b", "c", "e"]];
  const orders = new Set<string>();
  for (let seed = 1; seed <= 200; seed++) {
    const order = byVetting(lists, seededDice(seed));
    assertEquals(order.slice(0, 2), ["b", "c"]);
    orders.add(order.slice(2).join(""));
  }
  assertEquals(orders.size, 6);
  // a guardian that lists one twice has one voice
  assertEquals(byVetting([["x", "x", "x"], ["y"], ["y"]], seededDice(1)), ["y", "x"]);
});

Deno.test("a guardian that lists as many gateways as it may doesn't push back those of others", () => {
  const many = Array.from({ length: 256 }, (_, i) => `evil${i}`);
  for (let seed = 1; seed <= 20; seed++) {
    const order = byVetting([["shared", ...many], ["shared", "one"], ["shared", "two"]], seededDice(seed));
    assertEquals(order[0], "shared");
    assert(order.indexOf("one") <= 3 && order.indexOf("two") <= 3);
    assertEquals(order.length, many.length + 3);
  }
});

Deno.test("the most vetted gateway that answers and keeps within the limits is taken", async () => {
  const vetted = [["best", "evil", "good"], ["best", "evil"], ["best"], []];
  const { wallet, gateways } = await lightningWallet({ vetted });
  const evil = gateways.get("evil")!, best = gateways.get("best")!;
  assertEquals(await wallet.until(wallet.api.selectGateway()), "http://best/v1");
  best.info = null;
  assertEquals(await wallet.until(wallet.api.selectGateway()), "http://evil/v1");
  const unfit = [
    { sendFeeDefault: { base: 100_001n, partsPerMillion: 0n } },
    { sendFeeDefault: { base: 0n, partsPerMillion: 15_001n } },
    { expirationDeltaDefault: 1_441n },
  ];
  const { info } = evil;
  for (const change of unfit) {
    evil.info = { ...info!, ...change };
    assertEquals(await wallet.until(wallet.api.selectGateway()), "http://good/v1");
  }
  evil.info = {
    ...info!,
    sendFeeDefault: { base: 100_000n, partsPerMillion: 15_000n },
    expirationDeltaDefault: 1_440n,
  };
  assertEquals(await wallet.until(wallet.api.selectGateway()), "http://evil/v1");
});

Deno.test("a gateway that never answers holds up nobody for longer than two seconds", async () => {
  const vetted = [["slow", "good"], ["slow", "good"], ["slow"], ["slow"]];
  const { wallet, gateways, world } = await lightningWallet({ vetted });
  gateways.get("slow")!.isSilent = true;
  const beganMs = world.clock.nowMs();
  assertEquals(await wallet.until(wallet.api.selectGateway()), "http://good/v1");
  assert(world.clock.nowMs() - beganMs <= 3_000);
});

Deno.test("without a gateway that will do it is said why", async () => {
  const { wallet, gateway, world } = await lightningWallet();
  const { info } = gateway, url = "http://gw/v1";
  const invoice = gateway.invoiceOf(AMOUNT);
  gateway.info = { ...info!, sendFeeDefault: { base: 100_001n, partsPerMillion: 0n } };
  assertEquals(await code(wallet.until(wallet.api.send(invoice))), "fee_exceeds_limit");
  assertEquals(await code(wallet.until(wallet.api.send(invoice, { gateway: url }))), "fee_exceeds_limit");
  gateway.info = { ...info!, expirationDeltaDefault: 1_441n };
  assertEquals(await code(wallet.until(wallet.api.send(invoice, { gateway: url }))), "expiration_exceeds_limit");
  gateway.info = { ...info!, receiveEnabled: false };
  assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT))), "no_receiving_gateway");
  assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT, { gateway: url }))), "receive_disabled");
  gateway.info = { ...info!, receiveFee: { base: 50_001n, partsPerMillion: 0n } };
  assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT))), "fee_exceeds_limit");
  gateway.info = null;
  assertEquals(await code(wallet.until(wallet.api.send(invoice, { gateway: url }))), "federation_not_supported");
  assertEquals(await code(wallet.until(wallet.api.send(invoice))), "gateways_unresponsive");
  const elsewhere = { gateway: "http://elsewhere/" };
  assertEquals(await code(wallet.until(wallet.api.send(invoice, elsewhere))), "gateway_failed");
  assertEquals(await code(wallet.until(wallet.api.send(invoice, { gateway: "iroh://abc" }))), "gateway_failed");
  for (const peer of [0, 1, 2, 3]) await world.guardians.ask("remove_gateway", url, peer, "the guardian's password");
  assertEquals(await code(wallet.until(wallet.api.send(invoice))), "no_gateways");
  assertEquals(wallet.logged.size, 0);
});

Deno.test("an invoice of a gateway's node is paid through that gateway, as long as it is vetted and answers", async () => {
  const vetted = [["most", "own"], ["most", "own"], ["most"], ["most"]];
  const { wallet, gateways } = await lightningWallet({ vetted });
  const own = gateways.get("own")!, most = gateways.get("most")!;
  const invoice = own.invoiceOf(AMOUNT, { nodeKey: own.nodeKey });
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://most/v1");
  await wallet.until(wallet.api.mapGateways());
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://own/v1");
  assertEquals(await wallet.until(wallet.api.selectGateway(own.invoiceOf(AMOUNT))), "http://most/v1");
  const { info } = own;
  own.info = null;
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://most/v1");
  own.info = info;
  // who says to have another one's node isn't believed before the more vetted one, which says so too
  most.info = { ...most.info!, lightningPublicKey: info!.lightningPublicKey, sendFeeMinimum: FREE };
  await wallet.until(wallet.api.mapGateways());
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://most/v1");
});

Deno.test("a gateway that isn't listed any more isn't asked, and its node is forgotten", async () => {
  const vetted = [["most", "own"], ["most", "own"], ["most"], ["most"]];
  const { wallet, gateways, world } = await lightningWallet({ vetted });
  const own = gateways.get("own")!;
  await wallet.until(wallet.api.mapGateways());
  for (const peer of [0, 1]) {
    await world.guardians.ask("remove_gateway", "http://own/v1", peer, "the guardian's password");
  }
  const asked = own.asked.length;
  const invoice = own.invoiceOf(AMOUNT, { nodeKey: own.nodeKey });
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://most/v1");
  await wallet.until(wallet.api.mapGateways());
  assertEquals(own.asked.length, asked);
  for (const peer of [0, 1]) {
    await world.guardians.ask("add_gateway", "http://own/v1", peer, "the guardian's password");
  }
  assertEquals(await wallet.until(wallet.api.selectGateway(invoice)), "http://most/v1");
});

Deno.test("a wallet asks gateways for their nodes by itself, once an hour", async () => {
  const { wallet, gateway, open } = await lightningWallet();
  const own = (client: typeof wallet) =>
    client.until(client.api.selectGateway(gateway.invoiceOf(AMOUNT, { nodeKey: gateway.nodeKey })));
  wallet.beginBackground();
  await wallet.pass(1_000);
  assertEquals(gateway.asked, ["/routing_info"]);
  await own(wallet);
  await wallet.pass(3_500_000);
  assertEquals(gateway.asked.length, 2);
  await wallet.pass(200_000);
  assertEquals(gateway.asked.length, 3);
  wallet.close();
  const other = await open({ seed: 2 });
  other.beginBackground();
  await other.pass(1_000);
  assertEquals(gateway.asked.length, 4);
});

Deno.test("a guardian's owner changes its list with its password, and nobody else does", async () => {
  const { wallet, open } = await lightningWallet();
  const owner = await open({ seed: 2, admin: { peer: 1, password: "the guardian's password" } });
  const thief = await open({ seed: 3, admin: { peer: 1, password: "1234" } });
  assertEquals(await code(wallet.until(wallet.api.addGateway("http://mine/"))), "no_admin");
  await assertRejects(() => thief.until(thief.api.addGateway("http://mine/")));
  assertEquals(await owner.until(owner.api.addGateway("http://mine/")), true);
  assertEquals(await owner.until(owner.api.addGateway("http://mine/")), false);
  assertEquals([...await wallet.until(wallet.api.gatewaysOf(1))].sort(), ["http://gw/v1", "http://mine/"]);
  assertEquals(await wallet.until(wallet.api.gatewaysOf(0)), ["http://gw/v1"]);
  assertEquals(await owner.until(owner.api.removeGateway("http://mine/")), true);
  assertEquals(await owner.until(owner.api.removeGateway("http://mine/")), false);
});

Deno.test("what waits for a gateway that never answers is given up as soon as nobody wants it any more", async () => {
  const { wallet, gateway } = await lightningWallet();
  gateway.isSilent = true;
  const url = "http://gw/v1", invoice = gateway.invoiceOf(AMOUNT);
  const asking: readonly ((signal: AbortSignal) => Promise<unknown>)[] = [
    (signal) => wallet.api.send(invoice, {}, signal),
    (signal) => wallet.api.quoteSend(invoice, url, signal),
    (signal) => wallet.api.receive(AMOUNT, {}, signal),
    (signal) => wallet.api.routingInfo(url, signal),
    (signal) => wallet.api.mapGateways(signal),
  ];
  for (const ask of asking) {
    const given = new AbortController();
    const asked = wallet.until<unknown>(ask(given.signal));
    given.abort(new Error("enough"));
    assertEquals((await assertRejects(() => asked, WaitError)).code, "aborted");
  }
  assertEquals(wallet.logged.size, 0);
});
