/** A remembered verdict is never taken for another: of other signatures, other keys, or another transaction. */
import { assertEquals } from "@std/assert";
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf } from "../../../core/crypto/mod.ts";
import { schnorrVerifier } from "../../../core/crypto/secp/verifier.ts";
import { ok } from "../../../core/result.ts";
import { callsOf } from "../../../core/testing/calls.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { signTransaction, verifyTransactionSignatures } from "../../../core/types/transaction_signing.ts";
import { seededDice } from "../../../modules/contract/testing/mod.ts";
import { SignatureVerdicts } from "./signature_verdicts.ts";

const dice = seededDice(4);
const SECRET = new Uint8Array(32).fill(5), OTHER_SECRET = new Uint8Array(32).fill(6);
const KEY = publicKeyOf(SECRET), OTHER_KEY = publicKeyOf(OTHER_SECRET);

function transaction(inputs: readonly number[], outputs = 0): Transaction {
  const bodies = inputs.map((byte) => ({ instance: 0, body: Uint8Array.of(byte, byte >> 8) }));
  const unsigned = {
    inputs: bodies,
    outputs: Array(outputs).fill({ instance: 0, body: Uint8Array.of(1) }),
    nonce: dice.bytes(8),
  };
  return signTransaction(unsigned, inputs.map(() => SECRET), () => dice.bytes(32));
}

function withSignatures(tx: Transaction, value: readonly Uint8Array[]): Transaction {
  return { ...tx, signatures: { tag: "NaiveMultisig", value: value as Bytes[] } };
}

function signaturesOf({ signatures }: Transaction): Bytes[] {
  return signatures.tag === "Default" ? [] : [...signatures.value];
}

const { verifier } = schnorrVerifier.chosen();
/** What it costs to find the first bad one of two: a batch and its first half, or one after the other. */
const FIRST_BAD = verifier.batches ? 2 + 1 : 1, SECOND_BAD = verifier.batches ? 2 + 1 : 2;

/** Signatures that were verified for it; the verdict is what it is without a memory. */
function cost(verdicts: SignatureVerdicts, tx: Transaction, keys: readonly Bytes[]): number {
  const alone = verifyTransactionSignatures(tx, keys);
  using verified = callsOf(verifier, "allHold", verifier.allHold);
  assertEquals(verdicts.verify(transactionIdOf(tx), tx, keys), alone);
  return verified.args.reduce((sum, [checks]) => sum + checks.length, 0);
}

Deno.test("signatures are verified once; what differs in anything is verified anew", () => {
  const verdicts = new SignatureVerdicts();
  const tx = transaction([1, 2]), keys = [KEY, KEY], [first, second] = signaturesOf(tx) as [Bytes, Bytes];
  assertEquals([cost(verdicts, tx, keys), cost(verdicts, structuredClone(tx), keys)], [2, 0]);

  // the id doesn't cover signatures: the same transaction with bad ones has the same id
  const changed = Uint8Array.from(first);
  changed[63]! ^= 1;
  assertEquals(cost(verdicts, withSignatures(tx, [changed, second]), keys), FIRST_BAD);
  assertEquals(cost(verdicts, withSignatures(tx, [first, changed]), keys), SECOND_BAD);
  assertEquals(cost(verdicts, withSignatures(tx, [first]), keys), 0, "a signature too few");
  assertEquals(cost(verdicts, tx, [KEY, OTHER_KEY]), SECOND_BAD);
  assertEquals(cost(verdicts, tx, [KEY]), 0, "a key too few");
  const unknown: Transaction = { ...tx, signatures: { tag: "Default", value: { variant: 7n, bytes: first } } };
  assertEquals(cost(verdicts, unknown, keys), 0);

  // what was refused is not remembered, and took nobody's place
  assertEquals(cost(verdicts, withSignatures(tx, [changed, second]), keys), FIRST_BAD);
  assertEquals(cost(verdicts, tx, keys), 0);
});

Deno.test("signatures moved between inputs, or from another transaction with the same inputs, are verified anew", () => {
  const verdicts = new SignatureVerdicts();
  const tx = transaction([1, 2]), other = transaction([1, 2], 1);
  assertEquals(cost(verdicts, tx, [KEY, KEY]), 2);
  assertEquals(cost(verdicts, withSignatures(other, signaturesOf(tx)), [KEY, KEY]), FIRST_BAD);
  // one key for all inputs: what is moved holds, and is another list all the same
  assertEquals(cost(verdicts, withSignatures(tx, signaturesOf(tx).reverse()), [KEY, KEY]), 2);
});

Deno.test("an id that begins like another's, under the same signatures, has no verdict", () => {
  const verdicts = new SignatureVerdicts(), tx = transaction([1]);
  const txid = transactionIdOf(tx);
  assertEquals(verdicts.verify(txid, tx, [KEY]), ok(null));
  const near = txid.slice(0, -1) + (txid.endsWith("0") ? "1" : "0");
  using verified = callsOf(verifier, "allHold", verifier.allHold);
  verdicts.verify(near, tx, [KEY]);
  assertEquals(verified.args.length, 1);
});

Deno.test("whoever signs a thousand transactions of one input has one place; others' verdicts stay", () => {
  const verdicts = new SignatureVerdicts(10);
  const honest = transaction([1]);
  cost(verdicts, honest, [KEY]);
  for (let i = 0; i < 50; i++) cost(verdicts, transaction([2], i % 3), [KEY]);
  assertEquals(cost(verdicts, honest, [KEY]), 0);
});

Deno.test("no more than twice the verdicts that are kept at least are, and the newest among them", () => {
  const verdicts = new SignatureVerdicts(10);
  const all = Array.from({ length: 30 }, (_, i) => transaction([i]));
  for (const tx of all) cost(verdicts, tx, [KEY]);
  assertEquals(all.slice(-10).map((tx) => cost(verdicts, tx, [KEY])), Array(10).fill(0));
  assertEquals(all.slice(0, 10).map((tx) => cost(verdicts, tx, [KEY])), Array(10).fill(1));
});

Deno.test("a transaction without inputs needs no signature, and none is remembered", () => {
  const verdicts = new SignatureVerdicts(), tx = transaction([]);
  assertEquals(cost(verdicts, tx, []), 0);
  assertEquals(cost(verdicts, withSignatures(tx, [new Uint8Array(64)]), []), 0);
});
