import { assertEquals, assertThrows } from "@std/assert";
import { base32nopad } from "@scure/base";
import { fromHex, toHex } from "../bytes.ts";
import type { AnyCodec } from "../encoding/mod.ts";
import { decode, decodeAgain, DecodeError, decodeHex, encodeHex } from "../encoding/mod.ts";
import {
  ecdsaSignature,
  irohPublicKey,
  irohPublicKeyOf,
  keypair,
  publicKey,
  publicKeyId,
  secretKey,
  xOnlyPublicKey,
} from "./keys.ts";

const G = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
const ORDER = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
const ZERO = "00".repeat(32);

function assertRefused(codec: AnyCodec, hex: string): void {
  assertThrows(() => decodeHex(codec, hex), DecodeError);
}

Deno.test("a key that was decoded before isn't checked anew, and is the same one", () => {
  for (const codec of [publicKey, publicKeyId] as const) {
    assertEquals<unknown>(decodeAgain<unknown>(codec, fromHex(G)), decode<unknown>(codec, fromHex(G)));
    // what nobody can have decoded shows that nothing is computed
    const bad = fromHex(`02${ZERO.slice(0, -2)}05`);
    decodeAgain<unknown>(codec, bad);
    assertThrows(() => decode<unknown>(codec, bad), DecodeError);
  }
});

Deno.test("only points of the curve are public keys", () => {
  assertEquals(toHex(decodeHex(publicKey, G)), G);
  assertEquals(decodeHex(publicKeyId, G), G);
  for (const codec of [publicKey, publicKeyId]) {
    for (
      const bad of [
        `04${G.slice(2)}`,
        `00${G.slice(2)}`,
        `02${"ff".repeat(32)}`,
        `02${ZERO.slice(0, -2)}05`,
        G.slice(2),
      ]
    ) {
      assertRefused(codec, bad);
      assertThrows(() => codec.fromJson(bad), DecodeError);
    }
  }
  assertEquals(toHex(decodeHex(xOnlyPublicKey, G.slice(2))), G.slice(2));
  assertRefused(xOnlyPublicKey, `${ZERO.slice(0, -2)}05`);
});

Deno.test("only numbers from 1 to the order less 1 are secret keys", () => {
  const largest = `${ORDER.slice(0, -1)}0`;
  for (const codec of [secretKey, keypair]) {
    assertEquals(toHex(decodeHex(codec, largest)), largest);
    for (const bad of [ZERO, ORDER, "ff".repeat(32)]) assertRefused(codec, bad);
  }
});

Deno.test("an ECDSA signature is compact on the wire and DER in JSON", () => {
  const hex = "01".repeat(32) + "82".repeat(32);
  const signature = decodeHex(ecdsaSignature, hex);
  assertEquals(ecdsaSignature.toJson(signature), `30450220${"01".repeat(32)}022100${"82".repeat(32)}`);
  assertEquals(encodeHex(ecdsaSignature, ecdsaSignature.fromJson(ecdsaSignature.toJson(signature))), hex);
  assertRefused(ecdsaSignature, ORDER + ZERO);
  assertRefused(ecdsaSignature, ZERO + ORDER);
  for (const bad of ["", "00", "3006020101020101ff", 7]) assertThrows(() => ecdsaSignature.fromJson(bad), DecodeError);
});

Deno.test("an iroh key is a point of Ed25519, in hex or base32", () => {
  const bytes = irohPublicKeyOf(new Uint8Array(32).fill(7));
  const key = toHex(bytes);
  assertEquals(decodeHex(irohPublicKey, key), bytes);
  const base32 = base32nopad.encode(bytes);
  for (const text of [key, key.toUpperCase(), base32, base32.toLowerCase()]) {
    assertEquals(irohPublicKey.fromJson(text), bytes);
  }
  assertRefused(irohPublicKey, `02${"00".repeat(31)}`);
  for (const bad of ["", key.slice(2), "!", 5, "aaaa"]) assertThrows(() => irohPublicKey.fromJson(bad), DecodeError);
});
