import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeError } from "../encoding/mod.ts";
import { U64_MAX } from "./amount.ts";
import { formatAmount, parseAmount } from "./amount_text.ts";
import { AMOUNT_CHARACTERS_MAX } from "./limits.ts";

Deno.test("an amount is read in each unit", () => {
  const cases: [string, bigint][] = [
    ["1000", 1_000n],
    ["+7 msat", 7n],
    ["3mSATs", 3n],
    ["21 sats", 21_000n],
    ["21.00 SAT", 21_000n],
    ["5. sat", 5_000n],
    ["1 bit", 100_000n],
    ["1.5 uBTC", 150_000n],
    [".5 btc", 50_000_000_000n],
    [". btc", 0n],
    ["2 cBTC", 2_000_000_000n],
    ["10 nBTC", 1_000n],
    ["0 nBTC", 0n],
    ["10000 pBTC", 1_000n],
    ["10000.000 pBTC", 1_000n],
    [" 1 \t BTC ", 100_000_000_000n],
    ["21000000 BTC", 2_100_000_000_000_000_000n],
    ["18446744073709551615", U64_MAX],
  ];
  for (const [text, msat] of cases) assertEquals(parseAmount(text), msat, text);
});

Deno.test("an amount that isn't whole, in range and of a known unit is refused", () => {
  const bad = [
    "",
    " ",
    "1.5",
    "-1",
    "18446744073709551616",
    "sat",
    "1.5 sat",
    ".5 sat",
    ". sat",
    "-0 sat",
    "+1 sat",
    "1..2 btc",
    "1.2.3 btc",
    "0.000000001 btc",
    "1 nBTC",
    "0.0 nBTC",
    "12345 pBTC",
    "21000000.00000001 BTC",
    "1 MBTC",
    "1 Msat",
    "1 MSAT",
    "1 Sat",
    "1 eur",
    "1e3 sat",
    "0x10",
    "1_000 sat",
    "1,5 btc",
  ];
  for (const text of bad) assertThrows(() => parseAmount(text), DecodeError, undefined);
});

Deno.test("an amount longer than the bound is refused", () => {
  assertEquals(parseAmount("1".padStart(AMOUNT_CHARACTERS_MAX, "0")), 1n);
  assertThrows(() => parseAmount("1".padStart(AMOUNT_CHARACTERS_MAX + 1, "0")), DecodeError, "characters");
});

Deno.test("any amount that is printed can be read", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: U64_MAX }), (msat) => {
    assertEquals(parseAmount(formatAmount(msat)), msat);
  }));
});

Deno.test("any satoshi amount reads alike in every unit that can hold it", () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2_100_000_000_000_000n }), (sat) => {
    const digits = sat.toString().padStart(9, "0");
    const btc = `${digits.slice(0, -8)}.${digits.slice(-8)}`;
    for (const text of [`${sat} sat`, `${btc} BTC`, `${sat}0 nBTC`, `${sat}0000 pBTC`]) {
      assertEquals(parseAmount(text), sat * 1000n, text);
    }
  }));
});
