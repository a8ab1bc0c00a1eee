import { assertBalanced, troubledMoney } from "./money.ts";

Deno.test("a deposit, payments and a withdrawal come to their end while guardians and wallets are killed, and all books balance", async () => {
  assertBalanced(await troubledMoney(1, { isShort: true }));
});
