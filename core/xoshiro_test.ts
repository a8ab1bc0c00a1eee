import { assertEquals, assertThrows } from "@std/assert";
import { InvariantError } from "./assert.ts";
import { Xoshiro128 } from "./xoshiro.ts";

Deno.test("words are those of the authors' reference", () => {
  // xoshiro128starstar.c with the state 1, 2, 3, 4
  const dice = new Xoshiro128(Uint8Array.of(1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0));
  assertEquals(Array.from({ length: 5 }, () => dice.word()), [11_520, 0, 5_927_040, 70_819_200, 2_031_721_883]);
});

Deno.test("a state of another size or of zeros is none", () => {
  for (const size of [0, 15, 16, 17]) assertThrows(() => new Xoshiro128(new Uint8Array(size)), InvariantError);
});
