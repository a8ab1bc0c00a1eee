import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { toHex } from "../../../../core/bytes.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { Field, NUMBER_BYTES } from "./field.ts";

const P = (1n << 256n) - (1n << 32n) - 977n;
const EDGES = [0n, 1n, 2n, 977n, (1n << 29n) - 1n, 1n << 232n, (1n << 255n) + 1n, (1n << 32n) + 976n, P - 2n, P - 1n];
const number = fc.oneof(fc.constantFrom(...EDGES), fc.bigInt(0n, P - 1n));
const mod = (value: bigint) => (value % P + P) % P;

const field = new Field();
const [a, b, c, into, other] = Array.from({ length: 5 }, () => field.room(1)) as [
  number,
  number,
  number,
  number,
  number,
];

function give(...values: readonly bigint[]): void {
  for (const [i, value] of values.entries()) field.set([a, b, c][i]!, value);
}

Deno.test("products and differences of the field are those of bigints", () => {
  fc.assert(
    fc.property(number, number, number, (x, y, z) => {
      give(x, y, z);
      assertEquals([a, b, c].map((at) => field.value(at)), [x, y, z]);
      field.mul(a, b, into);
      assertEquals(field.value(into), mod(x * y));
      field.sub(a, b, into);
      assertEquals(field.value(into), mod(x - y));
      field.subTwo(a, b, c, into);
      assertEquals(field.value(into), mod(x - y - z));
      field.diff(a, b, other);
      for (const [left, right] of [[other, c], [c, other]] as const) {
        field.mul(left, right, into);
        assertEquals(field.value(into), mod((x - y) * z));
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("the largest limbs that numbers may have make no product too large", () => {
  // all bits of every limb: normal, and the wide one that is left of it and zero
  for (let i = 0; i < 8; i++) field.limbs[a / 4 + i] = 2 ** 29 - 1;
  field.limbs[a / 4 + 8] = 2 ** 24;
  const value = (1n << 232n) - 1n + (1n << 256n);
  assertEquals(field.value(a), mod(value));
  field.diff(a, field.zero, other);
  for (const left of [a, other]) {
    field.mul(left, a, into);
    assertEquals(field.value(into), mod(value * value));
    field.mul(a, left, into);
    assertEquals(field.value(into), mod(value * value));
  }
  field.subTwo(field.zero, a, a, into);
  assertEquals(field.value(into), mod(-2n * value));
});

Deno.test("a number is read as it is written, and an operation may write where it has read", () => {
  fc.assert(
    fc.property(number, number, (x, y) => {
      give(x, y);
      const bytes = new Uint8Array(34) as Bytes;
      field.write(a, new DataView(bytes.buffer), 1);
      assertEquals(toHex(bytes), `00${x.toString(16).padStart(64, "0")}00`);
      assertEquals(field.isOdd(a), x % 2n === 1n);
      field.mul(a, b, a);
      assertEquals(field.value(a), mod(x * y));
      field.mul(a, a, a);
      field.sub(b, a, b);
      field.reduce(b);
      field.write(b, new DataView(bytes.buffer), 1);
      assertEquals(toHex(bytes), `00${mod(y - x * x * y * y).toString(16).padStart(64, "0")}00`);
    }),
    { numRuns: 500 },
  );
});

Deno.test("inverses and roots are what they are", () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(...EDGES.slice(1)), fc.bigInt(1n, P - 1n)), (x) => {
      give(x);
      field.invert(a, into);
      field.mul(a, into, b);
      assertEquals(field.value(b), 1n);
      field.mul(a, a, b);
      field.root(b, into);
      field.reduce(into);
      assertEquals([x, P - x].includes(field.value(into)), true);
    }),
    { numRuns: 200 },
  );
});

Deno.test("what is lent comes back, also from work that fails", () => {
  const small = new Field(), free = small.lending(() => small.room(10));
  assertThrows(() => small.lending(() => badWork(small.room(3))), Error, "bad");
  assertEquals(small.room(1), free);
});

function badWork(_room: number): never {
  throw new Error("bad");
}

Deno.test("room grows, and what is in it stays", () => {
  const small = new Field(), at = small.room(1);
  small.set(at, P - 1n);
  const more = small.room(100_000);
  const last = more + NUMBER_BYTES * 99_999;
  small.set(last, 5n);
  assertEquals([small.value(at), small.value(last)], [P - 1n, 5n]);
});
