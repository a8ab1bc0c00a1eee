import { assertEquals, assertThrows } from "@std/assert";
import { megabytes, percentile, spreadOf } from "./figures.ts";

Deno.test("a percentile is one of the values, the whole of them the last one", () => {
  const sorted = Array.from({ length: 100 }, (_, i) => i + 1);
  assertEquals([percentile(sorted, 0), percentile(sorted, 0.5), percentile(sorted, 0.99)], [1, 51, 100]);
  assertEquals(percentile(sorted, 1), 100);
  assertEquals(percentile([7], 0.5), 7);
});

Deno.test("a spread has the ends and the middle, in whichever order the values come", () => {
  const values = [3, 10, 1];
  assertEquals(spreadOf(values), { min: 1, median: 3, max: 10 });
  assertEquals(values, [3, 10, 1]);
  assertEquals(spreadOf([4]), { min: 4, median: 4, max: 4 });
  assertThrows(() => spreadOf([]), RangeError);
});

Deno.test("megabytes are of 2^20 bytes", () => assertEquals(megabytes(3 * 2 ** 20), "3"));
