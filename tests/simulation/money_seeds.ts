/**
 * Worlds in which money moves while everything fails that honest guardians and wallets can fail of: a test for each
 * seed.
 */
import { assertEquals, assertNotEquals } from "@std/assert";
import { assertBalanced, troubledMoney } from "./money.ts";

/** From 1 to `last`, and one that two runs of the first seed are the same. */
export function testSeeds(last: number): void {
  const logs = new Map<number, string>();
  for (let seed = 1; seed <= last; seed++) {
    Deno.test(`money goes in, around and out in trouble, and all books balance, seed ${seed}`, async () => {
      const books = await troubledMoney(seed);
      assertBalanced(books);
      logs.set(seed, books.log);
    });
  }
  Deno.test(`the same seed gives the same world, event for event, and another seed another`, async () => {
    assertEquals((await troubledMoney(1)).log, logs.get(1));
    assertNotEquals(logs.get(2), logs.get(1));
  });
}
