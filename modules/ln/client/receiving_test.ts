/** Receives, over Lightning and within the federation. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DESCRIPTION_BYTES_MAX, parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { RouteHintHop } from "../../../core/lightning/route_hint.ts";
import { incomingContractOffer } from "../contracts.ts";
import { gatewayOf, incomingOf, incomingOutput, offerOf, offerOutput } from "../testing/guardians.ts";
import { GATEWAY_KEY, NOW_MS } from "../testing/guardians.ts";
import type { LnWallets } from "../testing/wallet.ts";
import { AMOUNT_MSAT, assertMoney, BALANCE_MSAT, eventKinds, lnWallets, outsideInvoice } from "../testing/wallet.ts";
import { LnError } from "./error.ts";
import { internalNode } from "./keys.ts";

/** Of the test's wallets. */
const FEDERATION = "0f".repeat(32);

/** The last hop of invoices that are made here. */
function hopTo(srcNodeId: Bytes, shortChannelId: bigint): RouteHintHop {
  const rest = { baseMsat: 0, proportionalMillionths: 0, htlcMinimumMsat: null, htlcMaximumMsat: null };
  return { srcNodeId, shortChannelId, cltvExpiryDelta: 144, ...rest };
}

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, LnError)).code;
}

/** What a gateway does that has taken a payment over Lightning: it buys the preimage. */
async function buy({ world: { guardians } }: LnWallets, invoice: string, changes = {}): Promise<void> {
  const { paymentHash } = parseBolt11(invoice);
  const offer = incomingContractOffer.fromJson(await guardians.ask("offer", paymentHash));
  const bought = await guardians.output(incomingOutput(incomingOf(offer, changes), offer.amount));
  assert(bought.ok, "guardians take a contract that is as it was offered");
}

Deno.test("an invoice leads to its gateway, and what is paid is in the balance", async () => {
  const test = await lnWallets(), { wallet, world } = test;
  const { invoice, operationId } = await wallet.until(wallet.api.receive(AMOUNT_MSAT, { description: "tea" }));
  const read = parseBolt11(invoice), info = gatewayOf(GATEWAY_KEY);
  assertEquals(read.description, { tag: "Direct", value: "tea" });
  assertEquals([read.amountMsat, read.currency, read.expirySecs], [AMOUNT_MSAT, "regtest", 86_400n]);
  assertEquals([read.timestamp, read.minFinalCltvExpiryDelta], [BigInt(Math.floor(NOW_MS / 1_000)), 18n]);
  assertEquals(read.routeHints, [[hopTo(info.nodePubKey, info.federationIndex)]]);
  assertEquals<string>(operationId, read.paymentHash);
  await wallet.pass(30_000);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
  await buy(test, invoice);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "claimed" });
  await assertMoney(test, { balanceMsat: BALANCE_MSAT + AMOUNT_MSAT });
  assertEquals(eventKinds(wallet), ["payment-receive"]);
  assertEquals(wallet.outcomes.get(operationId), "claimed");
  const shown: Json[] = [];
  for await (const each of wallet.api.updates(operationId)) shown.push(each);
  assertEquals(shown, [
    "created",
    { waiting_for_payment: { invoice, timeout: { secs: 86_400, nanos: 0 } } },
    "awaiting_funds",
    "claimed",
  ]);
  assertEquals((await world.guardians.ask("account", read.paymentHash) as { amount: number }).amount, 0);
});

Deno.test("ways to a gateway stand in the invoice as far as it holds them", async () => {
  const test = await lnWallets({ gateways: 0 }), { wallet, addGateway } = test;
  const node = publicKeyOf(GATEWAY_KEY), hop = hopTo(node, 1n), way = (hops: number) => Array(hops).fill(hop);
  // whoever registers says which; the longest way that a field holds has 12 hops, the gateway's own among them
  await addGateway("gw", GATEWAY_KEY, { routeHints: [way(12), way(11), ...Array(40).fill(way(1))] });
  const description = "x".repeat(DESCRIPTION_BYTES_MAX);
  const { invoice } = await wallet.until(wallet.api.receive(AMOUNT_MSAT, { description }));
  const { routeHints } = parseBolt11(invoice), lengths = routeHints.map(({ length }) => length);
  assertEquals(lengths.slice(0, 4), [1, 12, 2, 2]);
  assertEquals(lengths.length > 10, true);
});

Deno.test("nobody has paid in time: it is over a minute after the end; what comes later can be claimed all the same", async () => {
  const test = await lnWallets(), { wallet } = test;
  const { invoice, operationId } = await wallet.until(wallet.api.receive(AMOUNT_MSAT, { expirySecs: 100n }));
  await wallet.pass(150_000);
  assertEquals(wallet.outcomes.has(operationId), false);
  await wallet.pass(20_000);
  assertEquals(wallet.outcomes.get(operationId), { canceled: { reason: "timeout" } });
  await buy(test, invoice);
  await wallet.pass(60_000);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT, openMsat: AMOUNT_MSAT });
  const again = await wallet.until(wallet.api.reclaim(operationId));
  assertEquals(await wallet.until(wallet.api.awaitReceive(again)), { outcome: "claimed" });
  await assertMoney(test, { balanceMsat: BALANCE_MSAT + AMOUNT_MSAT });
  assertEquals(await code(wallet.until(wallet.api.reclaim(again))), "not_reclaimable");
});

Deno.test("a payment in the last minute counts, however long the decryption takes", async () => {
  const test = await lnWallets(), { wallet, world: { clock } } = test;
  const { invoice, operationId } = await wallet.until(wallet.api.receive(AMOUNT_MSAT, { expirySecs: 100n }));
  await clock.advance(130_000);
  await buy(test, invoice);
  // guardians don't agree on anything meanwhile
  await clock.advance(1_000_000);
  assertEquals(wallet.outcomes.has(operationId), false);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "claimed" });
});

Deno.test("a claim that guardians refuse for a while is made again", async () => {
  const test = await lnWallets(), { wallet } = test;
  const { invoice, operationId } = await wallet.until(wallet.api.receive(AMOUNT_MSAT));
  wallet.refuse = "guardians are confused";
  await buy(test, invoice);
  await wallet.pass(4_000);
  wallet.refuse = null;
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "claimed" });
  await assertMoney(test, { balanceMsat: BALANCE_MSAT + AMOUNT_MSAT });
  assertEquals(eventKinds(wallet), ["payment-receive"]);
});

Deno.test("an offer that guardians refuse: nobody gets the invoice", async () => {
  const { wallet } = await lnWallets();
  wallet.refuse = "no";
  assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT_MSAT))), "offer_rejected");
});

Deno.test("what can't be an invoice is refused before anything is stored", async () => {
  const { wallet } = await lnWallets();
  const description = "é".repeat(DESCRIPTION_BYTES_MAX / 2 + 1);
  assertEquals(await code(wallet.api.receive(AMOUNT_MSAT, { description })), "description_too_long");
  assertEquals(await code(wallet.api.receive(AMOUNT_MSAT, { expirySecs: 31_536_001n })), "expiry_too_long");
  assertEquals(await code(wallet.api.receive(0n)), "amount_too_small");
  const gateway = publicKeyOf(new Uint8Array(32).fill(200));
  assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT_MSAT, { gateway }))), "unknown_gateway");
  assertEquals([...wallet.logged.keys()], []);
});

/** One wallet invites, another one pays, within the federation. */
async function within(options: { readonly internal: boolean }) {
  const test = await lnWallets(), { wallet: payee } = test, payer = await test.open({ seed: 2 });
  const { invoice, operationId } = await payee.until(
    payee.api.receive(AMOUNT_MSAT, options.internal ? { gateway: "internal" } : {}),
  );
  return { test, payee, payer, invoice, operationId };
}

Deno.test("within a federation nobody else is needed, whichever gateway the invoice names", async () => {
  for (const internal of [true, false]) {
    const { test, payee, payer, invoice, operationId } = await within({ internal });
    if (internal) {
      assertEquals(parseBolt11(invoice).routeHints, [[hopTo(internalNode(FEDERATION), 0n)]]);
    }
    const quote = await payer.until(payer.api.quotePay(invoice));
    assertEquals([quote.gatewayId, quote.totalMsat], [null, AMOUNT_MSAT]);
    const paying = await payer.until(payer.api.pay(invoice));
    assertEquals([paying.isInternal, paying.feeMsat], [true, 0n]);
    const paid = await payer.until(payer.api.awaitPay(paying.operationId));
    assertEquals(paid.outcome, "success");
    assertEquals(await payee.until(payee.api.awaitReceive(operationId)), { outcome: "claimed" });
    assertEquals([payer.balanceMsat, payee.balanceMsat], [BALANCE_MSAT - AMOUNT_MSAT, BALANCE_MSAT + AMOUNT_MSAT]);
    assertEquals(await test.openMsat(), 0n);
    assertEquals(test.gateway.orders, []);
    assertEquals(eventKinds(payer), ["payment-send", "payment-send-update"]);
  }
});

Deno.test("an offer within the federation that is too dear, or gone, or bought already, isn't paid", async () => {
  const { test, payee, payer, invoice } = await within({ internal: true });
  await buy(test, invoice);
  assertEquals(await code(payer.until(payer.api.pay(invoice))), "no_offer");
  await payee.pass(10_000);
  assertEquals(payer.balanceMsat, BALANCE_MSAT);
  assertEquals([...payer.logged.keys()], []);
});

Deno.test("what was offered within the federation is no preimage: the payer has its money back", async () => {
  const test = await lnWallets(), { wallet: payer, world: { guardians } } = test;
  // somebody who offers a preimage that it doesn't have
  const invoice = outsideInvoice(test.gateway, { routeHints: [[hopTo(internalNode(FEDERATION), 0n)]] });
  const { paymentHash: hash } = parseBolt11(invoice);
  const offer = offerOf(guardians.config, { hash, plaintext: publicKeyOf(new Uint8Array(32).fill(9)) });
  assert((await guardians.output(offerOutput(offer))).ok);
  const { operationId } = await payer.until(payer.api.pay(invoice));
  assertEquals((await payer.until(payer.api.awaitPay(operationId))).outcome, "refunded");
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
  assertEquals(eventKinds(payer), ["payment-send", "payment-send-update"]);
  // the contract is there for good: nobody can be paid by it any more
  assertEquals(await code(payer.until(payer.api.pay(invoice))), "no_offer");
});

Deno.test("an offer within the federation that asks for more than the invoice isn't paid", async () => {
  const test = await lnWallets(), { wallet: payer, world: { guardians } } = test;
  const invoice = outsideInvoice(test.gateway, { routeHints: [[hopTo(internalNode(FEDERATION), 0n)]] });
  const { paymentHash: hash } = parseBolt11(invoice);
  await guardians.output(offerOutput(offerOf(guardians.config, { hash, amount: AMOUNT_MSAT + 1n })));
  assertEquals(await code(payer.until(payer.api.pay(invoice))), "offer_too_dear");
});
