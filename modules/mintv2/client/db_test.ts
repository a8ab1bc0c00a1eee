import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { realPlatform } from "../../../actors/platform/real.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import type { Entry, RangeOptions, ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { bls } from "../../../core/crypto/bls/mod.ts";
import { fromHex } from "../../../core/bytes.ts";
import { DecodeError, encodeHex, map, u64Number } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { seededDice, testStore } from "../../contract/testing/mod.ts";
import {
  addBrought,
  addFailedRefunds,
  addNotes,
  addUnderWay,
  broughtMsat,
  failedRefundCounts,
  failedRefunds,
  mintSchema,
  noteCounts,
  NOTES,
  recount,
  removeFailedRefunds,
  removeUnderWay,
  takeNotes,
  underWayCounts,
} from "./db.ts";
import { denomination } from "../denomination.ts";
import type { SpendableNote } from "../ecash.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";

const counts = map(denomination, u64Number);
const dice = seededDice(4);
const OPERATION = "0a".repeat(32) as OperationId;

function note(denomination: number): SpendableNote {
  return { denomination, keypair: dice.bytes(32).fill(1, 0, 1), signature: bls.g1.generator } as SpendableNote;
}

/** A key of a note that is none: whoever reads its value fails. */
function unreadable(i: number): Uint8Array {
  return Uint8Array.of(1, 9 + i % 3, ...dice.bytes(31), i & 0xff);
}

/** The same transaction, which counts the entries that are gone through. */
function counting<Tx extends ReadTx>(tx: Tx, seen: { entries: number }): Tx {
  const range = async function* (options?: RangeOptions): AsyncIterable<Entry> {
    for await (const entry of tx.range(options)) {
      seen.entries++;
      yield entry;
    }
  };
  // private fields: methods stay those of the transaction
  return new Proxy(tx, {
    get: (of, name) => {
      if (name === "range") return range;
      const value: unknown = Reflect.get(of, name);
      return typeof value === "function" ? value.bind(of) : value;
    },
  });
}

Deno.test("of ten thousand notes only those that are taken are read, and none is gone through to be counted", async () => {
  const store = await testStore();
  const wanted = [note(20), note(20), note(12)];
  await store.transact(async (tx) => {
    for (let i = 0; i < 10_000; i++) tx.set(unreadable(i), new Uint8Array(47));
    await recount(tx);
    await addNotes(tx, wanted);
  });
  const seen = { entries: 0 };
  const { value: taken } = await store.transact((tx) => takeNotes(counting(tx, seen), new Map([[20, 2], [12, 1]])));
  assertEquals(taken!.map(({ denomination }) => denomination), [12, 20, 20]);
  const counts = await store.read((tx) => noteCounts(counting(tx, seen)));
  assertEquals([...counts], [[9, 3_334], [10, 3_333], [11, 3_333]]);
  await store.transact((tx) => addNotes(counting(tx, seen), wanted));
  assertEquals(seen.entries, 3);
  await assertRejects(() => store.transact((tx) => takeNotes(tx, new Map([[9, 1]]))), DecodeError);
});

Deno.test("counts are what there is, whatever is added, added again, taken or taken back", async () => {
  const pool = Array.from({ length: 12 }, (_, i) => note(9 + i % 3));
  const step = fc.record({
    adds: fc.subarray(pool),
    takes: fc.dictionary(fc.constantFrom("9", "10", "11"), fc.nat(3)),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const store = await testStore();
      const truth = () =>
        store.read(async (tx) => {
          const found = new Map<number, number>();
          for await (const { key } of tx.range({ prefix: NOTES })) found.set(key[1]!, (found.get(key[1]!) ?? 0) + 1);
          return [...found];
        });
      for (const { adds, takes, fails } of steps) {
        await store.transact(async (tx) => {
          await addNotes(tx, adds);
          const wanted = new Map(Object.entries(takes).map(([d, n]) => [Number(d), n]));
          const held = await noteCounts(tx), has = [...wanted].every(([d, n]) => (held.get(d) ?? 0) >= n);
          assertEquals((await takeNotes(tx, wanted)) !== null, has);
          return fails ? rollback(null) : null;
        });
        assertEquals([...await store.read((tx) => noteCounts(tx))], await truth());
      }
      assertEquals((await store.transact((tx) => recount(tx))).value, false);
    }),
    { numRuns: 40 },
  );
});

Deno.test("a wallet of before there were counts goes on, and a count that is wrong or no count is mended", async () => {
  const store = await testStore();
  await store.transact((tx) => {
    for (let i = 0; i < 5; i++) tx.set(unreadable(i), new Uint8Array(48));
  });
  assertEquals([...await store.read((tx) => noteCounts(tx))], [[9, 2], [10, 2], [11, 1]]);
  await store.transact((tx) => addNotes(tx, [note(9)]));
  assertEquals([...await store.read((tx) => noteCounts(tx))], [[9, 3], [10, 2], [11, 1]]);
  // another program takes notes, or the count is damaged: nothing is taken for what isn't there
  for (const damage of [encodeHex(counts, new Map([[9, 7], [30, 1]])), "ff", ""]) {
    await store.transact((tx) => tx.set(Uint8Array.of(6, 1), fromHex(damage)));
    const { value: wrong } = await store.transact((tx) => recount(tx));
    assertEquals(wrong, true, damage);
    assertEquals([...await store.read((tx) => noteCounts(tx))], [[9, 3], [10, 2], [11, 1]]);
  }
  const { value: taken } = await store.transact(async (tx) => {
    const before = await noteCounts(tx);
    const result = await takeNotes(tx, new Map([[30, 1]]));
    assertEquals(await noteCounts(tx), before);
    return result;
  });
  assertEquals(taken, null);
});

Deno.test("counting anew what was counted well writes nothing, which each opening would pay with a commit", async () => {
  let commits = 0;
  const { clock } = realPlatform(), backend = new MemoryBackend({ onWrite: () => commits++ });
  const store = await openMemoryStore({ clock, backend });
  const commitsOf = async (body: (tx: StoreTx) => Promise<unknown> | void): Promise<number> => {
    commits = 0;
    await (await store.transact(async (tx) => void await body(tx))).durable;
    return commits;
  };
  assertEquals(await commitsOf(recount), 0);
  assertEquals(await commitsOf((tx) => addNotes(tx, [note(9)])), 1);
  assertEquals(await commitsOf(recount), 0);
  await commitsOf((tx) => tx.set(unreadable(1), new Uint8Array(48)));
  assertEquals([await commitsOf(recount), await commitsOf(recount)], [1, 0]);
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
  await store.transact((tx) => addFailedRefunds(tx, [failed]));
  assertEquals(await store.read((tx) => failedRefunds(tx)), [failed]);
  assertEquals([...await store.read((tx) => failedRefundCounts(tx))], [[14, 1]]);
  await store.transact((tx) => removeFailedRefunds(tx, [failed]));
  assertEquals(await store.read((tx) => failedRefunds(tx)), []);
  for (const msat of [512n, 1_024n]) await store.transact((tx) => addBrought(tx, OPERATION, msat));
  assertEquals(await store.read((tx) => broughtMsat(tx, OPERATION)), 1_536n);
});

Deno.test("tweaks that an earlier version stored are deleted, and nothing else", async () => {
  const store = await testStore();
  await store.transact(async (tx) => {
    for (let i = 0; i < 50; i++) tx.set(Uint8Array.of(2, ...dice.bytes(16)), new Uint8Array(0));
    await addNotes(tx, [note(9)]);
  });
  await store.transact((tx) => mintSchema.migrations[0]!(tx));
  const { value: keys } = await store.transact(async (tx) => {
    const prefixes: number[] = [];
    for await (const { key } of tx.range()) prefixes.push(key[0]!);
    return prefixes;
  });
  assertEquals(keys, [1, 6]);
});
