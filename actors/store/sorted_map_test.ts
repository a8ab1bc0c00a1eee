import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { SortedMap } from "./sorted_map.ts";

/** What an ordered map is, the plain way. */
class PlainMap {
  readonly entries = new Map<string, number>();
  sorted(): [string, number][] {
    return [...this.entries].sort(([a], [b]) => a < b ? -1 : 1);
  }
}

Deno.test("a sorted map does what a sorted list does, leaves split and emptied included", () => {
  const key = fc.integer({ min: 0, max: 3_000 }).map((n) => n.toString(36));
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ set: key, count: fc.integer({ min: 1, max: 900 }) }) },
    fc.record({ delete: key, count: fc.integer({ min: 1, max: 900 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(key, { minLength: 20, maxLength: 20 }), (steps, probes) => {
      const map = new SortedMap<number>();
      const plain = new PlainMap();
      for (const [at, step] of steps.entries()) {
        for (let i = 0; i < step.count; i++) {
          if ("set" in step) {
            const name = (parseInt(step.set, 36) + i).toString(36);
            map.set(name, at);
            plain.entries.set(name, at);
          } else {
            const name = (parseInt(step.delete, 36) + i).toString(36);
            assertEquals(map.delete(name), plain.entries.delete(name));
          }
        }
      }
      const sorted = plain.sorted();
      assertEquals([...map], sorted);
      assertEquals(map.size, sorted.length);
      for (const probe of probes) {
        assertEquals(map.get(probe), plain.entries.get(probe));
        assertEquals(map.atOrAfter(probe), sorted.find(([name]) => name >= probe));
        assertEquals(map.before(probe), sorted.findLast(([name]) => name < probe));
      }
      assertEquals(map.before(undefined), sorted.at(-1));
    }),
    { numRuns: 60 },
  );
});
