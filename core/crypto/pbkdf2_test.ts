import { pbkdf2 } from "@noble/hashes/pbkdf2.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { toHex, utf8 } from "../bytes.ts";
import { pbkdf2Sha512 } from "./pbkdf2.ts";

/** From the errata of RFC 6070's vectors for SHA-512, as libraries test themselves by. */
const VECTORS = [
  [
    "password",
    "salt",
    1,
    "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252" +
    "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce",
  ],
  [
    "password",
    "salt",
    4_096,
    "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5" +
    "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5",
  ],
] as const;

Deno.test("known passwords derive what they derive everywhere", () => {
  for (const [password, salt, rounds, derived] of VECTORS) {
    assertEquals(toHex(pbkdf2Sha512(utf8(password), utf8(salt), rounds)), derived);
  }
});

Deno.test("any password, shorter and longer than a block, derives what noble derives", () => {
  const password = fc.uint8Array({ maxLength: 300 }), salt = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(password, salt, fc.integer({ min: 1, max: 40 }), (password, salt, rounds) => {
      assertEquals(pbkdf2Sha512(password, salt, rounds), pbkdf2(sha512, password, salt, { c: rounds, dkLen: 64 }));
    }),
    { numRuns: 60 },
  );
  for (const length of [0, 127, 128, 129]) {
    const long = new Uint8Array(length).fill(0xa5);
    assertEquals(pbkdf2Sha512(long, long, 3), pbkdf2(sha512, long, long, { c: 3, dkLen: 64 }));
  }
});

Deno.test("there are no fewer rounds than one", () => {
  for (const rounds of [0, -1, 1.5]) assertThrows(() => pbkdf2Sha512(utf8("a"), utf8("b"), rounds));
});
