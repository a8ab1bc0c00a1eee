import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { fromHex, toHex } from "../../../../core/bytes.ts";
import { addPublicKeys, publicKeyOf } from "../../../../core/crypto/mod.ts";
import { BatchAdder, newPoints, setPoint, writePoint } from "./batch.ts";
import type { Points } from "./batch.ts";
import { Field } from "./field.ts";
import { Multiples, SCALAR_BYTES } from "./multiples.ts";

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const BATCH = 64;

function whole<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const field = new Field();
const multiples = whole(Multiples.build(field, BATCH));

function scalarOf(value: bigint): Bytes {
  return fromHex(value.toString(16).padStart(64, "0"));
}

function compressed(points: Points, index: number): string {
  const view = new DataView(new ArrayBuffer(33));
  writePoint(field, points, index, view, 0);
  return toHex(new Uint8Array(view.buffer));
}

function multiplesOf(scalars: readonly bigint[]): string[] {
  const bytes = new Uint8Array(scalars.length * SCALAR_BYTES), points = newPoints(field, BATCH);
  scalars.forEach((scalar, i) => bytes.set(scalarOf(scalar), i * SCALAR_BYTES));
  whole(multiples.of(bytes, points));
  return scalars.map((_, i) => compressed(points, i));
}

Deno.test("multiples of a batch are the public keys of its scalars, the smallest and the largest too", () => {
  const powers = Array.from({ length: 256 }, (_, bit) => 1n << BigInt(bit)).filter((power) => power < ORDER);
  const edges = [1n, 2n, 3n, 4_095n, 4_096n, ORDER - 1n, ORDER - 2n, (ORDER + 1n) / 2n];
  for (
    const scalars of [edges, powers.slice(0, 64), powers.slice(64, 128), powers.slice(128, 192), powers.slice(192)]
  ) {
    assertEquals(multiplesOf(scalars), scalars.map((scalar) => toHex(publicKeyOf(scalarOf(scalar)))));
  }
  fc.assert(
    fc.property(fc.array(fc.bigInt(1n, ORDER - 1n), { minLength: 1, maxLength: BATCH }), (scalars) => {
      assertEquals(multiplesOf(scalars), scalars.map((scalar) => toHex(publicKeyOf(scalarOf(scalar)))));
    }),
    { numRuns: 20 },
  );
});

Deno.test("points of a batch are added pair by pair, into a list of their own or into the second of the two", () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.bigInt(1n, ORDER / 2n), { minLength: 2, maxLength: 20 }), (scalars) => {
      const keys = scalars.map((scalar) => publicKeyOf(scalarOf(scalar)));
      const pairs = Math.floor(keys.length / 2);
      const left = newPoints(field, pairs), right = newPoints(field, pairs), sum = newPoints(field, pairs);
      for (let i = 0; i < pairs; i++) {
        setPoint(field, left, i, keys[2 * i]!);
        setPoint(field, right, i, keys[2 * i + 1]!);
        assertEquals(compressed(left, i), toHex(keys[2 * i]!));
      }
      const adder = new BatchAdder(field, pairs);
      adder.add(pairs, left, right, sum);
      adder.add(pairs, left, right, right);
      for (let i = 0; i < pairs; i++) {
        const expected = toHex(addPublicKeys(keys[2 * i]!, keys[2 * i + 1]!));
        assertEquals([compressed(sum, i), compressed(right, i)], [expected, expected]);
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("a batch with equal or opposite points, or one that is too large, is a bug and stops", () => {
  const adder = new BatchAdder(field, 2), a = newPoints(field, 3), b = newPoints(field, 3), sum = newPoints(field, 3);
  const key = publicKeyOf(scalarOf(5n));
  setPoint(field, a, 0, key);
  setPoint(field, b, 0, key);
  assertThrows(() => adder.add(1, a, b, sum), InvariantError, "differ in x");
  setPoint(field, b, 0, Uint8Array.of(key[0]! ^ 1, ...key.subarray(1)));
  assertThrows(() => adder.add(1, a, b, sum), InvariantError, "differ in x");
  assertThrows(() => adder.add(3, a, b, sum), InvariantError, "fits");
  assertThrows(() => adder.add(1, a, b, a), InvariantError, "first addends");
});
