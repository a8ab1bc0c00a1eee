import { assert, assertEquals } from "@std/assert";
import { assertAgreed, troubledFederation } from "./troubled.ts";

Deno.test("guardians order the same items while one is cut off, killed and started again, the same way for a seed", async () => {
  const [first, again, other] = [await troubledFederation(1), await troubledFederation(1), await troubledFederation(2)];
  assertAgreed(first);
  assertAgreed(other);
  assertEquals(again.log, first.log);
  assert(other.log !== first.log);
});
