import { assertBalanced } from "./money.ts";
import { assertPast, lostAndRestored } from "./restoring.ts";

Deno.test("a wallet that is lost with deposits and payments under way comes back from its words, and all books balance", async () => {
  const returned = await lostAndRestored(1, { isShort: true });
  assertBalanced(returned.books);
  assertPast(returned);
});
