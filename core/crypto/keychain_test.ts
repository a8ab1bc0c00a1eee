import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../bytes.ts";
import { alephHash, keychainDigest, keychainSign, keychainTag, keychainVerifier } from "./keychain.ts";
import { publicKeyOf } from "./secp.ts";
import { assertCode, seededBytes } from "./testing/mod.ts";

const GENERATOR = fromHex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798");

Deno.test("the tag and the digest of a unit are those of the protocol's worked example", () => {
  const tag = keychainTag([GENERATOR]);
  assertEquals(toHex(tag), "217e4f9118cf52de17a310dee21990e34d433248a00057a897b87f5a9cbcf47b");
  const unit = fromHex("d5fe0220fd20c00d503788e33a71a71013d3892a642055e71d3a75ebf87c61c3");
  assertEquals(toHex(keychainDigest(tag, unit)), "85de2220c8d16823b971cf5216db0527e3e084667604103045574e41653fbaf2");
});

Deno.test("AlephBFT's hash covers the length", () => {
  assertEquals(toHex(alephHash(new Uint8Array(0))), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  assertEquals(
    toHex(alephHash(fromHex("1000000000"))),
    "ef82132bdf90777115c2a17ba81b1f9ed1d8ff5dec91456a82cf81ee4f92c6db",
  );
});

Deno.test("a guardian's signature holds for its index, message and federation alone", () => {
  const random = seededBytes(9);
  const secrets = [random(32), random(32), random(32), random(32)];
  const keys = secrets.map(publicKeyOf), tag = keychainTag(keys), message = random(40);
  const signature = keychainSign(tag, message, secrets[2]!, random(32));
  const verify = keychainVerifier(tag, keys);
  assertEquals([0, 1, 2, 3].map((peer) => verify(peer, message, signature)), [false, false, true, false]);
  assertEquals(verify(2, random(40), signature), false);
  assertEquals(keychainVerifier(keychainTag(keys.slice(1)), keys)(2, message, signature), false);
});

Deno.test("an index that is no guardian's verifies nothing and doesn't throw", () => {
  const tag = keychainTag([GENERATOR]);
  for (const peer of [1, -1, 2 ** 32, 2n ** 64n - 1n]) {
    assertEquals(keychainVerifier(tag, [GENERATOR])(peer, new Uint8Array(1), new Uint8Array(64)), false);
  }
});

Deno.test("a tag needs valid keys", () => {
  assertCode("bad_point", () => keychainTag([new Uint8Array(33)]));
  assertCode("bad_length", () => keychainTag([GENERATOR.slice(1)]));
});
