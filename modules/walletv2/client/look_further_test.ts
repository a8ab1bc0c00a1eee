import { assertEquals } from "@std/assert";
import { FURTHER_EVERY_MS, FURTHER_PAGES_MAX, FURTHER_REST_MS, OUTPUT_LOOK_AHEAD } from "../limits.ts";
import { LookFurther } from "./look_further.ts";

Deno.test("pages beyond are looked at one by one, with pauses, and from the first again after a long rest", () => {
  const further = new LookFurther(0), looked: [number, number][] = [];
  const stepMs = FURTHER_EVERY_MS / 6;
  for (let nowMs = 0; nowMs <= FURTHER_PAGES_MAX * FURTHER_EVERY_MS + FURTHER_REST_MS; nowMs += stepMs) {
    for (const { start } of further.due(7, nowMs, false)) looked.push([nowMs, (start - 7) / OUTPUT_LOOK_AHEAD]);
  }
  const pages = Array.from(
    { length: FURTHER_PAGES_MAX },
    (_, i): [number, number] => [(i + 1) * FURTHER_EVERY_MS, i + 1],
  );
  assertEquals(looked, [...pages, [FURTHER_PAGES_MAX * FURTHER_EVERY_MS + FURTHER_REST_MS, 1]]);
});

Deno.test("after something was found it begins anew, and whoever asks for everything has all pages at once", () => {
  const further = new LookFurther(0);
  const at = (nowMs: number) => [...further.due(0, nowMs, false)].map(({ start }) => start / OUTPUT_LOOK_AHEAD);
  assertEquals([at(FURTHER_EVERY_MS), at(2 * FURTHER_EVERY_MS)], [[1], [2]]);
  further.found(2 * FURTHER_EVERY_MS);
  assertEquals([at(2 * FURTHER_EVERY_MS + 1), at(3 * FURTHER_EVERY_MS)], [[], [1]]);
  const all = [...further.due(0, 0, true)];
  assertEquals(all.length, FURTHER_PAGES_MAX);
  // without a hole between them
  assertEquals(all.map(({ start, end }) => end - start), all.map(() => OUTPUT_LOOK_AHEAD));
  assertEquals(all.slice(1).map(({ start }) => start), all.slice(0, -1).map(({ end }) => end));
});
