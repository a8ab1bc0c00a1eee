import { assertEquals } from "@std/assert";
import { moneyText, satText } from "./money.ts";

Deno.test("an amount is shown in both units", () => {
  assertEquals(moneyText(0n), "0 sat (0 msat)");
  assertEquals(moneyText(1n), "0.001 sat (1 msat)");
  assertEquals(moneyText(512n), "0.512 sat (512 msat)");
  assertEquals(moneyText(1_500n), "1.5 sat (1,500 msat)");
  assertEquals(moneyText(12_345_678n), "12,345.678 sat (12,345,678 msat)");
  assertEquals(moneyText(-5_632n), "-5.632 sat (-5,632 msat)");
  assertEquals(satText(20_000n), "20,000 sat (20,000,000 msat)");
});
