import { assert, assertEquals, assertThrows } from "@std/assert";
import { toHex } from "../bytes.ts";
import {
  backupSecret,
  clientRoot,
  defaultClientSecret,
  entropyOfWords,
  globalRoot,
  moduleSecret,
  preRootCheck,
  seedOfEntropy,
  wordsOfEntropy,
} from "./bip39.ts";
import { CryptoError } from "./error.ts";
import { publicKeyOf } from "./secp.ts";
import { assertCode, seededBytes } from "./testing/mod.ts";

const WORDS = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about";
const FEDERATION = "da0185718fb3b4abd0bf59a6ff66cc1210e8dff8119c8b8e8b2e8f7b41a30bd4";

Deno.test("the worked example of the secrets' sheet comes out, by the standard scheme", () => {
  const preRoot = defaultClientSecret(globalRoot(entropyOfWords(WORDS)), FEDERATION);
  assertEquals(preRoot.level, 2n);
  assertEquals(toHex(preRootCheck(preRoot)), "611029277d1ba237");
  const root = clientRoot(preRoot, FEDERATION);
  assertEquals(root.level, 0n);
  assertEquals(toHex(root.randomBytes(32)), "f3a548052e8df983b506eb2d0b4681398f88f762fc420d6a971029d3dbc6b742");
  assertEquals(
    toHex(moduleSecret(root, 0).randomBytes(32)),
    "99a9c95bd018b369e0f4cbe9f618630518173d692a04870ad7fdec56e97ff121",
  );
  assertEquals(
    toHex(publicKeyOf(backupSecret(root).secpKey())),
    "031c38e48315e061b178f3ac59871fc92c1b022962884bcdc29d7bafe39c54b52c",
  );
});

Deno.test("the worked example of the secrets' sheet comes out, by the scheme of the JavaScript SDK", () => {
  const once = defaultClientSecret(globalRoot(entropyOfWords(WORDS)), FEDERATION);
  const twice = defaultClientSecret(once, FEDERATION);
  assertEquals(toHex(preRootCheck(twice)), "4dc74a7384b6cd39");
  const root = clientRoot(twice, FEDERATION);
  assertEquals(toHex(root.randomBytes(32)), "8c6bcc1974a60318d033d73291846d730453d1a67310f4a819e33946dc1de574");
  assertEquals(
    toHex(publicKeyOf(backupSecret(root).secpKey())),
    "02ee4343bff46a852f5caf9f2c54af0432401e62e22825f6158a68b1fd3f1e7fa5",
  );
});

Deno.test("words and entropy turn into each other, for every length and any white space", () => {
  const random = seededBytes(1);
  for (const [size, count] of [[16, 12], [20, 15], [24, 18], [28, 21], [32, 24]] as const) {
    const entropy = random(size), words = wordsOfEntropy(entropy);
    assertEquals(words.split(" ").length, count);
    assertEquals(entropyOfWords(words), entropy);
    assertEquals(entropyOfWords(`\n ${words.replaceAll(" ", " \t\n")} `), entropy);
    assertEquals(entropyOfWords(words.toUpperCase()), entropy);
  }
  assertEquals(
    toHex(seedOfEntropy(new Uint8Array(16))),
    "5eb00bbddcf069084889a8ab9155568165f5c453ccb85e70811aaed6f6da5fc19a5ac40b389cd370d086206dec8aa6c43daea6690f20ad3d8d48b2d2ce9e38e4",
  );
});

Deno.test("what isn't a wallet's words is refused without repeating it", () => {
  const bad = [
    "",
    "abandon",
    WORDS.replace("about", "abandon"), // checksum
    WORDS.replace("about", "fedimint"), // no such word
    `${WORDS} about`,
  ];
  for (const words of bad) {
    const thrown = assertThrows(() => entropyOfWords(words), CryptoError);
    assertEquals(thrown.code, "bad_words");
    assertEquals(thrown.cause, undefined);
    assert(!Deno.inspect(thrown).includes("abandon"), "secret words don't stand in errors");
  }
  for (const size of [0, 12, 15, 17, 36]) assertCode("bad_length", () => wordsOfEntropy(new Uint8Array(size)));
});
