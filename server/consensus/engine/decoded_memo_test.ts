import { assert, assertEquals, assertThrows } from "@std/assert";
import { bytes, DecodeError, struct, u64 } from "../../../core/encoding/mod.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { err } from "../../../core/result.ts";
import type { AnyServerModule } from "../../../modules/contract/server.ts";
import { DecodedMemo } from "./decoded_memo.ts";
import { MEMO_BYTES_PER_BYTE, MEMO_ITEM_BYTES, MEMO_PROCESSED_BYTES_MAX, MEMO_TRANSACTION_BYTES } from "../limits.ts";
import { codecsWith, INSTANCE, refs, withConsensus } from "../testing/processing.ts";
import type { Modules } from "./transaction.ts";
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

Deno.test("of what was processed only the latest is remembered, and what waits isn't driven out by it", () => {
  const each = MEMO_TRANSACTION_BYTES + MEMO_ITEM_BYTES + 100 * MEMO_BYTES_PER_BYTE;
  const memo = new DecodedMemo(2.5 * each, 1.5 * each), parts = { inputs: [], outputs: [] };
  for (const name of ["waits", "a", "b", "c"]) {
    memo.add(name, transactionWith([{ instance: 0, body: new Uint8Array(100) }]), parts);
    if (name !== "waits") memo.processed(name);
  }
  memo.processed("unknown");
  assertEquals(["waits", "a", "b", "c"].map((name) => memo.get(name)), [parts, undefined, undefined, parts]);
  assertEquals(memo.bytes, 2 * each);
});

Deno.test("decoded transactions that had their turn in consensus are held for a while only, however they ended", async () => {
  const BODY_BYTES = 4_000, COUNT = 100;
  const module: Partial<AnyServerModule> = {
    prepareInputs: (transactions) => Promise.resolve(transactions.map(() => true)),
    verifyInput: () => err(null),
    audit: () => Promise.resolve(0n),
    apiEndpoints: {},
  };
  let known: Modules | undefined;
  const watched = (modules: Modules) => {
    known = modules;
    return [];
  };
  await withConsensus(module, codecsWith({ input: bytes }), async ({ system, clock }) => {
    const items = Array.from({ length: COUNT }, (_, i) => {
      const value = transactionWith([toDyn(INSTANCE, bytes, new Uint8Array(BODY_BYTES))], i);
      return { peer: 0, item: { tag: "Transaction" as const, value } };
    });
    const processed = system.ask(refs.engine, "process", { session: 0, position: 0, items });
    // what is checked ahead is in parts, with pauses
    await clock.advance(1_000);
    await processed;
    const { memo } = known!;
    assert(memo.bytes > 0 && memo.bytes <= MEMO_PROCESSED_BYTES_MAX, `${memo.bytes} bytes are held`);
    assert(MEMO_PROCESSED_BYTES_MAX < COUNT * BODY_BYTES * MEMO_BYTES_PER_BYTE, "all of them would be more");
  }, watched);
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
