import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { anyText } from "./text.ts";

Deno.test("texts of any characters have no half of one, and end where they should", () => {
  fc.assert(fc.property(anyText(5), (text) => {
    assert(text.isWellFormed());
    assert([...text].length <= 5);
  }));
});

Deno.test("they reach every plane, and names that objects have already", () => {
  const texts = fc.sample(anyText(), { numRuns: 5_000, seed: 1 });
  const planes = new Set(texts.flatMap((text) => [...text].map((character) => character.codePointAt(0)! >> 16)));
  assertEquals([...planes].sort((a, b) => a - b), Array.from({ length: 17 }, (_, plane) => plane));
  assert(texts.includes("__proto__"));
});
