import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { CryptoError } from "../../core/crypto/mod.ts";
import { seededDice, testStore } from "../../modules/contract/testing/mod.ts";
import { ClientError } from "../error.ts";
import { loadEntropy, loadOrMakeEntropy, refuseWords } from "./words.ts";

Deno.test("words are made once and stay", async () => {
  const store = await testStore();
  const made = await loadOrMakeEntropy(store, seededDice(1));
  assertEquals(wordsOfEntropy(made).split(" ").length, 12);
  assertEquals(await loadOrMakeEntropy(store, seededDice(2)), made);
  assertEquals(await loadEntropy(store), made);
});

Deno.test("opening never makes words up: without any it fails", async () => {
  const error = await assertRejects(async () => loadEntropy(await testStore()), ClientError);
  assertEquals(error.code, "no_words");
});

Deno.test("given words are refused with a sentence, and right ones are told from wrong ones without being repeated", () => {
  const words = "abandon ".repeat(11) + "about";
  const error = assertThrows(() => refuseWords(`  ${words.replaceAll(" ", "\n")} `), ClientError);
  assertEquals(error.code, "no_recovery");
  assertStringIncludes(error.message, "would show 0 as if that were all");
  const wrong = assertThrows(() => refuseWords("abandon ".repeat(12)), CryptoError);
  for (const { message } of [error, wrong]) assertEquals(message.includes("abandon"), false);
});
