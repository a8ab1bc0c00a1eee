import { assertEquals } from "@std/assert";
import { bls, decodeScalar } from "../../../core/crypto/bls/mod.ts";
import { decryptionKeyOf } from "../../../core/crypto/tpe.ts";
import { incomingContractId, isDecryptionShareOf } from "../contracts.ts";
import { incomingOf, PREIMAGE, SEED, testLightning } from "../testing/guardians.ts";
import { ContractChecks } from "./contract_checks.ts";

const federation = await testLightning({ total: 1 });
const { env } = federation.guardians.guardians[0]!;
const { tpeAggPk, tpePks } = env.config;
const secretShare = decodeScalar(env.privateConfig.sk.reveal());
const key = decryptionKeyOf(tpeAggPk, SEED);

/** How many products of pairings it takes. */
function pairings(work: () => void): number {
  const backend = bls.backend as { pairingProductIsOne: typeof bls.backend.pairingProductIsOne };
  const original = backend.pairingProductIsOne;
  let count = 0;
  backend.pairingProductIsOne = (pairs) => (count++, original(pairs));
  try {
    work();
  } finally {
    backend.pairingProductIsOne = original;
  }
  return count;
}

Deno.test("a contract and its key are each checked once, however often they are looked at", () => {
  const checks = new ContractChecks(tpeAggPk, secretShare), contract = incomingOf(federation);
  assertEquals(pairings(() => checks.shareOf(contract)), 1);
  assertEquals(pairings(() => checks.isKeyOf(contract, key)), 1);
  assertEquals(
    pairings(() => {
      for (let i = 0; i < 3; i++) {
        const verdict = checks.shareOf(incomingOf(federation))!;
        assertEquals(verdict.id, incomingContractId(contract));
        assertEquals(checks.isKeyOf(incomingOf(federation), key), true);
      }
    }),
    0,
  );
});

Deno.test("what was found good says nothing of another contract or another key", () => {
  const checks = new ContractChecks(tpeAggPk, secretShare), contract = incomingOf(federation);
  const other = incomingOf(federation, {}, { seed: PREIMAGE });
  assertEquals([checks.shareOf(contract)?.id, checks.isKeyOf(contract, key)], [incomingContractId(contract), true]);
  assertEquals(checks.shareOf({ ...contract, commitment: { ...contract.commitment, amount: 1n } }), null);
  assertEquals(checks.shareOf({ ...contract, ciphertext: other.ciphertext })?.id, incomingContractId(other));
  assertEquals([checks.isKeyOf(contract, bls.g1.generator), checks.isKeyOf(other, key)], [false, false]);
  const share = checks.shareOf(contract)!.share;
  assertEquals(isDecryptionShareOf(contract, share, tpePks.get(0)!), true);
});

Deno.test("what was found bad is checked again, and what is remembered has a bound", () => {
  const checks = new ContractChecks(tpeAggPk, secretShare, 2), contract = incomingOf(federation);
  const bad = { ...contract, commitment: { ...contract.commitment, amount: 1n } };
  for (let i = 0; i < 2; i++) assertEquals(pairings(() => assertEquals(checks.shareOf(bad), null)), 1);
  checks.shareOf(contract);
  for (let amount = 2n; amount < 6n; amount++) checks.shareOf(incomingOf(federation, { amount }));
  assertEquals(pairings(() => checks.shareOf(contract)), 1, "forgotten");
});
