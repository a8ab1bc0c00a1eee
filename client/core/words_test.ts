import { assertEquals, assertRejects } from "@std/assert";
import { wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { seededDice, testStore } from "../../modules/contract/testing/mod.ts";
import { ClientError } from "../error.ts";
import { loadEntropy, loadOrMakeEntropy } from "./words.ts";

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
