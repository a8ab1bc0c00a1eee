import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../bytes.ts";
import {
  addPublicKeys,
  ecdh,
  isPublicKey,
  isSecretKey,
  isXOnlyKey,
  multiplyPublicKey,
  multiplySecretKey,
  publicKeyOf,
  tweakPublicKey,
  tweakSecretKey,
  xOnlyOf,
} from "./secp.ts";
import { nobleSecp } from "./secp/noble.ts";
import { fastestSecp, readySecp } from "./secp/fastest.ts";
import { assertCode, flipBit, seededBytes } from "./testing/mod.ts";
import { testsNeeding } from "../testing/permissions.ts";

const onMachine = testsNeeding("read");
await readySecp();

const ORDER = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
const ORDER_MINUS_ONE = fromHex("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140");
const ZERO = new Uint8Array(32);
const ONE = Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 1 : 0);
const GENERATOR = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
/** x = 5: x³ + 7 has no square root. */
const NOT_ON_CURVE = Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 5 : 0);

onMachine("both secp256k1 backends compute the same keys, sums and products", () => {
  const random = seededBytes(1);
  for (let i = 0; i < 50; i++) {
    const [a, b] = [random(32), random(32)];
    const [p, q] = [fastestSecp.publicKeyOf(a), fastestSecp.publicKeyOf(b)];
    assertEquals(nobleSecp.publicKeyOf(a), p);
    assertEquals(nobleSecp.addGenerator(p, b), fastestSecp.addGenerator(p, b));
    assertEquals(nobleSecp.add(p, q), fastestSecp.add(p, q));
    assertEquals(nobleSecp.multiply(p, b), fastestSecp.multiply(p, b));
    const broken = flipBit(p, 8 * (i % 33) + 3);
    assertEquals(nobleSecp.isPublicKey(broken), fastestSecp.isPublicKey(broken));
  }
});

onMachine("both secp256k1 backends give null for a sum that is infinity, and keep a point plus zero", () => {
  for (const backend of [nobleSecp, fastestSecp]) {
    const p = backend.publicKeyOf(ONE), minusP = backend.publicKeyOf(ORDER_MINUS_ONE);
    assertEquals(backend.add(p, minusP), null);
    assertEquals(backend.addGenerator(minusP, ONE), null);
    assertEquals(backend.addGenerator(p, ZERO), p);
  }
});

Deno.test("secret keys are the numbers from 1 to order - 1 in 32 bytes", () => {
  assertEquals([ONE, ORDER_MINUS_ONE].map(isSecretKey), [true, true]);
  assertEquals([ZERO, ORDER, new Uint8Array(32).fill(255), new Uint8Array(31)].map(isSecretKey), [
    false,
    false,
    false,
    false,
  ]);
  assertEquals(toHex(publicKeyOf(ONE)), GENERATOR);
  assertCode("bad_scalar", () => publicKeyOf(ZERO));
  assertCode("bad_scalar", () => publicKeyOf(ORDER));
  assertCode("bad_length", () => publicKeyOf(new Uint8Array(33)));
});

Deno.test("public keys are compressed points of the curve and nothing else", () => {
  const key = fromHex(GENERATOR);
  assertEquals(isPublicKey(key), true);
  const bad = [
    key.slice(1),
    Uint8Array.of(...key, 0),
    Uint8Array.of(4, ...key.slice(1)),
    Uint8Array.of(0, ...key.slice(1)),
    Uint8Array.of(2, ...NOT_ON_CURVE),
    Uint8Array.of(2, ...new Uint8Array(32).fill(255)), // x above the field's prime
    new Uint8Array(33),
    new Uint8Array(0),
  ];
  assertEquals(bad.map(isPublicKey), bad.map(() => false));
  assertCode("bad_point", () => xOnlyOf(Uint8Array.of(2, ...NOT_ON_CURVE)));
  assertCode("bad_length", () => xOnlyOf(key.slice(1)));
});

Deno.test("x-only keys are those of points", () => {
  const random = seededBytes(2);
  for (let i = 0; i < 20; i++) assertEquals(isXOnlyKey(xOnlyOf(publicKeyOf(random(32)))), true);
  assertEquals(isXOnlyKey(NOT_ON_CURVE), false);
  assertEquals(isXOnlyKey(new Uint8Array(33)), false);
});

Deno.test("a tweaked secret key belongs to the tweaked public key", () => {
  const random = seededBytes(3);
  for (let i = 0; i < 20; i++) {
    const [secret, tweak] = [random(32), random(32)];
    assertEquals(publicKeyOf(tweakSecretKey(secret, tweak)), tweakPublicKey(publicKeyOf(secret), tweak));
    assertEquals(addPublicKeys(publicKeyOf(secret), publicKeyOf(tweak)), publicKeyOf(tweakSecretKey(secret, tweak)));
  }
});

Deno.test("tweaks out of range and results at infinity are refused", () => {
  const key = publicKeyOf(ONE);
  assertEquals(tweakPublicKey(key, ZERO), key);
  assertCode("infinity", () => tweakPublicKey(key, ORDER_MINUS_ONE));
  assertCode("infinity", () => tweakSecretKey(ONE, ORDER_MINUS_ONE));
  assertCode("infinity", () => addPublicKeys(key, publicKeyOf(ORDER_MINUS_ONE)));
  assertCode("bad_scalar", () => tweakPublicKey(key, ORDER));
  assertCode("bad_scalar", () => tweakSecretKey(ONE, ORDER));
  assertCode("bad_length", () => tweakPublicKey(key, new Uint8Array(31)));
  assertCode("bad_point", () => tweakPublicKey(Uint8Array.of(2, ...NOT_ON_CURVE), ONE));
});

Deno.test("both sides of a key agreement get the same secret", () => {
  const random = seededBytes(4);
  for (let i = 0; i < 10; i++) {
    const [a, b] = [random(32), random(32)];
    assertEquals(ecdh(a, publicKeyOf(b)), ecdh(b, publicKeyOf(a)));
  }
  assertCode("bad_scalar", () => ecdh(ZERO, fromHex(GENERATOR)));
  assertCode("bad_point", () => ecdh(ONE, Uint8Array.of(3, ...NOT_ON_CURVE)));
});

Deno.test("t·P is the public key of s · t, and neither takes what is no scalar", () => {
  const random = seededBytes(9);
  for (let i = 0; i < 20; i++) {
    const [s, t] = [random(32), random(32)];
    assertEquals(publicKeyOf(multiplySecretKey(s, t)), multiplyPublicKey(publicKeyOf(s), t));
  }
  assertEquals(toHex(multiplySecretKey(ORDER_MINUS_ONE, ORDER_MINUS_ONE)), toHex(ONE));
  for (const bad of [ZERO, ORDER]) {
    assertCode("bad_scalar", () => multiplySecretKey(ONE, bad));
    assertCode("bad_scalar", () => multiplyPublicKey(fromHex(GENERATOR), bad));
  }
});
