import { assertEquals } from "@std/assert";
import { secp256k1 } from "@noble/curves/secp256k1.js";
import fc from "fast-check";
import { scalarBytes } from "../testing/crafted.ts";
import { readNumber, testWide } from "../testing/wide.ts";
import { NUMBER_BYTES, ORDER } from "./limbs.ts";
import { Machine, POINT_BYTES } from "./machine.ts";
import { PointTable } from "./point_table.ts";

const { BASE, ZERO } = secp256k1.Point;
type Point = typeof BASE;
const ALL = (1n << 256n) - 1n;
/** Windows of nothing, of one, of the largest digit, of the one above it, which is negative and carries, and of all. */
const ENDS = [
  ...[0n, 1n, 2n, 15n, 16n, 17n, 31n, 32n, 33n, ALL / 31n * 16n & ALL, ALL / 31n * 17n & ALL, ALL, ALL - 1n],
  ...[1n << 255n, (1n << 255n) - 1n, 1n << 128n, ORDER, ORDER - 1n, ORDER + 1n, ORDER >> 1n, (ORDER >> 1n) + 1n],
];

/** Sums of a point and products of another one. */
function products(of: Point, width: number): (from: Point, scalar: bigint, sign: 1 | -1) => Point {
  const machine = new Machine(), [out, point, scratch] = [1, 2, 3].map(() => machine.reserve(POINT_BYTES)) as number[];
  const write = (into: number, value: Point): void => {
    const { x, y } = value.toAffine();
    for (const [i, coordinate] of [x, y, 1n].entries()) machine.writeNumber(into + i * NUMBER_BYTES, coordinate);
  };
  write(point!, of);
  const multiples = new PointTable(machine, point!, width);
  return (from, scalar, sign) => {
    if (from.is0()) machine.writeInfinity(out!);
    else write(out!, from);
    multiples.add(out!, scalarBytes(scalar), sign);
    const [x, y, z] = [0, 1, 2].map((i) => readNumber(machine, out! + i * NUMBER_BYTES, scratch!).is);
    return z === 0n ? ZERO : new secp256k1.Point(x!, y!, z!);
  };
}

function product(of: Point, scalar: bigint): Point {
  const rest = scalar % ORDER;
  return rest === 0n ? ZERO : of.multiply(rest);
}

const other = BASE.multiply(0x1234_5678_9abc_def0n);

for (const width of [4, 5, 6]) {
  testWide(`products from a table with windows of ${width} bits are those of noble, whatever they are added to`, () => {
    for (const  of of[BASE, other]) {
      const add = products(of, width);
      const check = (from: Point, scalar: bigint, sign: 1 | -1): void => {
        const expected = from.add(sign === 1 ? product(of, scalar) : product(of, scalar).negate());
        assertEquals(add(from, scalar, sign).equals(expected), true, `${scalar} ${sign}`);
      };
      for (const scalar of ENDS) {
        for (const sign of [1, -1] as const) {
          // also where the sum meets itself on the way, and cancels in the end
          for (const from of [ZERO, other, of, product(of, scalar), product(of, scalar).negate()]) {
            check(from, scalar, sign);
          }
        }
      }
      fc.assert(fc.property(fc.bigInt(0n, ALL), (scalar) => check(ZERO, scalar, 1)), { numRuns: 40 });
    }
  });
}
