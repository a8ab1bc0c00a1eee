/** Paying for outgoing contracts: what is refused, what is paid, and that nothing is forfeited that may be paid. */
import { assertEquals, assertRejects } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { isForfeitSignature, outgoingContractId } from "../contracts.ts";
import { CLAIM_KEY, mineTo, outgoingOf, passSecs, PREIMAGE, testLightning } from "../testing/guardians.ts";
import { SendPaymentError } from "./error.ts";
import { fundedFor, invoiceOf, payloadOf, ScriptedGateway, testGateway } from "./testing/gateway.ts";

const never = new AbortController().signal;
const operationOf = (contract: Parameters<typeof outgoingContractId>[0]) =>
  outgoingContractId(contract) as string as OperationId;

Deno.test("an invoice is paid once for its contract, which is claimed; the payer has the preimage, again as often as it asks", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, funded = await fundedFor(federation, at);
  const payload = payloadOf(funded, invoiceOf());
  assertEquals(await client.until(client.api.sendPayment(payload, never)), ok(PREIMAGE));
  assertEquals(await client.until(client.api.sendPayment(payload, never)), ok(PREIMAGE));
  await client.pass(1_000);
  assertEquals(gateway.payments.length, 1);
  assertEquals(gateway.payments[0]!.feeLimitMsat, 0n);
  assertEquals(gateway.payments[0]!.cltvLimit, 356n);
  // 100 sat less the federation's fee
  assertEquals(client.balanceMsat, 99_000n);
  assertEquals(client.events.map(({ kind }) => kind), ["outgoing-payment-started", "outgoing-payment-succeeded"]);
  assertEquals(client.logged.get(operationOf(funded.contract)), { role: "send" });
  client.close();
});

Deno.test("two requests for a contract at once are one payment", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, payload = payloadOf(await fundedFor(federation, at), invoiceOf());
  const both = Promise.all([client.api.sendPayment(payload, never), client.api.sendPayment(payload, never)]);
  assertEquals(await client.until(both), [ok(PREIMAGE), ok(PREIMAGE)]);
  assertEquals(gateway.payments.length, 1);
  assertEquals(client.events.length, 2);
  client.close();
});

Deno.test("a payment that the node says failed is forfeited in writing, and never paid again", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, funded = await fundedFor(federation, at);
  gateway.outcome = () => Promise.resolve(err({ tag: "LightningRpcError", value: "no route" }));
  const payload = payloadOf(funded, invoiceOf());
  for (let ask = 0; ask < 2; ask++) {
    const outcome = await client.until(client.api.sendPayment(payload, never));
    assertEquals(!outcome.ok && isForfeitSignature(funded.contract, outcome.error), true);
  }
  assertEquals(gateway.payments.length, 1);
  assertEquals(client.balanceMsat, 0n);
  assertEquals(client.events.at(-1), {
    kind: "outgoing-payment-failed",
    payload: {
      payment_image: { Hash: invoiceOf().paymentHash },
      error: { LightningRpcError: "no route" },
    },
  });
  client.close();
});

Deno.test("a gateway that was restored by its words in a new folder neither forfeits nor pays for contracts of the old one", async () => {
  const federation = await testLightning(), old = await testGateway(federation);
  const funded = await fundedFor(federation, old), payload = payloadOf(funded, invoiceOf());
  assertEquals(await old.client.until(old.client.api.sendPayment(payload, never)), ok(PREIMAGE));
  const lost = await fundedFor(federation, old, { ephemeralPk: publicKeyOf(new Uint8Array(32).fill(77)) });
  old.client.close();
  // the same words, and nothing that was stored: what the node says of the invoice is a failure, or that it has none
  const restored = await testGateway(federation, { dice: 2 });
  restored.gateway.outcome = () => Promise.resolve(err({ tag: "RegistrationError", value: "no registration" }));
  for (const contract of [funded, lost]) {
    const refused = await assertRejects(
      () => restored.client.until(restored.client.api.sendPayment(payloadOf(contract, invoiceOf()), never)),
      SendPaymentError,
    );
    assertEquals(refused.code, "not_our_contract");
  }
  assertEquals([restored.gateway.payments, restored.gateway.claims.size, restored.client.events], [[], 0, []]);
  restored.client.close();
});

Deno.test("a payment whose outcome isn't known is neither claimed nor forfeited, however long it takes", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, funded = await fundedFor(federation, at);
  const node = Promise.withResolvers<void>();
  gateway.outcome = async () => {
    await node.promise;
    return ok({ preimage: PREIMAGE, targetFederation: null });
  };
  let isAnswered = false;
  const asked = client.api.sendPayment(payloadOf(funded, invoiceOf()), never).finally(() => isAnswered = true);
  // the invoice expires, and so does the contract for the gateway
  await client.pass(2_000);
  await passSecs(federation, 7_200);
  await mineTo(federation, federation.chain.blockCount + 400);
  await client.pass(5_000);
  assertEquals(isAnswered, false);
  assertEquals(client.statesOf(operationOf(funded.contract)).length, 1);
  node.resolve();
  assertEquals(await client.until(asked), ok(PREIMAGE));
  client.close();
});

Deno.test("nothing new begins when the invoice has expired or the contract is near its end, and what has begun is asked for", async () => {
  const cases = [
    { late: { secs: 3_602, blocks: 0 }, error: "InvoiceExpired" },
    // 500 blocks were left, of which the gateway keeps 144
    { late: { secs: 0, blocks: 356 }, error: "TimeoutTooClose" },
    { late: { secs: 0, blocks: 355 }, error: null },
  ];
  for (const { late, error } of cases) {
    const federation = await testLightning(), at = await testGateway(federation);
    const { client, gateway } = at, funded = await fundedFor(federation, at);
    const node = Promise.withResolvers<void>();
    gateway.node = node.promise;
    const asked = client.api.sendPayment(payloadOf(funded, invoiceOf()), never);
    await client.pass(2_000);
    // the node is away so long: blocks are counted when it is back
    await passSecs(federation, late.secs);
    await mineTo(federation, federation.chain.blockCount + late.blocks);
    assertEquals(gateway.payments.length, 0);
    node.resolve();
    const outcome = await client.until(asked);
    assertEquals(gateway.payments.map(({ mayBegin }) => mayBegin), [error === null]);
    assertEquals(outcome.ok, error === null);
    if (error === null) assertEquals(gateway.payments[0]!.cltvLimit, 1n);
    else assertEquals((client.events.at(-1)!.payload as { error: string }).error, error);
    client.close();
  }
});

Deno.test("a payment that began before the invoice expired is claimed when it turns out to be made", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, funded = await fundedFor(federation, at);
  const node = Promise.withResolvers<void>();
  gateway.node = node.promise;
  gateway.outcome = () => Promise.resolve(ok({ preimage: PREIMAGE, targetFederation: null }));
  const asked = client.api.sendPayment(payloadOf(funded, invoiceOf()), never);
  await client.pass(2_000);
  await passSecs(federation, 4_000);
  node.resolve();
  assertEquals(await client.until(asked), ok(PREIMAGE));
  assertEquals(gateway.payments[0]!.mayBegin, false);
  client.close();
});

Deno.test("a contract that is worth less than the gateway asks for is forfeited unpaid; at the border it is paid", async () => {
  for (const [amount, paid] of [[99_999n, false], [100_000n, true]] as const) {
    const federation = await testLightning(), at = await testGateway(federation);
    const { client, gateway } = at, funded = await fundedFor(federation, at, { amount });
    const outcome = await client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never));
    assertEquals([outcome.ok, gateway.payments.length], [paid, paid ? 1 : 0]);
    client.close();
  }
});

Deno.test("a contract that can't be paid for keeps the invoice from nobody else", async () => {
  for (const changes of [{ amount: 1n }, { expiration: 0n }]) {
    const federation = await testLightning(), at = await testGateway(federation);
    const { client, gateway } = at, dust = await fundedFor(federation, at, changes);
    const forfeited = await client.until(client.api.sendPayment(payloadOf(dust, invoiceOf()), never));
    assertEquals(!forfeited.ok && isForfeitSignature(dust.contract, forfeited.error), true);
    const funded = await fundedFor(federation, at);
    assertEquals(await client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never)), ok(PREIMAGE));
    // and it is still not paid for afterwards
    const again = await client.until(client.api.sendPayment(payloadOf(dust, invoiceOf()), never));
    assertEquals([again.ok, gateway.payments.length], [false, 1]);
    client.close();
  }
});

Deno.test("a contract with 144 blocks left is forfeited unpaid; with one more it is paid", async () => {
  for (const [blocks, paid] of [[144n, false], [145n, true]] as const) {
    const federation = await testLightning(), at = await testGateway(federation);
    const { client, gateway } = at;
    const funded = await fundedFor(federation, at, { expiration: BigInt(federation.chain.blockCount) + blocks });
    const outcome = await client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never));
    assertEquals([outcome.ok, gateway.payments.length], [paid, paid ? 1 : 0]);
    client.close();
  }
});

Deno.test("what is refused before a payment begins leaves nothing behind, and is never forfeited", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at, funded = await fundedFor(federation, at);
  const foreign = await fundedFor(federation, at, { claimPk: outgoingOf().claimPk });
  const elsewhere = { contract: { ...funded.contract, amount: 99_999n }, outpoint: funded.outpoint };
  const unfunded = { contract: funded.contract, outpoint: { txid: "ab".repeat(32), outIdx: 0 } };
  const cases: [string, ReturnType<typeof payloadOf>][] = [
    ["not_our_contract", payloadOf(foreign, invoiceOf())],
    ["invalid_auth_signature", payloadOf(funded, invoiceOf(), CLAIM_KEY)],
    ["invalid_auth_signature", {
      ...payloadOf(funded, invoiceOf()),
      invoice: { tag: "Bolt11", value: invoiceOf({ amountMsat: 1n }) },
    }],
    ["contract_not_confirmed", payloadOf(unfunded, invoiceOf())],
    ["contract_id_mismatch", payloadOf(elsewhere, invoiceOf())],
    ["missing_invoice_amount", payloadOf(funded, invoiceOf({ amountMsat: null }))],
    ["payment_hash_mismatch", payloadOf(funded, invoiceOf({ paymentHash: "cd".repeat(32) }))],
  ];
  for (const [code, payload] of cases) {
    const refused = await assertRejects(() => client.until(client.api.sendPayment(payload, never)), SendPaymentError);
    assertEquals(refused.code, code);
  }
  gateway.isConnected = false;
  const refused = await assertRejects(
    () => client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never)),
    SendPaymentError,
  );
  assertEquals(refused.code, "node_not_connected");
  assertEquals([gateway.payments.length, gateway.claims.size, client.events.length], [0, 0, 0]);
  gateway.isConnected = true;
  assertEquals(await client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never)), ok(PREIMAGE));
  client.close();
});

Deno.test("a second contract for the same payment image is never paid and never forfeited, in whichever federation it is", async () => {
  const gateway = new ScriptedGateway();
  const here = await testLightning(), there = await testLightning({ seed: 2 });
  const at = await testGateway(here, { gateway }), elsewhere = await testGateway(there, { gateway, seed: 2 });
  const first = await fundedFor(here, at);
  assertEquals(await at.client.until(at.client.api.sendPayment(payloadOf(first, invoiceOf()), never)), ok(PREIMAGE));
  const second = await fundedFor(here, at, { amount: 200_000n });
  const third = await fundedFor(there, elsewhere);
  for (const [{ client }, funded] of [[at, second], [elsewhere, third]] as const) {
    const refused = await assertRejects(
      () => client.until(client.api.sendPayment(payloadOf(funded, invoiceOf()), never)),
      SendPaymentError,
    );
    assertEquals(refused.code, "image_already_claimed");
    assertEquals(client.statesOf(operationOf(funded.contract)).length, 0);
  }
  assertEquals(gateway.payments.length, 1);
  at.client.close();
  elsewhere.client.close();
});

Deno.test("a claim that can't pay its fee still tells the preimage", async () => {
  const federation = await testLightning(), at = await testGateway(federation);
  const { client, gateway } = at;
  gateway.feeMsat = 1n;
  // the federation's fee alone is 1,000 msat
  const funded = await fundedFor(federation, at, { amount: 900n });
  const outcome = await client.until(client.api.sendPayment(payloadOf(funded, invoiceOf({ amountMsat: 800n })), never));
  assertEquals(outcome.ok && toHex(outcome.value), toHex(PREIMAGE));
  assertEquals(client.balanceMsat, 0n);
  client.close();
});
