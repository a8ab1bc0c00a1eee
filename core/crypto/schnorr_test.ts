import { assertEquals } from "@std/assert";
import { fromHex, toHex } from "../bytes.ts";
import { publicKeyOf } from "./secp.ts";
import { schnorrSign, schnorrVerify } from "./schnorr.ts";
import { nobleSecp } from "./secp/noble.ts";
import { fastestSecp, readySecp } from "./secp/fastest.ts";
import { assertCode, flipBit, seededBytes } from "./testing/mod.ts";
import { testsNeeding } from "../testing/permissions.ts";

const onMachine = testsNeeding("read");
await readySecp();

onMachine("BIP340's own test vectors hold: index 0 and 1 sign, 5 to 14 are refused", () => {
  const zero = new Uint8Array(32), three = Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 3 : 0);
  assertEquals(
    toHex(schnorrSign(zero, three, zero)),
    "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
  );
  const digest = fromHex("243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89");
  const key = "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659";
  const secret = fromHex("b7e151628aed2a6abf7158809cf4f3c762e7160f38b4da56a784d9045190cfef");
  const aux = Uint8Array.from({ length: 32 }, (_, i) => i === 31 ? 1 : 0);
  const good =
    "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a";
  assertEquals(toHex(schnorrSign(digest, secret, aux)), good);
  const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
  const prime = "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f";
  const refused: [key: string, signature: string][] = [
    [
      "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
      "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e17776969e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
    ], // not on the curve
    [
      key,
      "fff97bd5755eeea420453a14355235d382f6472f8568a18b2f057a14602975563cc27944640ac607cd107ae10923d9ef7a73c643e166be5ebeafa34b1ac553e2",
    ], // R has an odd y
    [
      key,
      "1fa62e331edbc21c394792d2ab1100a7b432b013df3f6ff4f99fcb33e0e1515f28890b3edb6e7189b630448b515ce4f8622a954cfe545735aaea5134fccdb2bd",
    ], // message negated
    [
      key,
      "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769961764b3aa9b2ffcb6ef947b6887a226e8d7c93e00c5ed0c1834ff0d0c2e6da6",
    ], // s negated
    [key, `${"00".repeat(32)}123dda8328af9c23a94c1feecfd123ba4fb73476f0d594dcb65c6425bd186051`], // R at infinity
    // R at infinity, x = 1
    [key, `${"00".repeat(31)}017615fbaf5ae28864013c099742deadb4dba87f11ac6754f93780d5a1837cf197`],
    [
      key,
      "4a298dacae57395a15d0795ddbfd1dcb564da82b0f269bc70a74f8220429ba1d69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
    ], // r is no x of the curve
    [key, `${prime}69e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b`], // r = p
    [key, `6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e177769${order}`], // s = order
    [
      "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
      "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e17776969e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
    ], // key above p
  ];
  for (const backend of [nobleSecp, fastestSecp]) {
    assertEquals(backend.schnorrVerify(fromHex(good), digest, fromHex(key)), true);
    for (const [xOnly, signature] of refused) {
      assertEquals(backend.schnorrVerify(fromHex(signature), digest, fromHex(xOnly)), false, signature);
    }
  }
});

onMachine("both backends make and accept the same Schnorr signatures, and neither accepts a changed one", () => {
  const random = seededBytes(5);
  for (let i = 0; i < 30; i++) {
    const [secret, digest, aux] = [random(32), random(32), random(32)];
    const key = publicKeyOf(secret);
    const signature = schnorrSign(digest, secret, aux);
    assertEquals(nobleSecp.schnorrSign(digest, secret, aux), signature);
    assertEquals(schnorrVerify(signature, digest, key), true);
    assertEquals(schnorrVerify(signature, digest, key.slice(1)), true);
    assertEquals(nobleSecp.schnorrVerify(signature, digest, key.slice(1)), true);
    const changed = flipBit(signature, (i * 17) % 512);
    assertEquals(schnorrVerify(changed, digest, key), false);
    assertEquals(nobleSecp.schnorrVerify(changed, digest, key.slice(1)), false);
    assertEquals(schnorrVerify(signature, flipBit(digest, i), key), false);
  }
});

Deno.test("Schnorr verification is false, and never throws, for arguments of any shape", () => {
  const random = seededBytes(6);
  const secret = random(32), digest = random(32);
  const key = publicKeyOf(secret), signature = schnorrSign(digest, secret, random(32));
  const other = Uint8Array.of(key[0] === 2 ? 3 : 2, ...key.slice(1));
  assertEquals(schnorrVerify(signature, digest, other), true, "the parity of a 33-byte key doesn't matter");
  assertEquals(schnorrVerify(signature, digest, Uint8Array.of(4, ...key.slice(1))), false);
  for (const size of [0, 31, 32, 33, 63, 65]) {
    assertEquals(schnorrVerify(new Uint8Array(size), digest, key), false);
    if (size !== 32) assertEquals(schnorrVerify(signature, new Uint8Array(size), key), false);
    assertEquals(schnorrVerify(signature, digest, new Uint8Array(size)), false);
    assertEquals(schnorrVerify(signature, digest, new Uint8Array(size).fill(255)), false);
  }
  assertEquals(schnorrVerify(new Uint8Array(64), digest, key), false);
  assertEquals(schnorrVerify(new Uint8Array(64).fill(255), digest, key), false);
});

Deno.test("Schnorr signing refuses what is no key and wrong lengths", () => {
  const good = new Uint8Array(32).fill(1);
  assertCode("bad_scalar", () => schnorrSign(good, new Uint8Array(32), good));
  assertCode("bad_length", () => schnorrSign(good.slice(1), good, good));
  assertCode("bad_length", () => schnorrSign(good, good.slice(1), good));
  assertCode("bad_length", () => schnorrSign(good, good, good.slice(1)));
});
