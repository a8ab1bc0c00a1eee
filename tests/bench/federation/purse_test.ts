import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { denominationsOf } from "./load.ts";
import { bundlesMax, fewestNotes, worthMsat } from "./purse.ts";

Deno.test("the fewest notes are worth as much, each of another denomination", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 42n - 1n }), (msat) => {
    const notes = fewestNotes(msat);
    assertEquals(worthMsat(notes), msat);
    assertEquals(new Set(notes).size, notes.length);
  }));
});

Deno.test("of up to ten notes all are of another denomination, of thirty three of each", () => {
  assertEquals(new Set(denominationsOf(10)).size, 10);
  const thirty = denominationsOf(30);
  assertEquals([thirty.length, new Set(thirty).size], [30, 10]);
});

Deno.test("there are bundles for twenty seconds of every load at what guardians have ever done", () => {
  for (const [notes, perSecond] of [[1, 50], [10, 20], [30, 6]] as const) assert(bundlesMax(notes) >= 20 * perSecond);
});
