import { assertEquals } from "@std/assert";
import { assertAgreed, troubledFederation } from "./troubled.ts";

Deno.test("guardians order the same items while one is cut off, killed and started again, the same way for a seed", async () => {
  const [first, again] = [await troubledFederation(1), await troubledFederation(1)];
  assertAgreed(first);
  assertEquals(again.log, first.log);
});
