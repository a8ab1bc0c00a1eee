/** Payments, with gateways that do wrong in every way. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { InvoiceTerms } from "../../../core/lightning/bolt11_write.ts";
import { isPreimageOf } from "../contracts.ts";
import type { Doing } from "../testing/gateway.ts";
import { BLOCK_COUNT, GATEWAY_KEY, mineTo, spending } from "../testing/guardians.ts";
import {
  AMOUNT_MSAT,
  assertMoney,
  BALANCE_MSAT,
  eventKinds,
  FEE_MSAT,
  lnWallets,
  outsideInvoice,
} from "../testing/wallet.ts";
import { LnError } from "./error.ts";
import { payOperationId } from "./keys.ts";

const PAID_MSAT = BALANCE_MSAT - AMOUNT_MSAT - FEE_MSAT;
/** Of a usual invoice: block count + 18 + 499. */
const TIMELOCK = BLOCK_COUNT + 517;

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, LnError)).code;
}

Deno.test("a payment ends with its preimage, and costs what was quoted", async () => {
  const test = await lnWallets(), { wallet, gateway } = test, invoice = outsideInvoice(gateway);
  const { paymentHash } = parseBolt11(invoice);
  const quote = await wallet.until(wallet.api.quotePay(invoice));
  assertEquals([quote.gatewayFeeMsat, quote.totalMsat], [FEE_MSAT, AMOUNT_MSAT + FEE_MSAT]);
  const { operationId, feeMsat, isInternal } = await wallet.until(wallet.api.pay(invoice));
  assertEquals([operationId, feeMsat, isInternal], [payOperationId(paymentHash, 1), FEE_MSAT, false]);
  const paid = await wallet.until(wallet.api.awaitPay(operationId));
  assert(paid.outcome === "success" && isPreimageOf(paymentHash, paid.preimage));
  await assertMoney(test, { balanceMsat: PAID_MSAT });
  assertEquals(eventKinds(wallet), ["payment-send", "payment-send-update"]);
  assertEquals(wallet.outcomes.get(operationId), { success: { preimage: toHex(paid.preimage) } });
  const shown: unknown[] = [];
  for await (const each of wallet.api.updates(operationId)) shown.push(each);
  assertEquals(shown, ["created", { funded: { block_height: TIMELOCK } }, wallet.outcomes.get(operationId)]);
  // the gateway needn't know what it is for
  assertEquals(gateway.orders.map(({ paymentData }) => paymentData.tag), ["pruned_invoice"]);
  // paid once: told again, even when the invoice has expired
  await wallet.pass(4_000_000);
  assertEquals((await wallet.until(wallet.api.pay(invoice))).operationId, operationId);
  assertEquals(await code(wallet.api.quotePay(invoice)), "duplicate_payment");
  await assertMoney(test, { balanceMsat: PAID_MSAT });
});

Deno.test("whatever a gateway answers but the preimage is no end: it is asked again", async () => {
  const wrong: Doing[] = ["error", "garbage", "wrong_preimage", "redirect", "huge"];
  const test = await lnWallets(), { wallet, gateway } = test;
  gateway.doing = [...wrong, "pay"];
  const { operationId } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "success");
  assertEquals(gateway.orders.length, wrong.length + 1);
  assertEquals(new Set(gateway.orders.map(({ preimageAuth }) => preimageAuth)).size, 1);
  await assertMoney(test, { balanceMsat: PAID_MSAT });
});

Deno.test("a gateway that gives up by its signature: the money is back at once, and the invoice may be tried again", async () => {
  const test = await lnWallets(), { wallet, gateway } = test, invoice = outsideInvoice(gateway);
  gateway.doing = ["error"];
  const { operationId, contractId } = await wallet.until(wallet.api.pay(invoice));
  assertEquals(await code(wallet.until(wallet.api.pay(invoice))), "duplicate_payment");
  await gateway.cancel(contractId);
  const ended = await wallet.until(wallet.api.awaitPay(operationId));
  assert(ended.outcome === "refunded" && ended.reason.startsWith("Gateway cancelled contract: "));
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
  assertEquals(eventKinds(wallet), ["payment-send", "payment-send-update"]);
  assertEquals(wallet.outcomes.get(operationId), {
    refunded: { gateway_error: { gateway_internal_error: { error_code: 500, error_message: ended.reason } } },
  });
  gateway.doing = ["pay"];
  const again = await wallet.until(wallet.api.pay(invoice));
  assertEquals(again.operationId, payOperationId(parseBolt11(invoice).paymentHash, 2));
  assertEquals((await wallet.until(wallet.api.awaitPay(again.operationId))).outcome, "success");
  await assertMoney(test, { balanceMsat: PAID_MSAT });
});

Deno.test("a gateway that does nothing: the money is back with the block after the timelock, and not before", async () => {
  const test = await lnWallets(), { wallet, gateway, world } = test;
  gateway.doing = ["silent"];
  const { operationId } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  await mineTo(world, TIMELOCK);
  await wallet.pass(60_000);
  await assertMoney(test, { balanceMsat: PAID_MSAT, openMsat: AMOUNT_MSAT + FEE_MSAT });
  assertEquals((await wallet.pending()).outgoingMsat, AMOUNT_MSAT + FEE_MSAT);
  await mineTo(world, TIMELOCK + 1);
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "refunded");
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
});

Deno.test("a gateway that takes the money and says nothing: the payment fails loudly, and isn't made twice", async () => {
  const test = await lnWallets(), { wallet, gateway, world } = test, invoice = outsideInvoice(gateway);
  gateway.doing = ["take"];
  const { operationId } = await wallet.until(wallet.api.pay(invoice));
  await wallet.pass(10_000);
  await mineTo(world, TIMELOCK + 1);
  const ended = await wallet.until(wallet.api.awaitPay(operationId));
  assert(ended.outcome === "failure" && ended.reason.includes("no proof"));
  await assertMoney(test, { balanceMsat: PAID_MSAT });
  // the same payment, in an invoice that hasn't expired
  assertEquals(await code(wallet.api.pay(outsideInvoice(gateway, { expirySecs: 10n ** 9n }))), "duplicate_payment");
  assertEquals(await code(wallet.api.pay(invoice)), "duplicate_payment");
});

Deno.test("a refund that guardians refuse for a while is made again", async () => {
  const test = await lnWallets(), { wallet, gateway } = test;
  gateway.doing = ["silent"];
  const { operationId, contractId } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  await wallet.pass(1_000);
  wallet.refuse = "guardians are confused";
  await gateway.cancel(contractId);
  await wallet.pass(5_000);
  assertEquals(wallet.statesOf(operationId).at(-1)?.tag, "PayRefunding");
  wallet.refuse = null;
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "refunded");
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
});

Deno.test("a funding that guardians refuse costs nothing, and the invoice may be tried again", async () => {
  const test = await lnWallets(), { wallet, gateway } = test, invoice = outsideInvoice(gateway);
  wallet.refuse = "no";
  const { operationId } = await wallet.until(wallet.api.pay(invoice));
  assertEquals(await wallet.until(wallet.api.awaitPay(operationId)), { outcome: "rejected", reason: "no" });
  assertEquals(wallet.outcomes.get(operationId), "canceled");
  assertEquals(gateway.orders, []);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
  wallet.refuse = null;
  const again = await wallet.until(wallet.api.pay(invoice));
  assertEquals((await wallet.until(wallet.api.awaitPay(again.operationId))).outcome, "success");
});

Deno.test("what can't be paid is refused before anything is stored", async () => {
  const test = await lnWallets(), { wallet, gateway } = test;
  const cases: readonly (readonly [string, Partial<InvoiceTerms>])[] = [
    ["amount_missing", { amountMsat: null }],
    ["amount_missing", { amountMsat: 0n }],
    ["wrong_network", { currency: "bitcoin" }],
    ["invoice_expired", { expirySecs: 0n }],
    ["expiration_exceeds_limit", { minFinalCltvExpiryDelta: 942n }],
    ["expiration_exceeds_limit", { minFinalCltvExpiryDelta: 2n ** 64n - 1n }],
    ["insufficient_funds", { amountMsat: BALANCE_MSAT }],
  ];
  for (const [expected, terms] of cases) {
    assertEquals(await code(wallet.until(wallet.api.pay(outsideInvoice(gateway, terms)))), expected);
  }
  assertEquals(await code(wallet.api.pay("lnbcrt1")), "not_an_invoice");
  const gatewayFeeMsatMax = FEE_MSAT - 1n;
  assertEquals(
    await code(wallet.until(wallet.api.pay(outsideInvoice(gateway), { gatewayFeeMsatMax }))),
    "fee_exceeds_limit",
  );
  const gatewayId = publicKeyOf(new Uint8Array(32).fill(200));
  assertEquals(await code(wallet.until(wallet.api.pay(outsideInvoice(gateway), { gatewayId }))), "unknown_gateway");
  gateway.isSilent = true;
  assertEquals(await code(wallet.until(wallet.api.pay(outsideInvoice(gateway)))), "gateways_unresponsive");
  const named = wallet.api.pay(outsideInvoice(gateway), { gatewayId: publicKeyOf(GATEWAY_KEY) });
  assertEquals(await code(wallet.until(named)), "gateway_failed");
  const { wallet: alone } = await lnWallets({ gateways: 0 });
  assertEquals(await code(alone.until(alone.api.pay(outsideInvoice(gateway)))), "no_gateways");
  assertEquals([wallet.events, [...wallet.logged.keys()]], [[], []]);
  await assertMoney(test, { balanceMsat: BALANCE_MSAT });
});

Deno.test("two who pay the same invoice at once pay it once", async () => {
  const test = await lnWallets(), { wallet, gateway } = test, invoice = outsideInvoice(gateway);
  const both = await wallet.until(Promise.allSettled([wallet.api.pay(invoice), wallet.api.pay(invoice)]));
  assertEquals(both.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  const { operationId } = await wallet.until(wallet.api.pay(invoice)).catch(() => ({
    operationId: payOperationId(parseBolt11(invoice).paymentHash, 1),
  }));
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "success");
  await assertMoney(test, { balanceMsat: PAID_MSAT });
});

Deno.test("a gateway that asks for more than 100 sat and 1.5 % is paid when the caller says so alone", async () => {
  const amountMsat = 10_000n, mostMsat = 100_150;
  for (
    const [baseMsat, options, isPaid] of [
      [mostMsat, {}, true],
      [mostMsat + 1, {}, false],
      [mostMsat + 1, { gatewayFeeMsatMax: 100_151n }, true],
    ] as const
  ) {
    const test = await lnWallets({ gateways: 0 }), { wallet } = test;
    const dear = await test.addGateway("dear", new Uint8Array(32).fill(21), {
      fees: { baseMsat, proportionalMillionths: 0 },
    });
    const paying = wallet.until(wallet.api.pay(outsideInvoice(dear, { amountMsat }), options));
    assertEquals(isPaid ? (await paying).feeMsat : await code(paying), isPaid ? BigInt(baseMsat) : "fee_exceeds_limit");
    if (!isPaid) assertEquals([wallet.events, [...wallet.logged.keys()]], [[], []]);
  }
});

Deno.test("the cheapest gateway that answers is taken", async () => {
  const test = await lnWallets(), { wallet } = test;
  const cheap = await test.addGateway("cheap", new Uint8Array(32).fill(21), {
    fees: { baseMsat: 1, proportionalMillionths: 0 },
    supportsPrivatePayments: false,
  });
  const cheaper = await test.addGateway("cheaper", new Uint8Array(32).fill(22), {
    fees: { baseMsat: 0, proportionalMillionths: 0 },
  });
  cheaper.isSilent = true;
  const { operationId, feeMsat } = await wallet.until(wallet.api.pay(outsideInvoice(cheap)));
  assertEquals(feeMsat, 1n);
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "success");
  // one that wants to see the invoice sees it
  assertEquals(cheap.orders.map(({ paymentData }) => paymentData.tag), ["invoice"]);
});

Deno.test("somebody else's money in the same contract is not the payer's", async () => {
  const test = await lnWallets(), { wallet, gateway, world } = test;
  gateway.doing = ["silent"];
  const { operationId, contractId } = await wallet.until(wallet.api.pay(outsideInvoice(gateway)));
  await mineTo(world, TIMELOCK + 1);
  assertEquals((await wallet.until(wallet.api.awaitPay(operationId))).outcome, "refunded");
  // nothing is left for whoever claims it again
  const again = await world.guardians.input(spending(contractId, 1n));
  assertEquals(again.ok, false);
});
