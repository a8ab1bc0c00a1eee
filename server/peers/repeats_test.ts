import { assertEquals } from "@std/assert";
import type { PeerId } from "../../core/types/ids.ts";
import { CutShort, Repeats } from "./repeats.ts";

Deno.test("what happens often within the window is told, what happens as often over a longer time is not", () => {
  const often = new Repeats({ many: 3, windowMs: 100 });
  assertEquals([0, 40, 99, 139].map((ms) => often.note(ms)), [false, false, true, true]);
  const seldom = new Repeats({ many: 3, windowMs: 100 });
  assertEquals([0, 50, 100, 150].map((ms) => seldom.note(ms)), [false, false, false, false]);
});

Deno.test("connections that one guardian cuts short are told when it does so again and again, those of two at once", () => {
  const [a, b] = [1, 2] as PeerId[];
  const one = new CutShort();
  assertEquals([0, 1, 2, 3, 4].map((s) => one.note(a!, 1_000 * s)), [false, false, false, false, true]);
  const two = new CutShort();
  assertEquals([two.note(a!, 0), two.note(b!, 4_999)], [false, true]);
  const apart = new CutShort();
  assertEquals([apart.note(a!, 0), apart.note(b!, 5_000)], [false, false]);
});
