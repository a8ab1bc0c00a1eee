import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Bytes } from "../../../core/bytes.ts";
import { passesFilter } from "./issuance.ts";
import { searchTweak, TweakTest } from "./tweak_search.ts";

const bytes = (size: number) =>
  fc.uint8Array({ minLength: size, maxLength: size }).map((value) => value.slice() as Bytes);

Deno.test("a found tweak passes the filter, and is the first that does", () => {
  fc.assert(
    fc.property(bytes(32), bytes(16), (filter, start) => {
      const tries = 1_000;
      const view = new DataView(start.buffer);
      const first = view.getUint32(12);
      let expected: Bytes | null = null;
      for (let i = 0; i < tries && expected === null; i++) {
        const candidate = start.slice();
        new DataView(candidate.buffer).setUint32(12, (first + i) >>> 0);
        if (passesFilter(candidate, filter)) expected = candidate;
      }
      assertEquals(searchTweak(filter, start, tries), expected);
    }),
    { numRuns: 30 },
  );
});

Deno.test("a search that goes on long enough finds a tweak", () => {
  const filter = new Uint8Array(32).fill(7);
  const found = searchTweak(filter, new Uint8Array(16), 1_000_000);
  assertEquals(found !== null && passesFilter(found, filter), true);
});

Deno.test("a search ends at its last try and not before, wherever among four at once that is", () => {
  const filter = new Uint8Array(32).fill(7);
  const found = searchTweak(filter, new Uint8Array(16), 1_000_000)!;
  const last = new DataView(found.buffer).getUint32(12);
  for (let before = 0; before < 9; before++) {
    const start = found.slice();
    new DataView(start.buffer).setUint32(12, last - before);
    assertEquals(searchTweak(filter, start, before), null);
    for (const tries of [before + 1, before + 2, before + 4]) assertEquals(searchTweak(filter, start, tries), found);
  }
});

Deno.test("the last 32 bits go on from zero, and the first tweak of a long stretch is the one found", () => {
  const start = new Uint8Array(16), view = new DataView(start.buffer), from = 2 ** 32 - 100, tries = 200_000;
  for (let seed = 0; seed < 3; seed++) {
    const filter = new Uint8Array(32).fill(seed), test = new TweakTest(filter);
    let expected: Bytes | null = null;
    for (let i = 0; i < tries && expected === null; i++) {
      view.setUint32(12, (from + i) % 2 ** 32);
      if (test.passing(start, [0]).length > 0) expected = start.slice();
    }
    view.setUint32(12, from);
    assertEquals(searchTweak(filter, start, tries), expected);
  }
});

Deno.test("a search without tries finds nothing", () => {
  assertEquals(searchTweak(new Uint8Array(32), new Uint8Array(16), 0), null);
});

Deno.test("tweaks in a row of bytes are told as one by one", () => {
  const filter = new Uint8Array(32).fill(9);
  const found = searchTweak(filter, new Uint8Array(16), 1_000_000)!;
  fc.assert(
    fc.property(fc.array(fc.option(bytes(16)), { maxLength: 20 }), fc.nat(7), (tweaks, offset) => {
      const row = new Uint8Array(offset + 16 * tweaks.length), test = new TweakTest(filter);
      // null: the one that passes
      for (const [i, tweak] of tweaks.entries()) row.set(tweak ?? found, offset + 16 * i);
      const ats = tweaks.map((_, i) => offset + 16 * i),
        expected = [...tweaks.keys()].filter((i) => passesFilter(tweaks[i] ?? found, filter));
      assertEquals(test.passing(row, ats), expected);
      assertEquals(test.passing(row, ats.toReversed()), expected.map((i) => ats.length - 1 - i).toReversed());
    }),
  );
});

Deno.test("of more tweaks than are tested at once all that pass are told, and none twice", () => {
  const filter = new Uint8Array(32).fill(9), test = new TweakTest(filter);
  const found = searchTweak(filter, new Uint8Array(16), 1_000_000)!;
  const places = [0, 4_029, 4_031, 4_032, 4_033, 8_063, 8_064, 9_000], row = new Uint8Array(16 * 9_001);
  for (const place of places) row.set(found, 16 * place);
  const ats = Array.from({ length: 9_001 }, (_, i) => 16 * i);
  assertEquals(test.passing(row, ats), places);
  // what was there before isn't tested again
  for (const count of [1, 2, 3, 5]) assertEquals(test.passing(new Uint8Array(16 * count), ats.slice(0, count)), []);
});
