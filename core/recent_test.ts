import { assertEquals } from "@std/assert";
import { Recent } from "./recent.ts";

Deno.test("the last are remembered, and never more than twice as many", () => {
  const recent = new Recent<number>(10);
  for (let i = 0; i < 100; i++) {
    recent.set(`${i}`, i);
    const known = Array.from({ length: i + 1 }, (_, at) => recent.get(`${at}`)).filter((value) => value !== undefined);
    assertEquals(known.slice(-10), Array.from({ length: Math.min(10, i + 1) }, (_, at) => Math.max(0, i - 9) + at));
    assertEquals(known.length <= 20, true);
  }
});

Deno.test("what is set again has its newest value", () => {
  const recent = new Recent<boolean>(2);
  recent.set("a", false);
  for (const key of ["b", "c", "a"]) recent.set(key, true);
  assertEquals(recent.get("a"), true);
  assertEquals(recent.get("d"), undefined);
});
