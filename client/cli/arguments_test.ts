import { assertEquals, assertThrows } from "@std/assert";
import { InvalidArgumentError } from "commander";
import {
  amountArgument,
  boolishArgument,
  moduleArgument,
  peerArgument,
  secondsArgument,
  urlArgument,
} from "./arguments.ts";

Deno.test("amounts are millisatoshi unless they have a unit, as in fedimint-cli", () => {
  const table: readonly (readonly [string, bigint])[] = [
    ["5000", 5_000n],
    ["1 msat", 1n],
    ["1000msat", 1_000n],
    ["10 sat", 10_000n],
    ["10sats", 10_000n],
    ["0.1btc", 10_000_000_000n],
    ["1 BTC", 100_000_000_000n],
    ["+7", 7n],
    [" 12 ", 12n],
  ];
  for (const [text, msat] of table) assertEquals(amountArgument(text), msat, text);
});

Deno.test("amounts that mean nothing are errors of usage", () => {
  for (const text of ["", "abc", "-1", "1.5", "1.5 sat", "10 Msat", "22000000 btc", "1e3", "0x10", "1".repeat(65)]) {
    assertThrows(() => amountArgument(text), InvalidArgumentError);
  }
});

Deno.test("guardians' numbers are u16", () => {
  assertEquals([peerArgument("0"), peerArgument("65535")], [0, 65_535]);
  for (const text of ["", "-1", "65536", "1.0", "0x1", "x"]) {
    assertThrows(() => peerArgument(text), InvalidArgumentError);
  }
});

Deno.test("digits select a module's instance, anything else its kind", () => {
  assertEquals(moduleArgument("3"), { id: 3 });
  assertEquals(moduleArgument("mintv2"), { kind: "mintv2" });
  assertThrows(() => moduleArgument("70000"), InvalidArgumentError);
});

Deno.test("seconds are not negative and finite", () => {
  assertEquals([secondsArgument("0.5"), secondsArgument("3")], [0.5, 3]);
  for (const text of ["", " ", "-1", "x", "NaN", "Infinity"]) {
    assertThrows(() => secondsArgument(text), InvalidArgumentError);
  }
});

Deno.test("switches of the environment take the words that clap takes", () => {
  for (const text of ["1", "true", "YES", "on", "y", "t"]) assertEquals(boolishArgument(text), true);
  for (const text of ["0", "false", "No", "off", "n", "f"]) assertEquals(boolishArgument(text), false);
  assertThrows(() => boolishArgument("maybe"), InvalidArgumentError);
});

Deno.test("an error about a URL does not repeat it: it may hold a password", () => {
  const error = assertThrows(() => urlArgument("//user:secret@host"), InvalidArgumentError);
  assertEquals((error as Error).message.includes("secret"), false);
});
