import { assertEquals } from "@std/assert";
import { scalarFromWide } from "../../../../core/crypto/bls/mod.ts";
import { seededDice, testStore } from "../../../contract/testing/mod.ts";
import { valueOf } from "../balancing.ts";
import { recount } from "../db.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import {
  comingCounts,
  comingRequests,
  getSeen,
  missingCounts,
  missingRequests,
  putOff,
  removeRecovered,
  seenHashes,
  setSeen,
  settleSeen,
} from "./db.ts";

const dice = seededDice(2);

function request(denomination: number): NoteIssuanceRequest {
  return {
    denomination,
    tweak: dice.bytes(16),
    keypair: dice.bytes(32).fill(1, 0, 1) as NoteIssuanceRequest["keypair"],
    blindingKey: scalarFromWide(dice.bytes(64)),
  };
}

Deno.test("notes that were seen are settled some at a time, and only unspent ones come", async () => {
  const store = await testStore();
  const requests = Array.from({ length: 25 }, (_, i) => request(9 + i % 3));
  await store.transact((tx) => {
    for (const [i, each] of requests.entries()) {
      const spentAs = dice.bytes(20);
      setSeen(tx, spentAs, { tag: "Unspent", value: { derivation: i % 2 ? "sdk" : "standard", request: each } });
      if (i < 5) setSeen(tx, spentAs, { tag: "Spent", value: null });
    }
  });
  const settled: number[] = [];
  for (let count = -1; count !== 0;) {
    settled.push(count = (await store.transact((tx) => settleSeen(tx, 10))).value);
  }
  assertEquals(settled, [10, 10, 5, 0]);
  const left: Uint8Array[] = [];
  await store.read(async (tx) => {
    for await (const hash of seenHashes(tx)) left.push(hash);
  });
  assertEquals(left, []);
  const expected = requests.slice(5).reduce((sum, { denomination }) => sum + (1n << BigInt(denomination)), 0n);
  assertEquals(valueOf(await store.read(comingCounts)), expected);
  assertEquals((await store.transact((tx) => recount(tx))).value, false);
});

Deno.test("what is put off counts as missing, is listed page by page, and goes when it has come", async () => {
  const store = await testStore();
  const requests = Array.from({ length: 7 }, () => request(9));
  await store.transact(async (tx) => {
    for (const each of requests) {
      setSeen(tx, dice.bytes(20), { tag: "Unspent", value: { derivation: "standard", request: each } });
    }
    await settleSeen(tx, 100);
  });
  const coming = await store.read((tx) => comingRequests(tx, 4));
  assertEquals(coming.length, 4);
  await store.transact((tx) => putOff(tx, coming));
  assertEquals([...await store.read(comingCounts)], [[9, 3]]);
  assertEquals([...await store.read(missingCounts)], [[9, 4]]);
  const first = await store.read((tx) => missingRequests(tx, 3));
  const second = await store.read((tx) => missingRequests(tx, 3, first[2]));
  assertEquals([...first, ...second], coming);
  await store.transact((tx) => removeRecovered(tx, [...requests.slice(0, 2), ...coming]));
  assertEquals((await store.read(missingCounts)).size, 0);
  assertEquals((await store.transact((tx) => recount(tx))).value, false);
});

Deno.test("a note that was seen is found by the hash of its nonce", async () => {
  const store = await testStore(), spentAs = dice.bytes(20), seen = request(12);
  await store.transact((tx) => setSeen(tx, spentAs, { tag: "Unspent", value: { derivation: "sdk", request: seen } }));
  assertEquals(await store.read((tx) => getSeen(tx, spentAs)), {
    tag: "Unspent",
    value: { derivation: "sdk", request: seen },
  });
  assertEquals(await store.read((tx) => getSeen(tx, dice.bytes(20))), undefined);
});
