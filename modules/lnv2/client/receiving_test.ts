/** Receives: invoices of gateways that do as they should, or don't. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { parseBolt11 } from "../../../core/lightning/bolt11.ts";
import type { Inviting } from "../testing/gateway.ts";
import { passSecs } from "../testing/guardians.ts";
import { assertMoney, BALANCE_MSAT, eventKinds, lightningWallet } from "../testing/wallet.ts";
import { Lnv2Error } from "./error.ts";

const AMOUNT = 100_000n;
/** 2 sat and 0.3 %. */
const GATEWAY_FEE = 2_300n;
const FEDERATION_FEE = 1_000n;
const ARRIVES = AMOUNT - GATEWAY_FEE - FEDERATION_FEE;

async function code(promise: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => promise, Lnv2Error)).code;
}

Deno.test("an invoice is paid into the wallet, and the log says what the gateway kept", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const quote = await wallet.until(wallet.api.quoteReceive(AMOUNT));
  assertEquals(quote, {
    gateway: "http://gw/v1",
    fee: { base: 2_000n, partsPerMillion: 3_000n },
    amountMsat: AMOUNT,
    gatewayFeeMsat: GATEWAY_FEE,
    federationFeeMsat: FEDERATION_FEE,
    arrivesMsat: ARRIVES,
  });
  const { invoice, operationId } = await wallet.until(
    wallet.api.receive(AMOUNT, { description: "tea ☕", gateway: quote.gateway, fee: quote.fee }),
  );
  const { amountMsat, description, expirySecs } = parseBolt11(invoice);
  assertEquals({ amountMsat, description, expirySecs }, {
    amountMsat: AMOUNT,
    description: { tag: "Direct", value: "tea ☕" },
    expirySecs: 3_600n,
  });
  assertEquals(eventKinds(wallet), []);
  await gateway.fund(gateway.registered[0]!);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "claimed" });
  await assertMoney(lightning, { balanceMsat: BALANCE_MSAT + ARRIVES });
  assertEquals(wallet.events, [
    { kind: "payment-receive", payload: { operation_id: operationId, amount: 100_000, fee: 2_300 } },
  ]);
  assertEquals(wallet.outcomes.get(operationId), "Claimed");
  const states = [];
  for await (const state of wallet.api.receiveUpdates(operationId)) states.push(state);
  assertEquals(states, ["Pending", "Claiming", "Claimed"]);
});

Deno.test("an invoice that nobody pays expires, and not a second before", async () => {
  const { wallet, world } = await lightningWallet();
  const { operationId } = await wallet.until(wallet.api.receive(AMOUNT, { expirySecs: 600 }));
  await passSecs(world, 540);
  await wallet.pass(15_000);
  assertEquals(wallet.outcomes.get(operationId), undefined);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "expired" });
  assertEquals(eventKinds(wallet), []);
});

const LIES: Readonly<Record<Exclude<Inviting, "good">, string>> = {
  other_hash: "invalid_invoice",
  other_amount: "wrong_invoice_amount",
  no_amount: "wrong_invoice_amount",
  other_network: "invalid_invoice",
  expired: "invalid_invoice",
  error: "gateway_failed",
  garbage: "gateway_failed",
};

for (const [inviting, expected] of Object.entries(LIES)) {
  Deno.test(`an invoice that isn't what was asked for (${inviting}) is shown to nobody`, async () => {
    const { wallet, gateway } = await lightningWallet();
    gateway.inviting = inviting as Inviting;
    assertEquals(await code(wallet.until(wallet.api.receive(AMOUNT))), expected);
    assertEquals(wallet.logged.size, 0);
  });
}

Deno.test("what can't be asked for is refused before a gateway is asked for an invoice", async () => {
  const { wallet, gateway } = await lightningWallet();
  const receive = (...args: Parameters<typeof wallet.api.receive>) => wallet.until(wallet.api.receive(...args));
  assertEquals(await code(receive(AMOUNT, { expirySecs: 86_401 })), "expiry_too_long");
  assertEquals(await code(receive(AMOUNT, { description: "x".repeat(640) })), "description_too_long");
  assertEquals(gateway.asked, []);
  // 2,009 of the gateway's and 1,000 of the federation's fee leave nothing
  assertEquals(await code(receive(3_009n)), "amount_too_small");
  assertEquals(await code(receive(AMOUNT, { fee: { base: 0n, partsPerMillion: 0n } })), "terms_changed");
  assertEquals(gateway.registered, []);
  await receive(AMOUNT, { expirySecs: 86_400, description: "x".repeat(639) });
});

Deno.test("a claim that guardians refuse is made again, and the event stands once", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const { operationId } = await wallet.until(wallet.api.receive(AMOUNT));
  wallet.refuse = "a blind nonce was used before";
  await gateway.fund(gateway.registered[0]!);
  await wallet.pass(3_000);
  wallet.refuse = null;
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "claimed" });
  await assertMoney(lightning, { balanceMsat: BALANCE_MSAT + ARRIVES });
  assertEquals(eventKinds(wallet), ["payment-receive"]);
});

Deno.test("a claim that guardians always refuse ends as a failure, with their reason", async () => {
  const lightning = await lightningWallet(), { wallet, gateway } = lightning;
  const { operationId } = await wallet.until(wallet.api.receive(AMOUNT));
  wallet.refuse = "no";
  await gateway.fund(gateway.registered[0]!);
  assertEquals(await wallet.until(wallet.api.awaitReceive(operationId)), { outcome: "failure", reason: "no" });
});

Deno.test("no two invoices of a wallet have anything in common", async () => {
  const { wallet, gateway } = await lightningWallet();
  const invoices = [await wallet.until(wallet.api.receive(AMOUNT)), await wallet.until(wallet.api.receive(AMOUNT))];
  const [one, two] = gateway.registered;
  assert(one!.commitment.claimPk.some((byte, i) => byte !== two!.commitment.claimPk[i]));
  assert(parseBolt11(invoices[0]!.invoice).paymentHash !== parseBolt11(invoices[1]!.invoice).paymentHash);
});
