import { assertEquals, assertNotEquals } from "@std/assert";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { submissionKey, Submitted } from "./submitted.ts";

function copyWith(signature: number): Transaction {
  const value = [new Uint8Array(64).fill(signature)];
  return { inputs: [], outputs: [], nonce: new Uint8Array(8), signatures: { tag: "NaiveMultisig", value } };
}

Deno.test("a transaction's copies with other signatures are others, and all are found by its id", () => {
  const txid = transactionIdOf(copyWith(1)), [one, two] = [submissionKey(copyWith(1)), submissionKey(copyWith(2))];
  assertEquals(transactionIdOf(copyWith(2)), txid);
  assertNotEquals(one, two);
  assertEquals(submissionKey(copyWith(1)), one);
  const submitted = new Submitted<string>();
  submitted.add(txid, one, "one");
  submitted.add(txid, two, "two");
  assertEquals([submitted.get(one), submitted.get(two), submitted.size], ["one", "two", 2]);
  assertEquals([submitted.of(txid), submitted.values()], [["one", "two"], ["one", "two"]]);
  submitted.delete(one);
  submitted.delete(one);
  assertEquals([submitted.get(one), submitted.of(txid), submitted.size], [undefined, ["two"], 1]);
  submitted.delete(two);
  assertEquals([submitted.of(txid), submitted.values(), submitted.size], [[], [], 0]);
});
