import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import fc from "fast-check";
import { DecodeError, tryDecoding } from "../encoding/mod.ts";
import { U64_MAX } from "./amount.ts";
import { formatAmount, fractionOfSatText, parseAmount } from "./amount_text.ts";
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

Deno.test("an amount that is refused says what was read, what is likely meant, and how amounts are spelled", () => {
  const cases: [string, RegExp][] = [
    ["100 Sats", /^"100 Sats" is no amount: its unit is not known\. Did you mean "100 sats"\?/],
    ["₿0.001", /^"₿0.001" .*written as a word\. Did you mean "0.001 btc"\?/],
    ["0.001 Btc", /Did you mean "0.001 btc"\?/],
    ["0,001 btc", /^"0,001 btc" .*behind a point.*Did you mean "0.001 btc"\?/],
    ["1,000 btc", /Did you mean "1.000 btc" or "1000 btc"\?/],
    ["12'345 sat", /Did you mean "12345 sat"\?/],
    ["12 345 sat", /Did you mean "12345 sat"\?/],
    ["-5 sat", /^"-5 sat" is no amount: it is less than nothing\. Did you mean "5 sat"\?/],
    ["1.5 sat", /more precise than a satoshi\. Did you mean "1500 msat"\?/],
    ["100 MSAT", /Did you mean "100 msat"\?/],
    ["5 dollars", /only bitcoin and its parts are known, no other money\. Spell/],
    ["$5", /no other money\. Spell/],
    ["", /there is none/],
    ["10 zats", /its unit is not known\. Spell/],
  ];
  for (const [text, expected] of cases) {
    const { message } = assertThrows(() => parseAmount(text), DecodeError);
    assertMatch(message, expected);
    assertMatch(
      message,
      /Spell it like "1000 sat", "0.001 btc", "50 bits" or "5000 msat"; a number alone is millisatoshi\.$/,
    );
  }
});

Deno.test("what is no amount at all is not repeated: it may be e-cash, or a secret", () => {
  for (const text of ["fedimint0123", "hunter2", "secret", "5 fedimint0aaaaaaaaaaaa", "correct horse battery"]) {
    const { message } = assertThrows(() => parseAmount(text), DecodeError);
    for (const part of text.split(" ")) assert(part.length < 2 || !message.includes(part), message);
  }
});

Deno.test("a spelling that is proposed is an amount", () => {
  const parts = fc.constantFrom(
    "1",
    "0",
    "25",
    ",",
    ".",
    "'",
    " ",
    "-",
    "+",
    "₿",
    "sat",
    "Sats",
    "Btc",
    "MSAT",
    "bits",
    "€",
  );
  fc.assert(fc.property(fc.array(parts, { maxLength: 8 }), (pieces) => {
    const text = pieces.join("");
    const read = tryDecoding(() => parseAmount(text));
    if (read.ok) return;
    const [, proposed = ""] = /Did you mean (.*)\? Spell/.exec(read.error.message) ?? [];
    for (const [, each] of proposed.matchAll(/"([^"]*)"/g)) parseAmount(each!);
  }));
});

Deno.test("a fraction of a satoshi says what a number alone is", () => {
  assertEquals(
    fractionOfSatText("500", 500n),
    '500 msat is 0.5 sat, and bitcoin has no fractions of a sat. A number alone is millisatoshi: did you mean "500 sat"?',
  );
  assertEquals(
    fractionOfSatText("1500 msat", 1_500n),
    "1500 msat is 1.5 sat, and bitcoin has no fractions of a sat.",
  );
});
