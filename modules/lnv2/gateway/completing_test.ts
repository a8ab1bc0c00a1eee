/** Held payments: their contracts are funded when nothing can go wrong, and they end as the contracts end. */
import { sha256 } from "@noble/hashes/sha2.js";
import { assertEquals } from "@std/assert";
import { toHex } from "../../../core/bytes.ts";
import { err, ok } from "../../../core/result.ts";
import type { IncomingContract } from "../contracts.ts";
import { incomingContractId } from "../contracts.ts";
import { incomingOf, PREIMAGE, SEED, testLightning } from "../testing/guardians.ts";
import { completionId } from "./completing.ts";
import { operationOf } from "./own.ts";
import { testGateway } from "./testing/gateway.ts";

const never = new AbortController().signal;
const HASH = toHex(sha256(PREIMAGE));
const heldFor = (contract: IncomingContract, blocksToClaimDeadline = 2n, claimDeadlineHeight = 1_000_000n) => ({
  contract,
  paymentHash: HASH,
  amountMsat: 101_000n,
  blocksToClaimDeadline,
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

Deno.test("nothing is funded that would be too late, that guardians can't decide on, or that the gateway can't pay", async () => {
  for (
    const [blocks, balanceMsat, outcome] of [
      [1n, 1_000_000n, err("claim_deadline_too_close")],
      [0n, 1_000_000n, err("claim_deadline_too_close")],
      [2n, 100_999n, err("not_funded")],
      [2n, 101_000n, ok(null)],
    ] as const
  ) {
    const { federation, client, publicKey } = await receiving(balanceMsat);
    const contract = incomingOf(federation, { refundPk: publicKey });
    assertEquals(await client.until(client.api.relayHeld(heldFor(contract, blocks), never)), outcome);
    assertEquals(await client.api.isFunded(contract), outcome.ok);
    client.close();
  }
});

Deno.test("guardians know how high the chain is as well: a node that says less funds nothing that is too late", async () => {
  // guardians count 500 blocks, of which the first has height 0
  for (const [height, outcome] of [[500n, err("claim_deadline_too_close")], [501n, ok(null)]] as const) {
    const { federation, client, publicKey } = await receiving();
    const contract = incomingOf(federation, { refundPk: publicKey });
    assertEquals(await client.until(client.api.relayHeld(heldFor(contract, 100n, height), never)), outcome);
    assertEquals(await client.api.isFunded(contract), outcome.ok);
    client.close();
  }
});

Deno.test("a contract that was funded before settles its payment, whatever the deadline", async () => {
  const { federation, client, gateway, publicKey } = await receiving();
  const contract = incomingOf(federation, { refundPk: publicKey });
  // by a swap
  assertEquals(await client.until(client.api.fund(contract, 101_000n)), ok(null));
  assertEquals(await client.until(client.api.awaitBought(contract, never)), { tag: "Success", value: PREIMAGE });
  assertEquals(await client.until(client.api.relayHeld(heldFor(contract, 0n), never)), ok(null));
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
