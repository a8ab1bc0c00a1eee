import { assertEquals, assertThrows } from "@std/assert";
import { bls, ORDER, scalarFromBigInt } from "../crypto/bls/mod.ts";
import type { Codec } from "../encoding/mod.ts";
import { decode, DecodeError, decodeHex, encode, encodeHex } from "../encoding/mod.ts";
import { blsScalar, g1Point, g2Point, secretScalar } from "./bls.ts";

function refused<T>(codec: Codec<T>, hex: string): void {
  for (const attempt of [() => decodeHex(codec, hex), () => codec.fromJson(hex)]) {
    const error = assertThrows(attempt, DecodeError);
    assertEquals(["invalid", "end_of_input", "bad_json"].includes(error.code), true);
  }
}

Deno.test("points of both groups survive bytes and JSON, infinity included", () => {
  for (const point of [bls.g1.generator, bls.g1.infinity]) {
    assertEquals(decode(g1Point, encode(g1Point, point)), point);
    assertEquals(g1Point.fromJson(encodeHex(g1Point, point)), point);
  }
  for (const point of [bls.g2.generator, bls.g2.infinity]) {
    assertEquals(decode(g2Point, encode(g2Point, point)), point);
    assertEquals(g2Point.fromJson(encodeHex(g2Point, point)), point);
  }
});

Deno.test("bytes that are not the one encoding of a point of the group do not decode", () => {
  const zeros = (count: number) => "00".repeat(count);
  // stray bit at infinity · not compressed · x ≥ p · on the curve, outside the group · cut
  for (const hex of [`e0${zeros(47)}`, zeros(48), `9f${"ff".repeat(47)}`, `80${zeros(46)}04`, `c0${zeros(46)}`]) {
    refused(g1Point, hex);
  }
  for (const hex of [`e0${zeros(95)}`, zeros(96), `9f${"ff".repeat(95)}`, `80${zeros(94)}02`, `c0${zeros(94)}`]) {
    refused(g2Point, hex);
  }
});

Deno.test("scalars are below the order; a secret one does not show itself", () => {
  const top = scalarFromBigInt(ORDER - 1n);
  assertEquals(decode(blsScalar, encode(blsScalar, top)), top);
  const hex = encodeHex(blsScalar, top);
  const orderHex = `01${hex.slice(2)}`;
  for (const codec of [blsScalar, secretScalar] as const) refused<unknown>(codec as Codec<unknown>, orderHex);
  const secret = secretScalar.fromJson(hex);
  assertEquals(secretScalar.toJson(secret), hex);
  assertEquals(`${secret} ${JSON.stringify({ secret })} ${Deno.inspect({ secret })}`.includes(hex.slice(0, 8)), false);
});
