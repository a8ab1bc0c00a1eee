/** Twenty worlds in which money moves while everything fails that honest guardians and wallets can fail of. */
import { assertEquals, assertNotEquals } from "@std/assert";
import { assertBalanced, troubledMoney } from "../simulation/money.ts";

const logs: string[] = [];

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`money goes in, around and out in trouble, and all books balance, seed ${seed}`, async () => {
    const books = await troubledMoney(seed);
    assertBalanced(books);
    logs[seed] = books.log;
  });
}

Deno.test("the same seed gives the same world, event for event, and another seed another", async () => {
  assertEquals((await troubledMoney(1)).log, logs[1]);
  assertNotEquals(logs[2], logs[1]);
});
