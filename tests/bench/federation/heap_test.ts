import { assertEquals } from "@std/assert";
import { lastHeapIn } from "./heap.ts";

const SCAVENGE =
  "[7:0x56]  214 ms: Scavenge 3.6 (3.9) -> 3.3 (4.6) MB, pooled: 0.0 MB, 0.47 / 0.00 ms allocation failure;";
const INCREMENTAL =
  "[7:0x56]  599 ms: Incremental Mark-Compact 33.8 (38.1) -> 22.5 (28.5) MB, pooled: 7.0 MB, 2.27 / 0.00 ms";
const WHOLE = "[7:0x56]  700 ms: Mark-Compact (reduce) 33.8 (38.1) -> 22.5 (28.5) MB, pooled: 7.0 MB, 2.27 / 0.00 ms";

Deno.test("a heap is what was left of it after the last clean-up of the whole", () => {
  const later = INCREMENTAL.replace("22.5 (28.5)", "24.0 (30.0)");
  assertEquals(lastHeapIn([SCAVENGE, INCREMENTAL, later, SCAVENGE].join("\n")), {
    aliveBytes: 24 * 2 ** 20,
    heapBytes: 30 * 2 ** 20,
  });
});

Deno.test("a clean-up that V8 calls otherwise counts too", () => {
  assertEquals(lastHeapIn(WHOLE)?.aliveBytes, 22.5 * 2 ** 20);
});

Deno.test("small clean-ups alone say nothing of the heap", () => {
  assertEquals(lastHeapIn(`${SCAVENGE}\n${SCAVENGE}`), null);
});
