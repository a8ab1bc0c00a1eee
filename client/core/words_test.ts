import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { globalRoot, wordsOfEntropy } from "../../core/crypto/bip39.ts";
import { seededDice, testStore } from "../../modules/contract/testing/mod.ts";
import { ClientError } from "../error.ts";
import { wordsGivenSlot } from "../federation/join_state.ts";
import type { ClientOptions } from "./options.ts";
import { loadEntropy, loadOrMakeEntropy, refuseGivenWords } from "./words.ts";

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

Deno.test("given words, and only they, are never joined with; a secret is its owner's affair", async () => {
  const store = await testStore(), entropy = await loadOrMakeEntropy(await testStore(), seededDice(1));
  const refusal = (options: object): Promise<ClientError | null> =>
    refuseGivenWords({ store, ...options } as ClientOptions).then(() => null, (error) => error);
  for (const options of [{}, { entropy }, { entropy, entropyGiven: false }, { secret: globalRoot(entropy) }]) {
    assertEquals(await refusal(options), null);
  }
  assertEquals((await refusal({ entropy, entropyGiven: true }))?.code, "has_history");
  await store.transact((tx) => wordsGivenSlot.set(tx, null));
  const error = await refusal({});
  assertEquals(error?.code, "has_history");
  assertStringIncludes(error!.message, "restore it instead of joining. Nothing was changed");
});
