import { assertEquals, assertRejects } from "@std/assert";
import { wordsOfEntropy } from "../core/crypto/bip39.ts";
import { seededDice, testStore } from "../modules/contract/testing.ts";
import { ClientError } from "./error.ts";
import { importWords, loadEntropy, loadOrMakeEntropy } from "./words.ts";

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

Deno.test("given words are taken into an empty database only", async () => {
  const store = await testStore();
  const words = "abandon ".repeat(11) + "about";
  await importWords(store, `  ${words.replaceAll(" ", "\n")} `);
  assertEquals(wordsOfEntropy(await loadEntropy(store)), words);
  const again = await assertRejects(() => importWords(store, words), ClientError);
  assertEquals(again.code, "already_joined");
});

Deno.test("wrong words are refused without being repeated", async () => {
  const store = await testStore();
  const error = await assertRejects(() => importWords(store, "abandon ".repeat(12)));
  assertEquals((error as Error).message.includes("abandon"), false);
  await assertRejects(() => loadEntropy(store), ClientError);
});
