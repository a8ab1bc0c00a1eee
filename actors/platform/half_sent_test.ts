import { assertEquals } from "@std/assert";
import { HalfSent } from "./half_sent.ts";

Deno.test("above the bound whoever began first is cut off, until the rest fits", () => {
  const halfSent = new HalfSent(100);
  const evicted: string[] = [];
  const begin = (name: string) => halfSent.begin(() => evicted.push(name));
  const [a, b, c] = [begin("a"), begin("b"), begin("c")];
  halfSent.set(a, 40);
  halfSent.set(b, 40);
  halfSent.set(c, 20);
  assertEquals([halfSent.bytes, evicted], [100, []]);
  halfSent.end(a);
  halfSent.end(a);
  assertEquals(halfSent.bytes, 60);
  halfSent.set(c, 99);
  assertEquals([halfSent.bytes, evicted], [99, ["b"]]);
  halfSent.set(b, 50); // is gone
  halfSent.set(c, 101);
  assertEquals([halfSent.bytes, evicted], [0, ["b", "c"]]);
});
