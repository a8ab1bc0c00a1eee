import { assertBalanced } from "../simulation/money.ts";
import { assertPast, lostAndRestored } from "../simulation/restoring.ts";

/** A seed takes a minute and a half of one core. */
const seeds = (Deno.env.get("RESTORE_SEEDS") ?? "1").split(",").map(Number);

for (const seed of seeds) {
  Deno.test(`two wallets are lost, restored from words and killed while they are, and all books balance, seed ${seed}`, async () => {
    const returned = await lostAndRestored(seed);
    assertBalanced(returned.books);
    assertPast(returned);
  });
}
