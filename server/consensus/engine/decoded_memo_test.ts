import { assert, assertEquals, assertThrows } from "@std/assert";
import { DecodeError, struct, u64 } from "../../../core/encoding/mod.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { DecodedMemo } from "./decoded_memo.ts";
import { MEMO_BYTES_PER_BYTE, MEMO_ITEM_BYTES, MEMO_TRANSACTION_BYTES } from "../limits.ts";
import { codecsWith, INSTANCE, refs } from "../testing/processing.ts";
import { decodeTransaction, modulesWith } from "./transaction.ts";

const input = struct("Input", { number: u64 });
const codecs = codecsWith({ input });

function transactionWith(inputs: Dyn[], nonce = 0): Transaction {
  return {
    inputs,
    outputs: [],
    nonce: new Uint8Array(8).fill(nonce),
    signatures: { tag: "NaiveMultisig", value: [] },
  };
}

const modules = () => modulesWith(new Map([[INSTANCE, refs.module]]), new Map([[INSTANCE, codecs]]));

Deno.test("a transaction that comes again is the same objects, with the signatures that it comes with", () => {
  const known = modules(), tx = transactionWith([toDyn(0, input, { number: 7n })]);
  const first = decodeTransaction(known, tx);
  const signed: Transaction = { ...tx, signatures: { tag: "NaiveMultisig", value: [new Uint8Array(64)] } };
  const again = decodeTransaction(known, signed);
  assert(again.inputs[0]!.value === first.inputs[0]!.value);
  assert(again.transaction === signed);
  assertEquals(again.txid, transactionIdOf(tx));
  assert(decodeTransaction(known, transactionWith(tx.inputs, 1)).inputs[0] !== first.inputs[0], "another transaction");
});

Deno.test("what doesn't decode is refused each time and not remembered", () => {
  const known = modules(), bad = transactionWith([{ instance: 0, body: Uint8Array.of(0xff) }]);
  for (let i = 0; i < 2; i++) assertThrows(() => decodeTransaction(known, bad), DecodeError);
  assertEquals(known.memo.bytes, 0);
});

/** Of one item whose body takes so many bytes. */
const heldBy = (bytes: number): number => MEMO_TRANSACTION_BYTES + MEMO_ITEM_BYTES + MEMO_BYTES_PER_BYTE * bytes;

Deno.test("the memo is bounded by what it holds: what was asked for least recently is forgotten", () => {
  const memo = new DecodedMemo(2 * heldBy(100)), parts = { inputs: [], outputs: [] };
  const add = (name: string, bytes: number): void =>
    memo.add(name, transactionWith([{ instance: 0, body: new Uint8Array(bytes) }]), parts);
  add("a", 100);
  add("b", 100);
  assert(memo.get("a") === parts);
  add("c", 100);
  assertEquals([memo.get("a"), memo.get("b"), memo.get("c")], [parts, undefined, parts]);
  add("too large", 1_000);
  assertEquals([memo.get("too large"), memo.bytes], [undefined, 0]);
});

Deno.test("transactions of nothing, and of items of a byte each, are held in bounds, too: each takes memory", () => {
  for (const count of [0, 1, 50]) {
    const items = Array<Dyn>(count).fill(toDyn(0, input, { number: 7n }));
    const each = MEMO_TRANSACTION_BYTES + count * (MEMO_ITEM_BYTES + MEMO_BYTES_PER_BYTE);
    const known = { ...modules(), memo: new DecodedMemo(20 * each) };
    const one = (nonce: number): Transaction => transactionWith(items, nonce);
    for (let nonce = 0; nonce <= 20; nonce++) decodeTransaction(known, one(nonce));
    assertEquals(known.memo.bytes, 20 * each);
    assertEquals([0, 1].map((nonce) => known.memo.get(transactionIdOf(one(nonce))) === undefined), [true, false]);
  }
});
