/** Payments, with gateways that pay, renounce, lie or do nothing. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { Paying } from "../testing/gateway.ts";
import { BLOCK_COUNT, mineTo, outgoingInput, spend } from "../testing/guardians.ts";
import type { LightningWallet } from "../testing/wallet.ts";
import { assertMoney, BALANCE_MSAT, eventKinds, lightningWallet } from "../testing/wallet.ts";
import { Lnv2Error } from "./error.ts";
import { paymentOperationId, readInvoice } from "./sending.ts";

const PREIMAGE = new Uint8Array(32).fill(77);
const AMOUNT = 100_000n;
/** 2 sat and 0.3 %. */
const GATEWAY_FEE = 2_300n;
/** Of the contract as an output, and as an input. */
const FEDERATION_FEE = 1_000n;
const CONTRACT = AMOUNT + GATEWAY_FEE;
const AFTER_FUNDING = BALANCE_MSAT - CONTRACT - FEDERATION_FEE;
/** Of the contract's expiration: the gateway's default delta, and the buffer. */
const EXPIRATION = BLOCK_COUNT + 500 + 12;

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, Lnv2Error)).code;
}

async function sent({ wallet, gateway }: LightningWallet, paying: readonly Paying[]): Promise<OperationId> {
  gateway.paying = [...paying];
  return await wallet.until(wallet.api.send(gateway.invoiceOf(AMOUNT)));
}

Deno.test("the most that can be sent is what the balance pays with all fees, and one msat more is too much", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const { amountMsat, gateway: url } = await wallet.until(wallet.api.maxSendable());
  assertEquals(url, "http://gw/v1");
  // with 2 sat and 0.3 % for the gateway, and a sat for the federation
  let expected = BALANCE_MSAT;
  while (expected + 2_000n + expected * 3n / 1_000n + FEDERATION_FEE > BALANCE_MSAT) expected--;
  assertEquals(amountMsat, expected);
  const tooMuch = wallet.api.quoteSend(gateway.invoiceOf(amountMsat + 1n));
  assertEquals(await code(wallet.until(tooMuch)), "insufficient_funds");
  const operationId = await wallet.until(wallet.api.send(gateway.invoiceOf(amountMsat)));
  assertEquals((await wallet.until(wallet.api.awaitSend(operationId))).outcome, "success");
  assert(wallet.balanceMsat <= 1n, "all is sent");
  assertEquals((await wallet.until(wallet.api.maxSendable())).amountMsat, 0n);
  wallet.balanceMsat = 3_000n;
  assertEquals((await wallet.until(wallet.api.maxSendable())).amountMsat, 0n);
  wallet.balanceMsat = 3_001n;
  assertEquals((await wallet.until(wallet.api.maxSendable())).amountMsat, 1n);
});

Deno.test("an invoice is paid through the gateway that guardians vet, with the preimage as proof", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const invoice = gateway.invoiceOf(AMOUNT, { description: "tea" });
  const quote = await wallet.until(wallet.api.quoteSend(`lightning:${invoice.toUpperCase()}`));
  assertEquals(quote, {
    gateway: "http://gw/v1",
    terms: { fee: { base: 2_000n, partsPerMillion: 3_000n }, expirationDelta: 500n },
    amountMsat: AMOUNT,
    gatewayFeeMsat: GATEWAY_FEE,
    federationFeeMsat: FEDERATION_FEE,
    totalMsat: CONTRACT + FEDERATION_FEE,
    isDirect: false,
    description: "tea",
    isOwn: false,
  });
  const operationId = await wallet.until(wallet.api.send(invoice, { gateway: quote.gateway, terms: quote.terms }));
  assertEquals(operationId, paymentOperationId(readInvoice(invoice)));
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "success", preimage: PREIMAGE });
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING });
  assertEquals(gateway.orders[0]!.contract.expiration, BigInt(EXPIRATION));
  assertEquals(gateway.orders[0]!.contract.claimPk, publicKeyOf(gateway.moduleKey));
  assertEquals(wallet.events, [
    { kind: "payment-send", payload: { operation_id: operationId, amount: 100_000, fee: 2_300 } },
    {
      kind: "payment-send-update",
      payload: { operation_id: operationId, status: { Success: [...PREIMAGE] } },
    },
  ]);
  assertEquals(wallet.outcomes.get(operationId), { Success: [...PREIMAGE] });
  const states = [];
  for await (const state of wallet.api.sendUpdates(operationId)) states.push(state);
  assertEquals(states, ["Funding", "Funded", "Success"]);
});

Deno.test("an invoice is paid once, whatever became of it", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const invoice = gateway.invoiceOf(AMOUNT);
  gateway.paying = ["forfeit"];
  const operationId = await wallet.until(wallet.api.send(invoice));
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "refunded" });
  const again = await assertRejects(() => wallet.until(wallet.api.send(invoice)), Lnv2Error);
  assertEquals(again.facts, { code: "duplicate_payment", operationId });
  assertEquals(await wallet.api.paymentOf(invoice), operationId);
  assertEquals(await wallet.api.paymentOf(gateway.invoiceOf(AMOUNT + 1n)), null);
});

Deno.test("a payment that is begun twice at once is funded once", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const invoice = gateway.invoiceOf(AMOUNT);
  const both = await wallet.until(Promise.allSettled([wallet.api.send(invoice), wallet.api.send(invoice)]));
  assertEquals(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  await wallet.until(wallet.api.awaitSend(paymentOperationId(readInvoice(invoice))));
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING });
});

Deno.test("a gateway that renounces gives the money back at once", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const operationId = await sent(lightning, ["forfeit"]);
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "refunded" });
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING + CONTRACT - FEDERATION_FEE });
  assertEquals(eventKinds(wallet), ["payment-send", "payment-send-update"]);
  assertEquals(wallet.events[1]!.payload, { operation_id: operationId, status: "Refunded" });
  assertEquals(wallet.outcomes.get(operationId), "Refunded");
});

const USELESS: readonly Paying[] = [
  "error",
  "garbage",
  "no_text",
  "huge",
  "redirect",
  "wrong_preimage",
  "wrong_signature",
  "other_signature",
];

for (const how of USELESS) {
  Deno.test(`a gateway whose answer is of no use (${how}) is asked again until one is`, async () => {
    const lightning = await lightningWallet(), { wallet, gateway } = lightning;
    const operationId = await sent(lightning, [how, how, "pay"]);
    assertEquals((await wallet.until(wallet.api.awaitSend(operationId))).outcome, "success");
    assertEquals(gateway.orders.length, 3);
    await assertMoney(lightning, { balanceMsat: AFTER_FUNDING });
  });
}

Deno.test("from its expiration on a contract is refunded without the gateway, and not a block before", async () => {
  for (const how of ["silent", "wrong_signature"] as const) {
    const lightning = await lightningWallet(), { wallet, world } = lightning;
    const operationId = await sent(lightning, [how]);
    await wallet.pass(60_000);
    await mineTo(world, EXPIRATION - 1);
    await wallet.pass(60_000);
    await assertMoney(lightning, { balanceMsat: AFTER_FUNDING, openMsat: CONTRACT });
    assertEquals(await wallet.pending(), { incomingMsat: 0n, outgoingMsat: CONTRACT, inDoubtMsat: 0n });
    await mineTo(world, EXPIRATION);
    assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "refunded" });
    await assertMoney(lightning, { balanceMsat: AFTER_FUNDING + CONTRACT - FEDERATION_FEE });
    assertEquals((await wallet.pending()).outgoingMsat, 0n);
  }
});

Deno.test("a gateway that takes the money and says nothing has shown the preimage to guardians", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const operationId = await sent(lightning, ["take"]);
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "success", preimage: PREIMAGE });
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING });
});

Deno.test("a gateway that renounces and takes the money all the same has paid", async () => {
  const lightning = await lightningWallet(), { wallet } = lightning;
  const operationId = await sent(lightning, ["forfeit_and_take"]);
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "success", preimage: PREIMAGE });
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING });
  assertEquals(eventKinds(wallet), ["payment-send", "payment-send-update"]);
});

Deno.test("a refund that guardians refuse for another reason is made again", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  gateway.paying = ["silent"];
  const operationId = await wallet.until(wallet.api.send(gateway.invoiceOf(AMOUNT)));
  await wallet.pass(10_000);
  wallet.refuse = "a blind nonce was used before";
  await mineTo(lightning.world, EXPIRATION);
  await wallet.pass(20_000);
  assertEquals(wallet.outcomes.get(operationId), undefined);
  wallet.refuse = null;
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "refunded" });
  await assertMoney(lightning, { balanceMsat: AFTER_FUNDING + CONTRACT - FEDERATION_FEE });
});

Deno.test("a contract that is claimed while a refused refund is looked into was paid", async () => {
  const lightning = await lightningWallet(), { wallet, gateway, world: { guardians } } = lightning;
  gateway.paying = ["silent"];
  const operationId = await wallet.until(wallet.api.send(gateway.invoiceOf(AMOUNT)));
  await wallet.pass(10_000);
  const { outpoint } = gateway.orders[0]!, { ask } = guardians;
  let claimed: Promise<string> | null = null;
  guardians.ask = async (method, ...rest) => {
    if (method === "outgoing_contract_expiration") {
      await (claimed ??= spend(lightning.world, outgoingInput(outpoint, { tag: "Claim", value: PREIMAGE })));
    }
    return await ask.call(guardians, method, ...rest);
  };
  wallet.refuse = "busy";
  gateway.paying = ["forfeit"];
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "success", preimage: PREIMAGE });
  assertEquals(await claimed, "ok");
});

Deno.test("a payment that guardians refuse to fund is rejected, and its e-cash comes back", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  wallet.refuse = "no";
  const operationId = await wallet.until(wallet.api.send(gateway.invoiceOf(AMOUNT)));
  assertEquals(await wallet.until(wallet.api.awaitSend(operationId)), { outcome: "rejected", reason: "no" });
  await assertMoney(lightning, { balanceMsat: BALANCE_MSAT });
  assertEquals(wallet.outcomes.get(operationId), "Failure");
  assertEquals(gateway.orders, []);
});

Deno.test("what can't be paid is refused before anything is asked or stored, with what to do", async () => {
  const { wallet, gateway, world } = await lightningWallet();
  const nowSecs = Math.floor(world.clock.nowMs() / 1_000);
  const refused = {
    not_an_invoice: "lnbcrt1cutoff",
    amount_missing: gateway.invoiceOf(null),
    invoice_expired: gateway.invoiceOf(AMOUNT, { timestampSecs: nowSecs - 3_601 }),
    wrong_network: gateway.invoiceOf(AMOUNT, { currency: "bitcoin" }),
    insufficient_funds: gateway.invoiceOf(BALANCE_MSAT),
  };
  for (const [expected, invoice] of Object.entries(refused)) {
    assertEquals(await code(wallet.until(wallet.api.send(invoice))), expected);
  }
  assertEquals(gateway.asked, ["/routing_info"]);
  assertEquals(wallet.logged.size, 0);
  // the last second counts as in time
  const last = gateway.invoiceOf(AMOUNT, { timestampSecs: nowSecs - 3_600 });
  await wallet.until(wallet.api.send(last));
});

Deno.test("terms that are no longer those of the quote are refused", async () => {
  const { wallet, gateway } = await lightningWallet();
  const invoice = gateway.invoiceOf(AMOUNT);
  const { gateway: url, terms } = await wallet.until(wallet.api.quoteSend(invoice));
  gateway.info = { ...gateway.info!, sendFeeDefault: { base: 1_999n, partsPerMillion: 3_000n } };
  assertEquals(await code(wallet.until(wallet.api.send(invoice, { gateway: url, terms }))), "terms_changed");
  assertEquals(wallet.logged.size, 0);
});

Deno.test("an invoice of the gateway's own node costs its lesser fee and comes back sooner", async () => {
  const { wallet, gateway } = await lightningWallet();
  const quote = await wallet.until(wallet.api.quoteSend(gateway.invoiceOf(AMOUNT, { nodeKey: gateway.nodeKey })));
  assert(quote.isDirect);
  assertEquals(quote.terms, { fee: { base: 1_000n, partsPerMillion: 0n }, expirationDelta: 144n });
});

Deno.test("a contract that is worth less than its refund ends as what it is", async () => {
  const { wallet, gateway } = await lightningWallet();
  gateway.info = { ...gateway.info!, sendFeeDefault: { base: 0n, partsPerMillion: 0n } };
  gateway.paying = ["forfeit"];
  const operationId = await wallet.until(wallet.api.send(gateway.invoiceOf(999n)));
  const outcome = await wallet.until(wallet.api.awaitSend(operationId));
  assertEquals(outcome.outcome, "failure");
});

Deno.test("another kind's operation, or none, isn't waited for", async () => {
  const { wallet } = await lightningWallet();
  const { operationId } = await wallet.until(wallet.api.receive(AMOUNT));
  assertEquals(await code(wallet.api.awaitSend(operationId)), "unknown_operation");
  assertEquals(await code(wallet.api.awaitSend("00".repeat(32))), "unknown_operation");
});
