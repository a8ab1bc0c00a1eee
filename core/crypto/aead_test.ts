import { assertEquals } from "@std/assert";
import { toHex } from "../bytes.ts";
import { err, ok } from "../result.ts";
import { aeadDecrypt, aeadEncrypt, passwordKey } from "./aead.ts";
import { assertCode, flipBit, seededBytes } from "./testing/mod.ts";

Deno.test("what is encrypted is decrypted, for lengths around block borders", () => {
  const random = seededBytes(1);
  for (const size of [0, 1, 15, 16, 17, 63, 64, 65, 4096]) {
    const [key, nonce, plaintext] = [random(32), random(12), random(size)];
    const ciphertext = aeadEncrypt(plaintext, key, nonce);
    assertEquals(ciphertext.length, 12 + size + 16);
    assertEquals(ciphertext.slice(0, 12), nonce);
    assertEquals(aeadDecrypt(ciphertext, key), ok(plaintext));
  }
});

Deno.test("a change of any bit, and another key, are noticed", () => {
  const random = seededBytes(2), key = random(32);
  const ciphertext = aeadEncrypt(random(20), key, random(12));
  for (let bit = 0; bit < ciphertext.length * 8; bit += 5) {
    assertEquals(aeadDecrypt(flipBit(ciphertext, bit), key), err("not_authentic"));
  }
  assertEquals(aeadDecrypt(ciphertext, flipBit(key, 255)), err("not_authentic"));
  assertEquals(aeadDecrypt(ciphertext.slice(0, -1), key), err("not_authentic"));
});

Deno.test("what is shorter than a nonce and a tag is told apart", () => {
  for (const size of [0, 11, 12, 27]) {
    assertEquals(aeadDecrypt(new Uint8Array(size), new Uint8Array(32)), err("too_short"));
  }
  assertEquals(aeadDecrypt(new Uint8Array(28), new Uint8Array(32)), err("not_authentic"));
});

Deno.test("keys and nonces of wrong length are refused", () => {
  const [key, nonce, text] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array(1)];
  assertCode("bad_length", () => aeadEncrypt(text, key.slice(1), nonce));
  assertCode("bad_length", () => aeadEncrypt(text, key, new Uint8Array(24)));
  assertCode("bad_length", () => aeadDecrypt(new Uint8Array(40), key.slice(1)));
});

Deno.test("a password key depends on password and salt; a salt below 8 bytes is refused", () => {
  const keys = [["a", "saltsalt"], ["b", "saltsalt"], ["a", "saltsalT"]] as const;
  assertEquals(new Set(keys.map(([password, salt]) => toHex(passwordKey(password, salt)))).size, 3);
  assertCode("bad_salt", () => passwordKey("a", "1234567"));
});
