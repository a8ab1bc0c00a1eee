import { assertEquals } from "@std/assert";
import { relation, short, tableOf } from "./table.ts";

Deno.test("figures have three digits that count, and thousands are grouped", () => {
  assertEquals([0, 0.012345, 1.5, 99.94, 123.4, 1_234_567].map(short), [
    "0",
    "0.0123",
    "1.50",
    "99.9",
    "123",
    "1,234,567",
  ]);
});

Deno.test("a relation names what is allowed where an item may cost more, and there is none to nothing", () => {
  assertEquals(relation(6, 2, 1), "×3.00");
  assertEquals(relation(6, 2, 4), "×3.00 (of ×4.0)");
  assertEquals([relation(6, 0, 1), relation(-1, 2, 1)], ["–", "–"]);
});

Deno.test("each size is divided by its own items, and compared with the smallest", () => {
  const points = [
    { size: 10, items: 10, cpuMs: 20, bytes: 10 * 1_024, counts: { reads: 30 } },
    { size: 1_000, items: 1_000, cpuMs: 4_000, bytes: null, counts: { reads: 3_000 } },
  ];
  assertEquals(tableOf({ sizeOf: "notes", item: "note" }, points), [
    "| notes | CPU ms / note | ×smallest | kB / note | ×smallest | reads / note | ×smallest |",
    "| ----: | ------------: | --------: | --------: | --------: | -----------: | --------: |",
    "|    10 |          2.00 |     ×1.00 |      1.00 |     ×1.00 |         3.00 |     ×1.00 |",
    "| 1,000 |          4.00 |     ×2.00 |         – |         – |         3.00 |     ×1.00 |",
  ]);
});

Deno.test("what may grow with the size is said beside the growth", () => {
  const point = (size: number, cpuMs: number) => ({ size, items: 1, cpuMs, bytes: null, counts: {} });
  const table = tableOf({ sizeOf: "n", item: "round", expected: (n) => n - 1 }, [point(4, 3), point(7, 12)]);
  assertEquals(table.at(-1)!.includes("×4.00 (of ×2.0)"), true);
});
