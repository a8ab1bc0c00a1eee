import { assertEquals } from "@std/assert";
import { UsedLately } from "./used_lately.ts";

Deno.test("what was used longest ago is forgotten when there are more bytes than the bound", () => {
  const kept = new UsedLately<string>(100);
  for (const key of ["a", "b"]) kept.add(key, { value: key.toUpperCase(), bytes: 40 });
  assertEquals([kept.get("a"), kept.bytes], ["A", 80]);
  kept.add("c", { value: "C", bytes: 40 });
  assertEquals([kept.has("a"), kept.has("b"), kept.has("c"), kept.bytes], [true, false, true, 80]);
  kept.add("a", { value: "other", bytes: 90 });
  assertEquals([kept.get("a"), kept.bytes], ["A", 80]);
});

Deno.test("what is taken is forgotten with its bytes, and what is above the bound is not kept", () => {
  const kept = new UsedLately<string>(100);
  kept.add("a", { value: "A", bytes: 60 });
  assertEquals(kept.take("a"), { value: "A", bytes: 60 });
  assertEquals([kept.take("a"), kept.get("a"), kept.bytes], [undefined, undefined, 0]);
  kept.add("b", { value: "B", bytes: 101 });
  assertEquals([kept.get("b"), kept.bytes], [undefined, 0]);
});
