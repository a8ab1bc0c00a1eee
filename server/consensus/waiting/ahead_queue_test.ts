import { assertEquals } from "@std/assert";
import { AheadQueue } from "./ahead_queue.ts";

Deno.test("a batch takes one transaction of each sender in turn: a flood of one's stands behind nobody's but his own", () => {
  const queue = new AheadQueue<string>();
  for (let i = 0; i < 1_000; i++) queue.add("flood", `f${i}`, 10);
  queue.add("a", "a0", 10);
  queue.add("b", "b0", 10);
  queue.add("a", "a1", 10);
  assertEquals(queue.take(60), ["f0", "a0", "b0", "f1", "a1", "f2"]);
  assertEquals(queue.size, 1_003 - 6);
  queue.add("b", "b1", 10);
  assertEquals(queue.take(20), ["f3", "b1"]);
});

Deno.test("a batch has at least one transaction, however large, and ends with the one that fills it", () => {
  const queue = new AheadQueue<string>();
  queue.add("a", "large", 1_000);
  queue.add("a", "small", 1);
  queue.add("b", "other", 99);
  queue.add("b", "last", 1);
  assertEquals([queue.take(100), queue.take(100), queue.take(100), queue.size], [["large"], ["other", "small"], [
    "last",
  ], 0]);
});
