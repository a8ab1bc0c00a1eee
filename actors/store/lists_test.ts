import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../core/bytes.ts";
import { MemoryBackend } from "./memory.ts";
import { LIST_KEPT_BYTES_MAX, LISTS_KEPT_MAX } from "./limits.ts";
import { Lists } from "./lists.ts";
import type { Listing } from "./lists.ts";
import type { Piece } from "./pieces.ts";
import { Pieces } from "./pieces.ts";

const piece = (key: string, size = 1): Piece => ({ key, value: new Uint8Array(size) });
const under = (low: string, high: string | undefined): Listing => ({ low, high, limit: 10, reverse: false });

/** Reads that the test answers, and how many there were. */
class Reads {
  count = 0;
  read = (pieces: Piece[] = []) => (): Promise<Piece[]> => {
    this.count++;
    return Promise.resolve(pieces);
  };
}

const written = () => Promise.resolve();

Deno.test("a list is read once until something is written where it looked", async () => {
  const lists = new Lists<Piece>(), reads = new Reads();
  const ask = () => lists.get(under("b", "d"), reads.read([piece("c")]));
  assertEquals([await ask(), await ask(), await ask()], Array(3).fill([piece("c")]));
  assertEquals(reads.count, 1);
  await lists.around(["a", "d", "e"], written);
  await ask();
  assertEquals(reads.count, 1, "beside it");
  for (const key of ["b", "c\u00ff"]) {
    await lists.around(["a", key], written);
    await ask();
    await ask();
  }
  assertEquals(reads.count, 3);
});

Deno.test("a list without an end, and one in the other direction or of another length, are others", async () => {
  const lists = new Lists<Piece>(), reads = new Reads();
  const listings: Listing[] = [
    under("b", undefined),
    under("b", "d"),
    { ...under("b", "d"), reverse: true },
    { ...under("b", "d"), limit: 1 },
  ];
  for (const listing of [...listings, ...listings]) await lists.get(listing, reads.read());
  assertEquals(reads.count, 4);
  await lists.around(["z"], written);
  for (const listing of listings) await lists.get(listing, reads.read());
  assertEquals(reads.count, 5, "nothing but the one without an end has a z");
});

Deno.test("what is read while it is being written is not kept, whichever of the two begins first", async () => {
  const lists = new Lists<Piece>(), reads = new Reads(), listing = under("b", "d");
  const end = Promise.withResolvers<void>();
  const writing = lists.around(["c"], () => end.promise);
  await lists.get(listing, reads.read());
  await lists.get(listing, reads.read());
  assertEquals(reads.count, 2, "the write goes on");
  end.resolve();
  await writing;
  const answer = Promise.withResolvers<Piece[]>();
  const late = lists.get(listing, () => answer.promise);
  await lists.around(["c"], written);
  answer.resolve([]);
  await late;
  await lists.get(listing, reads.read());
  assertEquals(reads.count, 3, "the read began before the write");
  await lists.get(listing, reads.read());
  assertEquals(reads.count, 3);
});

Deno.test("so many small lists are kept, those that were asked for last, and no large one", async () => {
  const lists = new Lists<Piece>(), reads = new Reads();
  for (let i = 0; i < 3 * LISTS_KEPT_MAX; i++) {
    await lists.get(under(`${i}`, `${i}~`), reads.read());
    await lists.get(under("0", "0~"), reads.read());
  }
  assertEquals(lists.size, LISTS_KEPT_MAX);
  assertEquals(reads.count, 3 * LISTS_KEPT_MAX);
  const large = () => lists.get(under("x", "y"), reads.read([piece("x", LIST_KEPT_BYTES_MAX)]));
  await large();
  await large();
  assertEquals(reads.count, 3 * LISTS_KEPT_MAX + 2);
});

Deno.test("after any writes a list says what the backend has, however often it was asked before", async () => {
  const key = fc.constantFrom("a", "b", "ba", "bb", "c", "d");
  const range = fc.tuple(key, fc.option(key, { nil: undefined }), fc.constantFrom(1, 2, 10), fc.boolean());
  const change = fc.record({ writes: fc.array(fc.tuple(key, fc.option(fc.nat(255))), { maxLength: 3 }), range });
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 12 }),
      fc.array(range, { minLength: 1, maxLength: 3 }),
      async (changes, asked) => {
        const pieces = await Pieces.open(new MemoryBackend()), model = new Map<string, number>();
        const check = async ([low, high, limit, reverse]: typeof asked[number]): Promise<void> => {
          const expected = [...model].filter(([key]) => key >= low && (high === undefined || key < high)).sort();
          if (reverse) expected.reverse();
          const found = high !== undefined && high <= low ? [] : await pieces.list(low, high, limit, reverse);
          assertEquals(
            found.map(({ key, value }) => [key, (value as Bytes)[0]]),
            high !== undefined && high <= low ? [] : expected.slice(0, limit),
          );
        };
        for (const { writes, range } of changes) {
          for (const each of [...asked, range]) await check(each);
          for (const [key, value] of writes) value === null ? model.delete(key) : model.set(key, value);
          await pieces.write(
            new Map(writes.map(([key, value]) => [key, value === null ? null : Uint8Array.of(value)])),
          );
          for (const each of [range, ...asked]) await check(each);
        }
        await pieces.close();
      },
    ),
    { numRuns: 60 },
  );
});
