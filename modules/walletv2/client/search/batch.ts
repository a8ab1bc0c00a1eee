/**
 * Many additions of points of secp256k1 at once, for the search of addresses: affine coordinates as bigints, and one
 * inversion for a whole batch (Montgomery's trick), so that an addition costs six multiplications. Variable time, as
 * bigints are.
 */
import { assert } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";

/** The field's prime: 2^256 − 2^32 − 977. */
const P = (1n << 256n) - (1n << 32n) - 977n;

/** Affine points side by side: x[i], y[i] in 0 … p − 1. */
export type Points = { readonly x: bigint[]; readonly y: bigint[] };

export function newPoints(count: number): Points {
  return { x: new Array<bigint>(count).fill(0n), y: new Array<bigint>(count).fill(0n) };
}

/** a^(2^count). */
function squared(a: bigint, count: number): bigint {
  let result = a;
  for (let i = 0; i < count; i++) result = result * result % P;
  return result;
}

/** a^(2^count) · b: appends `count` bits of b's exponent to a's. */
function appended(a: bigint, count: number, b: bigint): bigint {
  return squared(a, count) * b % P;
}

/**
 * a to the exponents whose bits are 1, twice, 22 times and 223 times: both powers below begin with 223 ones, then 0 and
 * 22 ones.
 */
function runsOfOnes(a: bigint): { x2: bigint; x22: bigint; x223: bigint } {
  const x2 = appended(a, 1, a);
  const x3 = appended(x2, 1, a);
  const x6 = appended(x3, 3, x3);
  const x11 = appended(appended(x6, 3, x3), 2, x2);
  const x22 = appended(x11, 11, x11);
  const x44 = appended(x22, 22, x22);
  const x88 = appended(x44, 44, x44);
  const x220 = appended(appended(x88, 88, x88), 44, x44);
  return { x2, x22, x223: appended(x220, 3, x3) };
}

/** a^(p−2) = 1/a. Source of the chain: libsecp256k1, `secp256k1_fe_inv`. */
function inverse(a: bigint): bigint {
  const { x2, x22, x223 } = runsOfOnes(a);
  return appended(appended(appended(appended(x223, 23, x22), 5, a), 3, x2), 2, a);
}

/** a^((p+1)/4): a root of a, when it has one. Source of the chain: libsecp256k1, `secp256k1_fe_sqrt`. */
function squareRoot(a: bigint): bigint {
  const { x2, x22, x223 } = runsOfOnes(a);
  return squared(appended(appended(x223, 23, x22), 6, x2), 2);
}

/** 32 bytes big-endian. */
function numberAt(bytes: Uint8Array, offset: number): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, 32);
  return (view.getBigUint64(0) << 192n) | (view.getBigUint64(8) << 128n) | (view.getBigUint64(16) << 64n) |
    view.getBigUint64(24);
}

/** Sets `into[index]` to a point given in its compressed form (33 bytes, a point of the curve). */
export function setPoint(into: Points, index: number, compressed: Bytes): void {
  const x = numberAt(compressed, 1);
  const root = squareRoot((x * x % P * x + 7n) % P);
  into.x[index] = x;
  into.y[index] = (root & 1n) === BigInt(compressed[0]! & 1) ? root : P - root;
}

/** Writes the compressed form: 33 bytes from `offset` on. */
export function writePoint(view: DataView, offset: number, x: bigint, y: bigint): void {
  view.setUint8(offset, y & 1n ? 3 : 2);
  // the view takes the lower 64 bits of what it is given
  view.setBigUint64(offset + 1, x >> 192n);
  view.setBigUint64(offset + 9, x >> 128n);
  view.setBigUint64(offset + 17, x >> 64n);
  view.setBigUint64(offset + 25, x);
}

/** Adds batches of up to `sizeMax` pairs; keeps its scratch space between them. */
export class BatchAdder {
  readonly #differences: bigint[];
  readonly #products: bigint[];

  constructor(sizeMax: number) {
    this.#differences = new Array<bigint>(sizeMax).fill(0n);
    this.#products = new Array<bigint>(sizeMax).fill(0n);
  }

  /**
   * sum[i] = a[i] + b[i] for i in 0 … count − 1. `sum` may be `a` or `b`. Of no pair may the two be equal or opposite:
   * points that hashes give are neither, but with a probability of 2^−256.
   */
  add(count: number, a: Points, b: Points, sum: Points): void {
    const differences = this.#differences, products = this.#products;
    assert(count <= differences.length, "a batch fits into its adder");
    let product = 1n;
    for (let i = 0; i < count; i++) {
      const difference = b.x[i]! - a.x[i]!;
      differences[i] = difference;
      products[i] = product;
      product = product * difference % P;
    }
    assert(product !== 0n, "points of a batch differ in x");
    let rest = inverse(product < 0n ? product + P : product);
    for (let i = count - 1; i >= 0; i--) {
      const inverted = rest * products[i]! % P;
      rest = rest * differences[i]! % P;
      const ax = a.x[i]!, ay = a.y[i]!;
      const slope = (b.y[i]! - ay) * inverted % P;
      const x = (slope * slope - ax - b.x[i]!) % P;
      const sumX = x < 0n ? x + P : x;
      const y = (slope * (ax - sumX) - ay) % P;
      sum.x[i] = sumX;
      sum.y[i] = y < 0n ? y + P : y;
    }
  }
}
