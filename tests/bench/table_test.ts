import { assertEquals } from "@std/assert";
import { comparison, ratioText } from "./table.ts";

Deno.test("a ratio is ours by the reference, and nothing without both or by nothing", () => {
  assertEquals(ratioText(31, 100), "×0.31");
  assertEquals([ratioText(null, 1), ratioText(1, null), ratioText(1, 0)], ["", "", ""]);
});

Deno.test("a line has both figures and their ratio, a dash for what isn't known", () => {
  const shown = (value: number): string => `${value} ms`;
  assertEquals(comparison("latency", [5, 10], shown).split(/\s{2,}/), ["latency", "5 ms", "10 ms", "×0.50"]);
  assertEquals(comparison("latency", [5, null], shown).split(/\s{2,}/), ["latency", "5 ms", "–"]);
});
