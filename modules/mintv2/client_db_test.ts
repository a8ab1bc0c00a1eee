import { assertEquals, assertRejects } from "@std/assert";
import { bls } from "../../core/crypto/bls/mod.ts";
import { DecodeError } from "../../core/encoding/mod.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { seededDice, testStore } from "../contract/testing.ts";
import {
  addBrought,
  addFailedRefund,
  addNote,
  addUnderWay,
  broughtMsat,
  deleteStoredTweaks,
  failedRefundCounts,
  failedRefunds,
  noteCounts,
  removeFailedRefund,
  removeUnderWay,
  takeNotes,
  underWayCounts,
} from "./client_db.ts";
import type { SpendableNote } from "./ecash.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";

const dice = seededDice(4);
const OPERATION = "0a".repeat(32) as OperationId;

function note(denomination: number): SpendableNote {
  return { denomination, keypair: dice.bytes(32).fill(1, 0, 1), signature: bls.g1.generator } as SpendableNote;
}

Deno.test("of ten thousand notes only those that are taken are read", async () => {
  const store = await testStore();
  const wanted = [note(20), note(20), note(12)];
  await store.transact((tx) => {
    for (const each of wanted) addNote(tx, each);
    // whoever reads one of these fails: they are no points
    for (let i = 0; i < 10_000; i++) {
      tx.set(Uint8Array.of(1, 9 + i % 3, ...dice.bytes(31), i & 0xff), new Uint8Array(48));
    }
  });
  const { value: taken } = await store.transact((tx) => takeNotes(tx, new Map([[20, 2], [12, 1]])));
  assertEquals(taken.map(({ denomination }) => denomination), [12, 20, 20]);
  const counts = await store.read((tx) => noteCounts(tx));
  assertEquals([...counts], [[9, 3_334], [10, 3_333], [11, 3_333]]);
  await assertRejects(() => store.transact((tx) => takeNotes(tx, new Map([[9, 1]]))), DecodeError);
});

Deno.test("notes that are asked for count until they are not", async () => {
  const store = await testStore();
  const requests = [9, 9, 30].map((denomination) => ({ denomination, tweak: dice.bytes(16) }) as NoteIssuanceRequest);
  await store.transact((tx) => addUnderWay(tx, requests));
  assertEquals([...await store.read((tx) => underWayCounts(tx))], [[9, 2], [30, 1]]);
  // again: a step may run twice
  await store.transact((tx) => addUnderWay(tx, requests));
  await store.transact((tx) => removeUnderWay(tx, requests.slice(0, 2)));
  assertEquals([...await store.read((tx) => underWayCounts(tx))], [[30, 1]]);
});

Deno.test("notes whose refund failed are kept with the reason, and what operations brought is summed", async () => {
  const store = await testStore();
  const failed = { note: note(14), operationId: OPERATION, reason: "The note is already spent" };
  await store.transact((tx) => addFailedRefund(tx, failed));
  assertEquals(await store.read((tx) => failedRefunds(tx)), [failed]);
  assertEquals([...await store.read((tx) => failedRefundCounts(tx))], [[14, 1]]);
  await store.transact((tx) => removeFailedRefund(tx, failed));
  assertEquals(await store.read((tx) => failedRefunds(tx)), []);
  for (const msat of [512n, 1_024n]) await store.transact((tx) => addBrought(tx, OPERATION, msat));
  assertEquals(await store.read((tx) => broughtMsat(tx, OPERATION)), 1_536n);
});

Deno.test("tweaks that an earlier version stored are deleted, and nothing else", async () => {
  const store = await testStore();
  await store.transact((tx) => {
    for (let i = 0; i < 50; i++) tx.set(Uint8Array.of(2, ...dice.bytes(16)), new Uint8Array(0));
    addNote(tx, note(9));
  });
  await store.transact((tx) => deleteStoredTweaks(tx));
  const { value: keys } = await store.transact(async (tx) => {
    const prefixes: number[] = [];
    for await (const { key } of tx.range()) prefixes.push(key[0]!);
    return prefixes;
  });
  assertEquals(keys, [1]);
});
