import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { toHex } from "../../core/bytes.ts";
import { DecodeError, text, tuple, u64, u8 } from "../../core/encoding/mod.ts";
import { slot, table } from "./records.ts";
import { dump, testStore } from "./testing/mod.ts";

Deno.test("a slot holds one value under its byte, or none", async () => {
  const store = await testStore(), name = slot(0x07, text);
  assertEquals([toHex(name.key), await store.read((tx) => name.get(tx))], ["07", undefined]);
  await store.transact((tx) => name.set(tx, "ab"));
  assertEquals(await store.read((tx) => name.get(tx)), "ab");
  assertEquals(await dump(store), ["07: 026162"]);
  await store.transact((tx) => name.delete(tx));
  assertEquals(await dump(store), []);
});

async function entriesOf<K, V>(entries: AsyncIterable<readonly [K, V]>): Promise<[K, V][]> {
  const found: [K, V][] = [];
  for await (const [key, value] of entries) found.push([key, value]);
  return found;
}

Deno.test("a table's entries come in the order of their numbers, by pages, and those of other tables don't", async () => {
  const store = await testStore(), names = table(0x02, u64, text), others = table(0x03, u64, text);
  const numbers = [0n, 7n, 252n, 253n, 65_536n, 2n ** 64n - 1n];
  await store.transact((tx) => {
    for (const number of numbers.toReversed()) names.set(tx, number, `${number}`);
    others.set(tx, 8n, "other");
  });
  const page = (options?: Parameters<typeof names.entries>[1]) =>
    store.read(async (tx) => (await entriesOf(names.entries(tx, options))).map(([number]) => number));
  assertEquals(await page(), numbers);
  assertEquals(await page({ limit: 2 }), [0n, 7n]);
  assertEquals(await page({ after: 7n, limit: 2 }), [252n, 253n]);
  assertEquals(await page({ after: 8n, limit: 1 }), [252n], "one that is not there");
  assertEquals(await page({ after: 2n ** 64n - 1n }), []);
  assertEquals(await store.read((tx) => names.get(tx, 253n)), "253");
  assertEquals(toHex(names.keyOf(253n)), "02fd00fd");
  await store.transact((tx) => names.delete(tx, 253n));
  assertEquals(await store.read((tx) => names.get(tx, 253n)), undefined);
});

Deno.test("entries of keys that begin alike", async () => {
  const store = await testStore(), votes = table(0x02, tuple(u8, u64), u8);
  await store.transact((tx) => {
    for (const [key, peer] of [[1, 0n], [1, 300n], [2, 0n]] as const) votes.set(tx, [key, peer], key);
  });
  const found = await store.read((tx) => entriesOf(votes.entries(tx, { beginning: Uint8Array.of(1) })));
  assertEquals(found.map(([[, peer]]) => peer), [0n, 300n]);
});

Deno.test("a byte that is none is refused; what is damaged does not decode", async () => {
  for (const byte of [-1, 0.5, 256]) {
    assertThrows(() => slot(byte, text));
    assertThrows(() => table(byte, u64, text));
  }
  const store = await testStore();
  await store.transact((tx) => tx.set(Uint8Array.of(7), Uint8Array.of(9)));
  await assertRejects(() => store.read((tx) => slot(7, text).get(tx)), DecodeError);
});
