import { assertBalanced } from "../simulation/money.ts";
import { assertPast, lostAndRestored } from "../simulation/restoring.ts";

for (const seed of [1, 2]) {
  Deno.test(`two wallets are lost, restored from words and killed while they are, and all books balance, seed ${seed}`, async () => {
    const returned = await lostAndRestored(seed);
    assertBalanced(returned.books);
    assertPast(returned);
  });
}
