import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { btcText, MONEY_MAX_SAT, satOfBtc } from "./btc.ts";

Deno.test("every amount comes back from its text", () => {
  fc.assert(fc.property(fc.bigInt({ min: -21n * 10n ** 14n, max: 21n * 10n ** 14n }), (sat) => {
    assertEquals(satOfBtc(btcText(sat)), sat);
  }));
  assertEquals(btcText(-1n), "-0.00000001");
  assertEquals(btcText(MONEY_MAX_SAT), "21000000.00000000");
});

Deno.test("amounts are read with fewer decimals, and with zeros behind them", () => {
  assertEquals(["1", "0.1", "20999999.9769", "0.00000001", "-0.5", "1.0000000000"].map(satOfBtc), [
    100_000_000n,
    10_000_000n,
    2_099_999_997_690_000n,
    1n,
    -50_000_000n,
    100_000_000n,
  ]);
});

Deno.test("what is no amount is none", () => {
  const bad = ["", ".5", "1.", "1e8", "1,5", " 1", "1 ", "+1", "--1", "0x1", "0.000000001", "1".repeat(21), "NaN"];
  assertEquals(bad.map(satOfBtc), bad.map(() => null));
});
