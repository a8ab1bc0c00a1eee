/** What a guardian does with items that come again after it crashed, and when others are told of an item. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isSettled, settle } from "../../../actors/store/testing/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import { dump } from "../../../modules/contract/testing/mod.ts";
import { itemsIn } from "../testing/db.ts";
import type { EngineTest } from "../testing/engine.ts";
import { counting, Disk, REFUSED } from "../testing/engine.ts";
import { refs, vote } from "../testing/processing.ts";

const WRITE_MS = 20;

type Ordered = readonly (readonly [number: bigint, peer: number])[];

/** As a session hands over what is ordered. @returns which of them were accepted */
async function processAll({ process }: Pick<EngineTest, "process">, ordered: Ordered): Promise<boolean[]> {
  const results: boolean[] = [];
  let position = 0;
  for (const [number, peer] of ordered) {
    const { ok } = await process(position, vote(number), { peer });
    if (ok) position++;
    results.push(ok);
  }
  return results;
}

const ORDERED: Ordered = [[5n, 1], [REFUSED, 2], [5n, 2], [5n, 1], [6n, 0], [7n, 3]];

Deno.test("items that come again after a restart give the same results, and no module sees an accepted one twice", async () => {
  const disk = new Disk(), first = counting(), second = counting();
  let results: boolean[] = [], before: string[] = [];
  await disk.life(first, async (test) => {
    results = await processAll(test, ORDERED);
    before = await dump(test.store);
    await (await test.store.transact(() => null)).durable;
  });
  assertEquals([results, first.processed], [[true, false, true, false, true, true], 6]);
  disk.crash();
  await disk.life(second, async (test) => {
    assertEquals(await processAll(test, ORDERED), results);
    assertEquals([await dump(test.store), second.processed], [before, 0]);
  });
});

Deno.test("an item at the place of another that was accepted before is rejected, also by another guardian", async () => {
  await new Disk().life(counting(), async ({ process, store }) => {
    await process(0, vote(5n));
    const before = await dump(store);
    assertEquals(await process(0, vote(6n)), err("item was rejected before"));
    assertEquals(await process(0, vote(5n), { peer: 2 }), err("item was rejected before"));
    assertEquals(await process(0, vote(5n)), ok(null));
    assertEquals(await dump(store), before);
  });
});

Deno.test("wherever a guardian crashes between items, it goes on at the right one and ends with the same store", async () => {
  const item = fc.tuple(fc.constantFrom(1n, 2n, 3n, REFUSED), fc.nat(3));
  await fc.assert(
    fc.asyncProperty(
      fc.array(item, { maxLength: 12 }),
      fc.array(fc.nat(12), { maxLength: 3 }),
      async (ordered, stops) => {
        let expected: string[] = [], results: boolean[] = [];
        await new Disk().life(counting(), async (test) => {
          results = await processAll(test, ordered);
          expected = await dump(test.store);
        });
        const disk = new Disk(WRITE_MS);
        for (const stop of stops) {
          await disk.life(counting(), async (test) => {
            await processAll(test, ordered.slice(0, stop));
            await disk.clock.advance(WRITE_MS * (stop % 3));
          });
          disk.crash();
        }
        await disk.life(counting(), async (test) => {
          assertEquals(await processAll(test, ordered), results);
          assertEquals(await dump(test.store), expected);
        });
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("that an item was accepted is told only when it is on disk", async () => {
  const transaction: Transaction = {
    inputs: [],
    outputs: [],
    nonce: new Uint8Array(8),
    signatures: { tag: "NaiveMultisig", value: [] },
  };
  const disk = new Disk(WRITE_MS);
  await disk.life(counting(), async ({ system, clock, process, store }) => {
    const told = system.ask(refs.submissions, "submit", { transaction, waitMs: 60_000 });
    await clock.advance(0);
    const pending = process(0, { tag: "Transaction", value: transaction }).then(async (processed) => {
      assertEquals(processed, ok(null));
      return await system.ask(refs.engine, "seal", { session: 0, position: 1 });
    });
    await clock.advance(10_000);
    assertEquals((await store.read((tx) => itemsIn(tx, 0))).length, 1);
    assertEquals([await isSettled(told), await isSettled(pending)], [false, false]);
    await disk.clock.advance(WRITE_MS);
    await settle();
    assert(await isSettled(told));
    assertEquals(await told, ok(transactionIdOf(transaction)));
    assertEquals((await pending)!.items, 1);
  });
});
