import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InvariantError } from "../../../assert.ts";
import type { Bytes } from "../../../bytes.ts";
import { fromHex, toHex } from "../../../bytes.ts";
import { nobleSecp } from "../noble.ts";
import { testForms } from "../testing/forms.ts";
import type { FieldForm } from "../wide/form.ts";
import { NARROW } from "../wide/form.ts";
import { ORDER } from "../wide/limbs.ts";
import { KEY_BYTES, KEY_STEP } from "./compressed_code.ts";
import { PointMachine } from "./machine.ts";
import { Multiples } from "./multiples.ts";
import { MULTIPLES, PREPARED_BYTES, SCALAR_BYTES, WINDOW_BITS } from "./multiples_code.ts";
import { sumsMax } from "./sums_code.ts";

const BATCH = 64;
const scalar = fc.bigInt(1n, ORDER - 1n);

function whole<T>(steps: Generator<void, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const bytesOf = (value: bigint): Bytes => fromHex(value.toString(16).padStart(64, "0"));
const keyOf = (value: bigint): Bytes => nobleSecp.publicKeyOf(bytesOf(value));

function setUp(form: FieldForm) {
  const machine = new PointMachine(form), key = machine.reserve(KEY_BYTES);
  const room = (count: number) => machine.reserve(count * machine.pointBytes);
  const compressed = (points: number, index: number): string => {
    machine.run.compressed(key, points + index * machine.pointBytes);
    return toHex(machine.bytes.slice(key, key + KEY_BYTES));
  };
  return { machine, room, compressed };
}

testForms("multiples are the public keys of their scalars, the smallest and the largest too", (form) => {
  const { machine, room, compressed } = setUp(form);
  const multiples = whole(Multiples.build(machine, BATCH)), products = room(BATCH);
  const scalars = machine.reserve(BATCH * PREPARED_BYTES);
  const check = (values: readonly bigint[]): void => {
    for (const [i, value] of values.entries()) {
      const at = scalars + i * PREPARED_BYTES;
      machine.bytes.set(bytesOf(value).reverse(), at);
      machine.bytes.fill(0xff, at + SCALAR_BYTES, at + PREPARED_BYTES);
    }
    whole(multiples.of(scalars, values.length, products));
    assertEquals(values.map((_, i) => compressed(products, i)), values.map((value) => toHex(keyOf(value))));
  };
  const powers = Array.from({ length: 256 }, (_, bit) => 1n << BigInt(bit)).filter((power) => power < ORDER);
  for (let i = 0; i < 256; i += BATCH) check(powers.slice(i, i + BATCH));
  const edges = [1n, 2n, 3n, BigInt(MULTIPLES), 1n << BigInt(WINDOW_BITS), (ORDER + 1n) / 2n, (ORDER - 1n) / 2n];
  check([...edges, ...edges.map((edge) => ORDER - edge), ...edges.map((edge) => edge * 0x123456789n % ORDER)]);
  fc.assert(fc.property(fc.array(scalar, { minLength: 1, maxLength: BATCH }), check), { numRuns: 20 });
});

testForms("points are added pair by pair, into others or in their place; one that is given once, to all", (form) => {
  const { machine, room, compressed } = setUp(form), { pointBytes } = machine;
  const left = room(10), right = room(10), sums = room(10), scratch = room(10);
  const add = (a: bigint, b: bigint): string => toHex(nobleSecp.add(keyOf(a), keyOf(b))!);
  fc.assert(
    fc.property(fc.uniqueArray(fc.bigInt(1n, ORDER / 2n), { minLength: 2, maxLength: 20 }), (values) => {
      const count = Math.floor(values.length / 2), a = values.slice(0, count), b = values.slice(count, 2 * count);
      for (let i = 0; i < count; i++) {
        machine.writeKey(left + i * pointBytes, keyOf(a[i]!));
        machine.writeKey(right + i * pointBytes, keyOf(b[i]!));
      }
      machine.add({ at: left, step: 0 }, right, sums, scratch, count);
      assertEquals(b.map((_, i) => compressed(sums, i)), b.map((value) => add(a[0]!, value)));
      machine.add({ at: left, step: pointBytes }, right, right, scratch, count);
      assertEquals(b.map((_, i) => compressed(right, i)), b.map((value, i) => add(a[i]!, value)));
    }),
    { numRuns: 30 },
  );
});

testForms("as many sums in a row as there may be give the right point, and one is doubled", (form) => {
  const { machine, room, compressed } = setUp(form), point = room(1), addends = room(1), scratch = room(1);
  machine.writeKey(point, keyOf(7n));
  let value = 7n;
  for (let i = 0; i < Math.min(sumsMax(form), 100); i++) {
    const addend = 1_000n * BigInt(i + 1);
    machine.writeKey(addends, keyOf(addend));
    machine.add({ at: addends, step: 0 }, point, point, scratch, 1);
    value += addend;
  }
  assertEquals(compressed(point, 0), toHex(keyOf(value)));
  machine.run.normals(point, 2);
  for (let i = 0; i < 10; i++) machine.run.twice(point, point);
  assertEquals(compressed(point, 0), toHex(keyOf(value << 10n)));
});

testForms("a batch with equal or opposite points, or one that is too large, is a bug and stops", (form) => {
  const { machine, room } = setUp(form), { pointBytes } = machine;
  const a = room(3), b = room(3), sums = room(3), scratch = room(3);
  for (const i of [0, 1, 2]) {
    machine.writeKey(a + i * pointBytes, keyOf(5n));
    machine.writeKey(b + i * pointBytes, keyOf(BigInt(i + 6)));
  }
  const add = () => machine.add({ at: a, step: pointBytes }, b, sums, scratch, 3);
  add();
  for (const value of [5n, ORDER - 5n]) {
    machine.writeKey(b + pointBytes, keyOf(value));
    assertThrows(add, InvariantError, "differ in x");
  }
  const multiples = whole(Multiples.build(machine, 2)), scalars = machine.reserve(3 * PREPARED_BYTES);
  assertThrows(() => whole(multiples.of(scalars, 3, sums)), InvariantError, "fits");
  // t = 0: its last two points are opposite
  assertThrows(() => whole(multiples.of(scalars, 1, sums)), InvariantError, "differ in x");
});

testForms("a table tells whether its multiples are right", (form) => {
  const multiples = (of: FieldForm) => whole(Multiples.build(new PointMachine(of), BATCH));
  assert(multiples(form).isSound());
  assert(!multiples({ ...form, fold: form.fold.map((factor) => factor + 1n) }).isSound());
});

Deno.test("keys are sorted as their bytes, whichever byte they differ in, and equal ones stay", () => {
  const { machine } = setUp(NARROW), into = machine.reserve(20 * 34), keys = machine.reserve(20 * KEY_STEP);
  const similar = fc.tuple(fc.nat(KEY_BYTES - 1), fc.nat(255)).map(([at, byte]) => {
    const key = new Uint8Array(KEY_BYTES).fill(0x80);
    key[at] = byte;
    return key;
  });
  const key = fc.oneof(similar, fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES }));
  fc.assert(
    fc.property(fc.array(key, { minLength: 1, maxLength: 20 }), (list) => {
      for (const [i, bytes] of list.entries()) machine.bytes.set(bytes, keys + KEY_STEP * i);
      machine.run.sorted(into, 34, keys, list.length, 0, 0);
      const sorted = list.map((_, i) => toHex(machine.bytes.slice(into + 34 * i, into + 34 * i + KEY_BYTES)));
      assertEquals(sorted, list.map((bytes) => toHex(bytes)).sort());
      assert(machine.run.less(keys, keys) === 0);
    }),
    { numRuns: 300 },
  );
});
