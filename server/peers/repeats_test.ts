import { assertEquals } from "@std/assert";
import { Repeats } from "./repeats.ts";

Deno.test("what happens often within the window is told, what happens as often over a longer time is not", () => {
  const often = new Repeats({ many: 3, windowMs: 100 });
  assertEquals([0, 40, 99, 139].map((ms) => often.note(ms)), [false, false, true, true]);
  const seldom = new Repeats({ many: 3, windowMs: 100 });
  assertEquals([0, 50, 100, 150].map((ms) => seldom.note(ms)), [false, false, false, false]);
});
