/** Held payments: their contracts are funded when nothing can go wrong, and they end as the contracts end. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals, assertRejects } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { err, ok } from "../../../core/result.ts";
import { orEnded } from "../../contract/waiting.ts";
import type { IncomingContract } from "../contracts.ts";
import { incomingContractId } from "../contracts.ts";
import { incomingOf, PREIMAGE, SEED, testLightning } from "../testing/guardians.ts";
import { completionId } from "./completing.ts";
import { HELD_SURE_MS } from "./limits.ts";
import { operationOf } from "./own.ts";
import { testGateway } from "./testing/gateway.ts";

const never = new AbortController().signal;
const HASH = toHex(sha256(PREIMAGE));
const AMOUNT_MSAT = 101_000n;
const heldFor = (contract: IncomingContract, claimDeadlineHeight = 1_000_000) => ({
  contract,
  paymentHash: HASH,
  amountMsat: AMOUNT_MSAT,
  claimDeadlineHeight,
});

async function receiving(balanceMsat = 1_000_000n) {
  const federation = await testLightning();
  const at = await testGateway(federation, { balanceMsat });
  return { federation, ...at };
}

Deno.test("a held payment's contract is funded once, its preimage bought, and the payment settled", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey }), node = Promise.withResolvers<void>();
  gateway.node = node.promise;
  for (let told = 0; told < 2; told++) {
    assertEquals(await client.until(client.api.relayHeld(heldFor(contract), never)), ok(null));
  }
  const completion = completionId(operationOf(incomingContractId(contract)));
  await client.pass(2_000);
  assertEquals(await client.api.completions(), 1);
  node.resolve();
  assertEquals(await client.until(client.api.awaitCompletion(completion, never)), ok(null));
  assertEquals(await client.api.completions(), 0);
  assertEquals(gateway.completed, [{ paymentHash: HASH, preimage: toHex(PREIMAGE) }]);
  // 100 sat and the federation's fee
  assertEquals(client.balanceMsat, 1_000_000n - 101_000n);
  assertEquals(client.events.map(({ kind }) => kind), [
    "incoming-payment-started",
    "incoming-payment-succeeded",
    "complete-lightning-payment-succeeded",
  ]);
  assertEquals([...client.logged.values()], [{ role: "receive" }, { role: "circuit_completion" }]);
  client.close();
});

Deno.test("a contract whose ciphertext hides no preimage is taken back, and the payment goes back", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey }, { preimage: SEED });
  assertEquals(await client.until(client.api.relayHeld(heldFor(contract), never)), ok(null));
  const completion = completionId(operationOf(incomingContractId(contract)));
  await client.until(client.api.awaitCompletion(completion, never));
  assertEquals(gateway.completed, [{ paymentHash: HASH, preimage: null }]);
  // the contract is back, less two fees of the federation
  assertEquals(client.balanceMsat, 1_000_000n - 2_000n);
  assertEquals(client.events.at(1)!.payload, {
    payment_image: { Hash: HASH },
    error: "Failed to decrypt preimage",
  });
  client.close();
});

Deno.test("a contract whose ciphertext hides no preimage and that is worth less than the fee is given up, and the payment goes back", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey, amount: 500n }, { preimage: SEED });
  assertEquals(await client.until(client.api.relayHeld(heldFor(contract), never)), ok(null));
  await client.until(
    client.api.awaitCompletion(completionId(operationOf(incomingContractId(contract))), never),
  );
  assertEquals(gateway.completed, [{ paymentHash: HASH, preimage: null }]);
  assertEquals(await client.until(client.api.awaitBought(contract, never)), { tag: "Failure", value: null });
  client.close();
});

Deno.test("guardians that refuse the funding cost nothing, and the payment goes back", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  client.refuse = "no";
  assertEquals(await client.until(client.api.relayHeld(heldFor(contract), never)), ok(null));
  await client.until(
    client.api.awaitCompletion(completionId(operationOf(incomingContractId(contract))), never),
  );
  assertEquals(gateway.completed, [{ paymentHash: HASH, preimage: null }]);
  assertEquals(client.balanceMsat, 1_000_000n);
  client.close();
});

Deno.test("nothing is funded that guardians can't decide on, or that the gateway can't pay", async () => {
  for (const [balanceMsat, outcome] of [[100_999n, err("not_funded")], [101_000n, ok(null)]] as const) {
    const { federation, client, publicKey } = await receiving(balanceMsat);
    const contract = incomingOf(federation, { refundPk: publicKey });
    assertEquals(await client.until(client.api.relayHeld(heldFor(contract), never)), outcome);
    assertEquals(await client.api.isFunded(contract), outcome.ok);
    client.close();
  }
});

Deno.test("nothing is funded that is too late, by the node's height or by guardians', at first sight or at the last", async () => {
  const late = err("claim_deadline_too_close"), { federation, client, gateway, publicKey } = await receiving();
  let amount = 1_000n;
  // guardians count 500 blocks, of which the first has height 0
  for (
    const [told, now, blockHeight, outcome] of [
      [501, 1_000_000, 499, ok(null)],
      [500, 1_000_000, 499, late],
      [1_000_000, 501, 499, ok(null)],
      [1_000_000, 500, 499, late],
      // one without the invoice's secret
      [0, 1_000_000, 499, late],
      // who is behind is not asked alone
      [501, 501, 100, ok(null)],
      [500, 500, 100, late],
      [602, 602, 600, ok(null)],
      [601, 602, 600, late],
      [602, 601, 600, late],
    ] as const
  ) {
    gateway.held = { amountMsat: AMOUNT_MSAT, claimDeadlineHeight: now, blockHeight };
    const contract = incomingOf(federation, { refundPk: publicKey, amount: amount++ });
    const relayed = await client.until(client.api.relayHeld(heldFor(contract, told), never));
    assertEquals(relayed, outcome, `${told} ${now} ${blockHeight}`);
    assertEquals(await client.api.isFunded(contract), outcome.ok);
  }
  client.close();
});

Deno.test("the node is asked last, when guardians have answered: what it no longer holds, or holds in part, is not funded", async () => {
  for (const heldMsat of [null, AMOUNT_MSAT - 1n, AMOUNT_MSAT + 1n, AMOUNT_MSAT]) {
    const { federation, client, gateway, publicKey } = await receiving(), answer = Promise.withResolvers<void>();
    const contract = incomingOf(federation, { refundPk: publicKey });
    for (const { module } of federation.guardians.guardians) {
      const { handle, ...endpoint } = module.apiEndpoints["consensus_block_count"]!;
      Object.defineProperty(module.apiEndpoints, "consensus_block_count", {
        value: {
          ...endpoint,
          handle: (...asked: Parameters<typeof handle>) => answer.promise.then(() => handle(...asked)),
        },
      });
    }
    const relayed = client.api.relayHeld(heldFor(contract), never);
    await client.pass(5_000);
    // a restart meanwhile
    gateway.held = heldMsat === null ? null : { ...gateway.held!, amountMsat: heldMsat };
    answer.resolve();
    const isHeld = heldMsat === AMOUNT_MSAT;
    assertEquals(await client.until(relayed), isHeld ? ok(null) : err("not_held" as const));
    assertEquals(await client.api.isFunded(contract), isHeld);
    client.close();
  }
});

Deno.test("a payment that has only just come is looked at once more: a node that dies right after it told of one forgets it", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  const relayed = client.api.relayHeld(heldFor(contract), never);
  await client.pass(HELD_SURE_MS - 1);
  assertEquals(await client.api.isFunded(contract), false);
  gateway.held = null;
  assertEquals(await client.until(relayed), err("not_held" as const));
  assertEquals([await client.api.isFunded(contract), client.balanceMsat], [false, 1_000_000n]);
  client.close();
});

Deno.test("a node that says nothing is no word on a payment: nothing is funded, and nothing goes back", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  gateway.heldNow = () => Promise.reject(new Error("away"));
  const contract = incomingOf(federation, { refundPk: publicKey });
  await client.until(assertRejects(() => client.api.relayHeld(heldFor(contract), never), Error, "away"));
  assertEquals([await client.api.isFunded(contract), gateway.completed.length], [false, 0]);
  client.close();
});

Deno.test("a contract that was funded before settles its payment, whatever the deadline", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  // by a swap
  assertEquals(await client.until(client.api.fund(contract, 101_000n, never)), ok(null));
  assertEquals(await client.until(client.api.awaitBought(contract, never)), { tag: "Success", value: PREIMAGE });
  assertEquals(await client.until(client.api.relayHeld(heldFor(contract, 0), never)), ok(null));
  await client.until(
    client.api.awaitCompletion(completionId(operationOf(incomingContractId(contract))), never),
  );
  assertEquals(gateway.completed, [{ paymentHash: HASH, preimage: toHex(PREIMAGE) }]);
  assertEquals(client.balanceMsat, 1_000_000n - 101_000n);
  client.close();
});

Deno.test("a payment that the node ended the other way is told as that, and not asked for again", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  gateway.completion = err("cancelled");
  const contract = incomingOf(federation, { refundPk: publicKey });
  await client.until(client.api.relayHeld(heldFor(contract), never));
  const completion = completionId(operationOf(incomingContractId(contract)));
  assertEquals(await client.until(client.api.awaitCompletion(completion, never)), err("cancelled"));
  assertEquals(gateway.completed.length, 1);
  client.close();
});

Deno.test("guardians that don't answer within ten seconds get no money", async () => {
  const { federation, client, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  for (const { module } of federation.guardians.guardians) {
    Object.defineProperty(module.apiEndpoints, "consensus_block_count", {
      value: { handle: () => new Promise<never>(() => {}) },
    });
  }
  const relayed = client.api.relayHeld(heldFor(contract), never);
  assertEquals(await client.until(relayed), err("federation_unreachable" as const));
  assertEquals([await client.api.isFunded(contract), client.balanceMsat], [false, 1_000_000n]);
  client.close();
});

Deno.test("a wallet that must exchange notes for long funds nothing, neither then nor later", async () => {
  for (const kind of ["held", "swap"] as const) {
    const { federation, client, publicKey } = await receiving(), ready = Promise.withResolvers<void>();
    const contract = incomingOf(federation, { refundPk: publicKey });
    client.beforeSubmit = (signal) => orEnded(signal!, () => ready.promise);
    const begin = () =>
      kind === "held" ? client.api.relayHeld(heldFor(contract), never) : client.api.fund(contract, AMOUNT_MSAT, never);
    assertEquals((await client.until(begin())).ok, false);
    ready.resolve();
    await client.pass(60_000);
    assertEquals([await client.api.isFunded(contract), client.balanceMsat], [false, 1_000_000n]);
    // in time it does
    assertEquals(await client.until(begin()), ok(null));
    client.close();
  }
});

Deno.test("guardians that don't answer get no money for a swap either", async () => {
  const { federation, client, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  for (const { module } of federation.guardians.guardians) {
    Object.defineProperty(module.apiEndpoints, "consensus_block_count", {
      value: { handle: () => new Promise<never>(() => {}) },
    });
  }
  assertEquals(await client.until(client.api.fund(contract, AMOUNT_MSAT, never)), err("federation_unreachable"));
  assertEquals([await client.api.isFunded(contract), client.balanceMsat], [false, 1_000_000n]);
  client.close();
});
