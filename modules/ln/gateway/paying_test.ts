/** Payments for outgoing contracts: made once, and given up only when nothing was paid and nothing will be. */
import { assertEquals, assertRejects } from "@std/assert";
import { err, ok } from "../../../core/result.ts";
import { contractAccount, outgoingContractId } from "../contracts.ts";
import { pruned } from "../gateway_api.ts";
import { BLOCK_COUNT, mineTo, spending, testLn } from "../testing/guardians.ts";
import { PayInvoiceError } from "./error.ts";
import { operationOf } from "./own.ts";
import type { PaymentError } from "./payment_error.ts";
import type { ScriptedLnGateway, TestLnGateway } from "./testing/gateway.ts";
import {
  CONTRACT_MSAT,
  fundedFor,
  INVOICE_MSAT,
  invoiceOf,
  payloadOf,
  PREIMAGE,
  testLnGateway,
} from "./testing/gateway.ts";

const never = new AbortController().signal;
const NO_ROUTE: PaymentError = {
  tag: "LightningPayError",
  value: { lightningError: { tag: "FailedPayment", value: { failureReason: "no route" } } },
};

async function paying() {
  const world = await testLn(), at = await testLnGateway(world);
  const account = async (contract: Awaited<ReturnType<typeof fundedFor>>) => {
    const found = contractAccount.fromJson(await world.guardians.ask("account", outgoingContractId(contract)));
    return { amount: found.amount, cancelled: found.contract.tag === "Outgoing" && found.contract.value.cancelled };
  };
  return { world, account, ...at };
}

async function refusal(at: Pick<TestLnGateway, "client">, paid: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => at.client.until(paid), PayInvoiceError)).code;
}

Deno.test("an invoice is paid for its contract, the contract claimed, and who asks again is told again", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  const contract = await fundedFor(world, at), invoice = invoiceOf();
  for (let asked = 0; asked < 2; asked++) {
    assertEquals(await client.until(client.api.payInvoice(payloadOf(contract, invoice), never)), PREIMAGE);
  }
  await client.pass(2_000);
  assertEquals([gateway.payments.length, client.balanceMsat], [1, CONTRACT_MSAT]);
  assertEquals(await account(contract), { amount: 0n, cancelled: false });
  const { cltvLimit, endBlockCount, feeLimitMsat, mayBegin } = gateway.payments[0]!;
  // 500 blocks, and one as claims are open up to the timelock's; less the gateway's 144
  assertEquals([cltvLimit, endBlockCount], [357n, BigInt(BLOCK_COUNT) + 357n]);
  assertEquals([feeLimitMsat, mayBegin], [CONTRACT_MSAT - INVOICE_MSAT, true]);
  const id = outgoingContractId(contract);
  assertEquals(client.logged.get(operationOf(id)), { Pay: { preimage_auth: "a0".repeat(32) } });
  assertEquals(client.events.map(({ kind }) => kind), ["outgoing-payment-started", "outgoing-payment-succeeded"]);
  assertEquals(client.events[0]!.payload, { contract_id: id, invoice_amount: 99_000, operation_id: id });
  client.close();
});

Deno.test("routing may cost no more than what claiming the contract leaves beyond the invoice", async () => {
  // what claiming costs, and what is left of the 1,000 msat for routing
  for (
    const [contractInput, left] of [[0n, 1_000n], [400n, 600n], [1_000n, 0n], [1_001n, 0n], [200_000n, 0n]] as const
  ) {
    const world = await testLn();
    Object.assign(world.guardians.config.feeConsensus, { contractInput });
    const at = { ...await testLnGateway(world), world }, { client, gateway } = at;
    gateway.outcome = () => Promise.resolve(err(NO_ROUTE));
    const contract = await fundedFor(world, at);
    await refusal(at, client.api.payInvoice(payloadOf(contract, invoiceOf()), never));
    assertEquals(gateway.payments.map(({ feeLimitMsat }) => feeLimitMsat), [left]);
    client.close();
  }
});

Deno.test("a payment that the node says failed is given up, and the payer has the money back at once", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  gateway.outcome = () => Promise.resolve(err(NO_ROUTE));
  const contract = await fundedFor(world, at),
    asked = () => client.api.payInvoice(payloadOf(contract, invoiceOf()), never);
  assertEquals(await refusal(at, asked()), "cancelled");
  assertEquals(await account(contract), { amount: CONTRACT_MSAT, cancelled: true });
  const back = await world.guardians.input(spending(outgoingContractId(contract), CONTRACT_MSAT));
  assertEquals(back.ok && back.value.publicKey, contract.userKey);
  // it is over: nothing is paid for it any more
  gateway.outcome = () => Promise.resolve(ok({ preimage: PREIMAGE, targetFederation: null }));
  assertEquals(await refusal(at, asked()), "cancelled");
  assertEquals([gateway.payments.length, client.balanceMsat], [1, 0n]);
  assertEquals(client.events.map(({ kind }) => kind), ["outgoing-payment-started", "outgoing-payment-failed"]);
  const { error, outgoing_contract } = client.events[1]!.payload as Record<string, Record<string, unknown>>;
  assertEquals(error!.error_type, {
    LightningPayError: { lightning_error: { FailedPayment: { failure_reason: "no route" } } },
  });
  assertEquals(outgoing_contract!.amount, 100_000);
  client.close();
});

Deno.test("a gateway that was restored by its words in a new folder neither gives up nor pays for contracts of the old one", async () => {
  const { world, client, ...old } = await paying(), funded = await fundedFor(world, { client, ...old });
  client.close();
  const restored = await testLnGateway(world, { dice: 2 });
  restored.gateway.outcome = () => Promise.resolve(err(NO_ROUTE));
  const paid = restored.client.api.payInvoice(payloadOf(funded, invoiceOf()), never);
  assertEquals(await refusal(restored, paid), "not_our_contract");
  assertEquals([restored.gateway.payments, restored.client.events], [[], []]);
  assertEquals(await old.account(funded), { amount: CONTRACT_MSAT, cancelled: false });
  restored.client.close();
});

Deno.test("nothing is given up while it isn't known whether the payment was made", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  const known = Promise.withResolvers<Awaited<ReturnType<ScriptedLnGateway["outcome"]>>>();
  gateway.outcome = () => known.promise;
  const contract = await fundedFor(world, at);
  const paid = client.api.payInvoice(payloadOf(contract, invoiceOf()), never);
  await client.pass(3_000);
  // the timelock is over, and the invoice has expired
  await mineTo(world, BLOCK_COUNT + 499);
  await client.pass(4_000_000);
  assertEquals(await account(contract), { amount: CONTRACT_MSAT, cancelled: false });
  known.resolve(ok({ preimage: PREIMAGE, targetFederation: null }));
  assertEquals(await client.until(paid), PREIMAGE);
  client.close();
});

Deno.test("nothing begins for a contract that ends too soon, holds too little, or whose invoice has expired: it is given up", async () => {
  const soon = { timelock: BLOCK_COUNT + 143 }, late = { timelock: BLOCK_COUNT + 144 };
  for (
    const [changes, terms, error] of [
      [soon, {}, "TimeoutTooClose"],
      [{ amount: 99_999n }, {}, { Underfunded: [100_000, 99_999] }],
      [{}, { expirySecs: 0n, timestamp: 1_600_000_000n }, { InvoiceExpired: 1_600_000_000 }],
      [late, {}, null],
    ] as const
  ) {
    const at = await paying(), { world, client, gateway, account } = at;
    const contract = await fundedFor(world, at, changes);
    const paid = client.api.payInvoice(payloadOf(contract, invoiceOf(terms)), never);
    if (error === null) assertEquals(await client.until(paid), PREIMAGE);
    else {
      assertEquals(await refusal(at, paid), "cancelled");
      assertEquals((await account(contract)).cancelled, true);
      const failed = client.events.at(-1)!.payload as { readonly error: { readonly error_type: unknown } };
      assertEquals(failed.error.error_type, { InvalidOutgoingContract: { error } });
    }
    assertEquals(gateway.payments.filter(({ mayBegin }) => mayBegin).length, error === null ? 1 : 0);
    client.close();
  }
});

Deno.test("a hash is paid by one contract: another one for it is given up, and one of dust takes nothing", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  const dust = await fundedFor(world, at, { amount: 1n, timelock: BLOCK_COUNT + 400 });
  assertEquals(await refusal(at, client.api.payInvoice(payloadOf(dust, invoiceOf()), never)), "cancelled");
  assertEquals(gateway.claims.size, 0);
  const known = Promise.withResolvers<Awaited<ReturnType<ScriptedLnGateway["outcome"]>>>();
  gateway.outcome = () => known.promise;
  const contract = await fundedFor(world, at), other = await fundedFor(world, at, { timelock: BLOCK_COUNT + 401 });
  const paid = client.api.payInvoice(payloadOf(contract, invoiceOf()), never);
  await client.pass(1_000);
  assertEquals(await refusal(at, client.api.payInvoice(payloadOf(other, invoiceOf()), never)), "cancelled");
  assertEquals([(await account(other)).cancelled, (await account(contract)).cancelled], [true, false]);
  known.resolve(ok({ preimage: PREIMAGE, targetFederation: null }));
  assertEquals(await client.until(paid), PREIMAGE);
  assertEquals(gateway.payments.length, 1);
  client.close();
});

Deno.test("what isn't a contract of ours for this invoice is refused, and neither takes the hash nor begins", async () => {
  const at = await paying(), { world, client, gateway } = at;
  const contract = await fundedFor(world, at), invoice = invoiceOf(), payload = payloadOf(contract, invoice);
  const foreign = await fundedFor(world, at, { gatewayKey: contract.userKey });
  const otherHash = await fundedFor(world, at, { hash: "77".repeat(32) });
  const taken = await fundedFor(world, at, { timelock: BLOCK_COUNT + 300 });
  const spent = spending(outgoingContractId(taken), CONTRACT_MSAT, PREIMAGE);
  assertEquals((await world.guardians.input(spent)).ok, true);
  const unfunded = { ...contract, timelock: 9_999 };
  for (
    const [code, wrong] of [
      ["pruned_invoice", { ...payload, paymentData: { tag: "pruned_invoice", value: pruned(invoice)! } }],
      ["missing_invoice_amount", payloadOf(contract, invoiceOf({ amountMsat: null }))],
      ["no_contract", payloadOf(unfunded, invoice)],
      ["not_our_contract", payloadOf(foreign, invoice)],
      ["payment_hash_mismatch", payloadOf(otherHash, invoice)],
      ["contract_over", payloadOf(taken, invoice)],
    ] as const
  ) {
    assertEquals(await refusal(at, client.api.payInvoice(wrong, never)), code);
  }
  gateway.isConnected = false;
  assertEquals(await refusal(at, client.api.payInvoice(payload, never)), "node_not_connected");
  assertEquals([gateway.payments.length, gateway.claims.size, client.logged.size], [0, 0, 0]);
  client.close();
});

Deno.test("nobody joins a payment without what its payer knows: the preimage is the payer's", async () => {
  const at = await paying(), { world, client, gateway } = at;
  const contract = await fundedFor(world, at), payload = payloadOf(contract, invoiceOf());
  const stranger = { ...payload, preimageAuth: "b0".repeat(32) };
  // both at once, and afterwards
  const both = [client.api.payInvoice(payload, never), client.api.payInvoice(stranger, never)] as const;
  both[1].catch(() => {});
  assertEquals(await client.until(both[0]), PREIMAGE);
  assertEquals(await refusal(at, both[1]), "unauthorized");
  assertEquals(await refusal(at, client.api.payInvoice(stranger, never)), "unauthorized");
  assertEquals(gateway.payments.length, 1);
  client.close();
});

Deno.test("guardians that refuse a cancellation are asked again, and the payer is told when it is no use", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  gateway.outcome = () => Promise.resolve(err(NO_ROUTE));
  const contract = await fundedFor(world, at);
  client.refuse = "no";
  const paid = client.api.payInvoice(payloadOf(contract, invoiceOf()), never);
  assertEquals(await refusal(at, paid), "failed");
  assertEquals((await account(contract)).cancelled, false);
  assertEquals(client.outcomes.get(operationOf(outgoingContractId(contract))), "failed");
  client.close();
});

Deno.test("a contract that is being given up is under way: a federation that is left then would keep its payer's money", async () => {
  const at = await paying(), { world, client, gateway, account } = at;
  gateway.outcome = () => Promise.resolve(err(NO_ROUTE));
  const contract = await fundedFor(world, at), none = { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n };
  client.refuse = "no";
  const refused = refusal(at, client.api.payInvoice(payloadOf(contract, invoiceOf()), never));
  await client.pass(500);
  assertEquals(await client.pending(), { ...none, inDoubtMsat: CONTRACT_MSAT });
  client.refuse = null;
  assertEquals(await refused, "cancelled");
  assertEquals([await client.pending(), (await account(contract)).cancelled], [none, true]);
  client.close();
});
