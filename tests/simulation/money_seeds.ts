/**
 * Worlds in which money moves while everything fails that honest guardians and wallets can fail of: a test for each
 * seed.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { assertBalanced, troubledMoney } from "./money.ts";

/** From `first` to `last`, and one that two runs of the first seed are the same. */
export function testSeeds(first: number, last: number): void {
  const logs = new Map<number, string>();
  for (let seed = first; seed <= last; seed++) {
    Deno.test(`money goes in, around and out in trouble, and all books balance, seed ${seed}`, async () => {
      const books = await troubledMoney(seed);
      assertBalanced(books);
      logs.set(seed, books.log);
    });
  }
  Deno.test(`the same seed gives the same world, event for event, and another seed another: ${first}`, async () => {
    assertEquals((await troubledMoney(first)).log, logs.get(first));
    assertNotEquals(logs.get(first + 1), logs.get(first));
  });
}
