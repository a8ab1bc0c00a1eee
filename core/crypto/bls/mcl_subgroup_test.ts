import { assert, assertEquals } from "@std/assert";
import { bls12_381 } from "@noble/curves/bls12-381.js";
import type { Bytes } from "../../bytes.ts";
import { fromHex, toHex } from "../../bytes.ts";
import { seededBytes } from "../testing/mod.ts";
import { ORDER, scalarFromWide } from "./mod.ts";
import { everyBls, mcl, noble } from "./testing/backends.ts";

const { Point } = bls12_381.G1;
type Point = InstanceType<typeof Point>;
const { Fp } = bls12_381.fields;
const fast = everyBls.filter((bls) => bls !== noble);

/** (x − 1)²/3 for the curve's parameter x. */
const COFACTOR = 0x396c8c005555e1568c00aaab0000aaabn;
/** Its prime factors, all but the first twice. */
const SMALL_PRIMES = [3n, 11n, 10_177n, 859_267n, 52_437_899n];

/** By doubling and adding: noble multiplies by numbers below the order alone. */
function times(point: Point, factor: bigint): Point {
  let sum = Point.ZERO;
  for (const bit of factor.toString(2)) {
    sum = sum.double();
    if (bit === "1") sum = sum.add(point);
  }
  return sum;
}

/** Compressed without the group check of noble's own encoding. */
function compressed(point: Point): Bytes {
  const { x, y } = point.toAffine();
  const flags = y > Fp.ORDER / 2n ? 5n : 4n;
  return fromHex(((flags << 381n) | x).toString(16).padStart(96, "0"));
}

/** Some point of the curve, nearly always outside the group. */
function anyPoint(random: (size: number) => Bytes): Point {
  for (;;) {
    const x = Fp.create(BigInt(`0x${toHex(random(48))}`)), square = Fp.add(Fp.mul(Fp.sqr(x), x), 4n);
    const y = Fp.pow(square, (Fp.ORDER + 1n) / 4n);
    if (Fp.eql(Fp.sqr(y), square)) return Point.fromAffine({ x, y });
  }
}

function member(random: (size: number) => Bytes): Bytes {
  return mcl.g1.multiply(mcl.g1.generator, scalarFromWide(random(64)));
}

/** A point of order p for each prime p of the cofactor, and one whose order is all of them. */
function torsion(random: (size: number) => Bytes): Point[] {
  const points = SMALL_PRIMES.map((prime) => {
    for (;;) {
      const power = prime === 3n ? prime : prime * prime;
      let point = times(anyPoint(random), ORDER * (COFACTOR / power));
      if (point.is0()) continue;
      while (!times(point, prime).is0()) point = times(point, prime);
      return point;
    }
  });
  return [...points, points.reduce((sum, point) => sum.add(point))];
}

/** Which of the encodings are accepted, as a row of digits. */
function accepted(points: readonly (Bytes | null)[]): string {
  return points.map((point) => point === null ? "0" : "1").join("");
}

Deno.test("points of every small order, alone and added to a point of the group, are refused in any company", () => {
  const random = seededBytes(1);
  const strays = torsion(random);
  for (const stray of strays) assert(!stray.is0() && times(stray, COFACTOR).is0(), "it is torsion of the cofactor");
  const mixed = strays.map((stray) => Point.fromBytes(member(random)).add(stray));
  const list = [...strays, ...mixed, ...strays.map((stray) => stray.negate())].map(compressed)
    .flatMap((bytes) => [member(random), bytes]);
  const expected = "10".repeat(list.length / 2);
  for (const bls of fast) {
    assertEquals(accepted(bls.g1.decodeMany(list.map((bytes) => Uint8Array.from(bytes)))), expected);
  }
  assertEquals(accepted(noble.g1.decodeMany(list)), expected);
  // one by one, and in pairs, mcl's own check is used: the same verdicts
  for (const [i, bytes] of list.entries()) {
    assertEquals(accepted(mcl.g1.decodeMany([Uint8Array.from(bytes)])), expected[i]);
    assertEquals(
      accepted(mcl.g1.decodeMany([bytes, bytes, bytes, bytes].map((copy) => Uint8Array.from(copy)))),
      expected[i]!.repeat(4),
    );
  }
});

Deno.test("random points of the curve are refused and points of the group accepted, for every length of list", () => {
  const random = seededBytes(2);
  for (const length of [0, 1, 2, 3, 4, 5, 64, 600]) {
    const outside = compressed(anyPoint(random));
    const list = Array.from(
      { length },
      (_, i) => i % 7 === 3 ? Uint8Array.from(outside) : Uint8Array.from(member(random)),
    );
    for (const bls of fast) {
      const points = bls.g1.decodeMany(list.map((bytes) => Uint8Array.from(bytes)));
      assertEquals(accepted(points), list.map((_, i) => i % 7 === 3 ? "0" : "1").join(""));
      points.forEach((point, i) => point && assertEquals(toHex(point), toHex(list[i]!)));
    }
  }
});

Deno.test("what is malformed, infinity, and what was decoded before keep their places in a list", () => {
  const random = seededBytes(3), known = mcl.g1.decode(member(random));
  const list = [
    new Uint8Array(48),
    known,
    member(random),
    mcl.g1.infinity.slice(),
    new Uint8Array(0),
    known.slice(),
    member(random),
  ];
  const points = mcl.g1.decodeMany(list);
  assertEquals(accepted(points), "0111011");
  assertEquals(points[1], known);
  assertEquals(points[3], mcl.g1.infinity);
  assertEquals(points[5], known);
});

Deno.test("lists of G2 points are decoded too", () => {
  const random = seededBytes(4);
  const point = mcl.g2.multiply(mcl.g2.generator, scalarFromWide(random(64)));
  for (const bls of everyBls) {
    assertEquals(bls.g2.decodeMany([point.slice(), new Uint8Array(96), bls.g2.infinity.slice()]), [
      point,
      null,
      bls.g2.infinity,
    ]);
  }
});

Deno.test("what is computed from points decoded together is what one by one gives", () => {
  const random = seededBytes(5), list = Array.from({ length: 9 }, () => Uint8Array.from(member(random)));
  const together = mcl.g1.add(...mcl.g1.decodeMany(list).map((point) => point!));
  assertEquals(together, mcl.g1.add(...list.map((bytes) => mcl.g1.decode(bytes))));
});
