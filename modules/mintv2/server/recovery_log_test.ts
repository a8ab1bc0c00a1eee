/** What the recovery log costs a guardian, counted: rows read from the store, and how many read at a time. */
import { assert, assertEquals } from "@std/assert";
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReadTx, StoreTx, StoreView } from "../../../actors/store/store.ts";
import { fromUtf8, toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { encode, list, parseJson } from "../../../core/encoding/mod.ts";
import { seededDice, testStore } from "../../contract/testing/mod.ts";
import type { RecoveryItem } from "../common.ts";
import { recoveryItem } from "../common.ts";
import { SLICE_ITEMS_MAX, SLICE_READS_MAX, WHOLE_SLICE_ITEMS } from "../limits.ts";
import { appendRecoveryItems } from "./db.ts";
import { mintEndpoints } from "./endpoints.ts";
import { RecoveryLog } from "./recovery_log.ts";

type Counted = {
  readonly store: StoreView;
  readonly add: (count: number) => Promise<void>;
  readonly items: readonly RecoveryItem[];
  /** Rows of ranges read so far. */
  readonly rows: () => number;
  /** Ranges that were read at a time, at most. */
  readonly together: () => number;
};

/** A store that tells how much of it is read. */
async function counted(): Promise<Counted> {
  const inner = await testStore();
  const dice = seededDice(3);
  const items: RecoveryItem[] = [];
  let rows = 0, reading = 0, together = 0;
  async function* counting(range: ReturnType<ReadTx["range"]>): ReturnType<ReadTx["range"]> {
    together = Math.max(together, ++reading);
    try {
      for await (const entry of range) {
        rows++;
        yield entry;
      }
    } finally {
      reading--;
    }
  }
  const watched = (tx: StoreTx): StoreTx =>
    new Proxy(tx, {
      get: (target, name) => {
        if (name === "range") return (options: never) => counting(target.range(options));
        const member = target[name as keyof StoreTx];
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
  const store: StoreView = {
    transact: (body, options) => inner.transact((tx) => body(watched(tx)), options),
    read: (body) => inner.read(body),
    view: (prefix) => inner.view(prefix),
    forStrangers: () => inner.forStrangers(),
    changed: (prefix, signal) => inner.changed(prefix, signal),
  };
  return {
    store,
    items,
    rows: () => rows,
    together: () => together,
    add: async (count) => {
      const more = Array.from({ length: count }, (_, i): RecoveryItem => {
        const nonceHash = dice.bytes(20);
        return i % 2 === 0
          ? { tag: "Input", value: { nonceHash } }
          : { tag: "Output", value: { denomination: i % 42, nonceHash, tweak: dice.bytes(16) } };
      });
      items.push(...more);
      const { durable } = await inner.transact((tx) => appendRecoveryItems(tx, more));
      await durable;
    },
  };
}

const hashOf = (items: readonly RecoveryItem[]): string => toHex(sha256(encode(list(recoveryItem), [...items])));
const jsonOf = (items: readonly RecoveryItem[]): Json => list(recoveryItem).toJson([...items]);
const whole = (index: number) => [index * WHOLE_SLICE_ITEMS, (index + 1) * WHOLE_SLICE_ITEMS] as const;

Deno.test("a hundred who recover at once have each slice read once, one or two at a time, and the right answers", async () => {
  const test = await counted();
  await test.add(2 * WHOLE_SLICE_ITEMS + 500);
  const log = new RecoveryLog(test.store);
  const rest = [2 * WHOLE_SLICE_ITEMS, test.items.length] as const;
  const ranges = [whole(0), whole(1), rest];
  const restore = async (): Promise<string[]> => {
    assertEquals(await log.count(), test.items.length);
    return await Promise.all(ranges.map(async (range) => {
      const hash = await log.hash(range);
      await log.json(range);
      return hash;
    }));
  };
  const hashes = await Promise.all(Array.from({ length: 100 }, restore));
  const right = ranges.map(([start, end]) => hashOf(test.items.slice(start, end)));
  for (const found of hashes) assertEquals(found, right);
  assertEquals(test.rows(), test.items.length);
  assert(test.together() <= SLICE_READS_MAX);
  const text = fromUtf8(await log.json(rest));
  assertEquals(parseJson(text), jsonOf(test.items.slice(...rest)));
});

Deno.test("what the log hasn't yet is asked for again, and never told from before", async () => {
  const test = await counted();
  await test.add(30);
  const log = new RecoveryLog(test.store);
  const range = [20, 60] as const;
  assertEquals(await log.hash(range), hashOf(test.items.slice(20)));
  await test.add(20);
  assertEquals(await log.hash(range), hashOf(test.items.slice(20)));
  assertEquals(parseJson(fromUtf8(await log.json(range))), jsonOf(test.items.slice(20)));
  await test.add(50);
  assertEquals(await log.hash(range), hashOf(test.items.slice(20, 60)));
  assertEquals(parseJson(fromUtf8(await log.json(range))), jsonOf(test.items.slice(20, 60)));
});

Deno.test("slices that are kept take no more than their bytes, and their hashes stay known", async () => {
  const test = await counted();
  await test.add(3 * WHOLE_SLICE_ITEMS);
  // two of them, of some 32 bytes an item
  const log = new RecoveryLog(test.store, { keptBytesMax: 750_000 });
  for (const index of [0, 1, 2]) await log.hash(whole(index));
  assertEquals(test.rows(), 3 * WHOLE_SLICE_ITEMS);
  for (const index of [2, 1]) await log.json(whole(index));
  assertEquals(test.rows(), 3 * WHOLE_SLICE_ITEMS);
  await log.json(whole(0));
  assertEquals(test.rows(), 4 * WHOLE_SLICE_ITEMS);
  for (const index of [0, 1, 2]) await log.hash(whole(index));
  assertEquals(test.rows(), 4 * WHOLE_SLICE_ITEMS);
});

Deno.test("ranges beyond the log's end, empty and descending ones are nothing, and cost nothing", async () => {
  const test = await counted();
  await test.add(40);
  const log = new RecoveryLog(test.store);
  await log.count();
  for (const range of [[40, 10_040], [7, 7], [30, 10], [2 ** 53 - 2, 2 ** 53 - 1]] as const) {
    assertEquals(fromUtf8(await log.json(range)), "[]");
    assertEquals(await log.hash(range), hashOf([]));
    assertEquals([log.jsonUnits(range), log.hashUnits(range)], [1, 1]);
  }
  assertEquals(test.rows(), 0);
});

Deno.test("who asks for what is not known pays for the rows; who asks for what is, next to nothing", async () => {
  const test = await counted();
  await test.add(WHOLE_SLICE_ITEMS + 6_400);
  const log = new RecoveryLog(test.store);
  // nobody has looked yet: the range is taken for full
  assertEquals(log.hashUnits([0, 6_400]), 101);
  await log.count();
  assertEquals([log.hashUnits(whole(0)), log.jsonUnits(whole(0))], [79, 94]);
  assertEquals(log.hashUnits([5, 6_405]), 101);
  assertEquals(log.hashUnits(whole(1)), 51);
  await log.hash(whole(0));
  assertEquals([log.hashUnits(whole(0)), log.jsonUnits(whole(0))], [1, 16]);
});

Deno.test("endpoints tell a call's price whatever is asked, and refuse a huge range without reading a row", async () => {
  const test = await counted();
  await test.add(100);
  const { recovery_slice: slice, recovery_slice_hash: hash } = mintEndpoints(test.store);
  const signal = AbortSignal.timeout(5_000);
  for (
    const params of [[0, SLICE_ITEMS_MAX + 1], [0, 2n ** 64n - 1n], [0], "x", null, [-1, 3], { start: 1 }] as Json[]
  ) {
    for (const endpoint of [slice!, hash!]) {
      assertEquals(endpoint.units!(params), 1);
      assertEquals(await endpoint.handle(params, { signal }).then(() => "answered", ({ facts }) => facts.rpcCode), 400);
    }
  }
  assertEquals(test.rows(), 0);
  assertEquals(slice!.units!([0, SLICE_ITEMS_MAX]), 1 + 312 + 31);
});
