import { assertEquals } from "@std/assert";
import { Handover } from "./handover.ts";

Deno.test("what is put is taken once, by its number", () => {
  const handover = new Handover<string>();
  const [a, b] = [handover.put("a"), handover.put("b")];
  assertEquals([handover.has(a), handover.has(b), handover.has(99), handover.size], [true, true, false, 2]);
  assertEquals([handover.take(b), handover.take(a), handover.take(a), handover.take(99)], [
    "b",
    "a",
    undefined,
    undefined,
  ]);
  assertEquals([handover.has(a), handover.size], [false, 0]);
});

Deno.test("what nobody took is closed once, and numbers are not used again", () => {
  const handover = new Handover<string>();
  handover.take(handover.put("taken"));
  const left = handover.put("left");
  const closed: string[] = [];
  handover.clear((thing) => closed.push(thing));
  handover.clear((thing) => closed.push(thing));
  assertEquals(closed, ["left"]);
  handover.put("new");
  assertEquals(handover.take(left), undefined);
});
