/**
 * Many additions of points of secp256k1 at once, for the search of addresses: affine coordinates, and one inversion for
 * a whole batch (Montgomery's trick), so that an addition costs six multiplications. Variable time.
 */
import { assert } from "../../../../core/assert.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import type { Field } from "./field.ts";
import { NUMBER_BYTES, NUMBER_WORDS } from "./field.ts";

const POINT_BYTES = 2 * NUMBER_BYTES, POINT_WORDS = 2 * NUMBER_WORDS;
const COORDINATE_BYTES = 32;
const CURVE_B = 7n;

/** Affine points in a field's memory: x and behind it y, each normal; `step` bytes from one to the next. */
export type Points = { readonly at: number; readonly step: number };

export function newPoints(field: Field, count: number): Points {
  return { at: field.room(2 * count), step: POINT_BYTES };
}

/** Those from `index` on. */
export function pointsFrom({ at, step }: Points, index: number): Points {
  return { at: at + index * step, step };
}

/** One point as many. */
export function repeated({ at, step }: Points, index: number): Points {
  return { at: at + index * step, step: 0 };
}

/** into[intoIndex] = from[index]. */
export function copyPoint({ limbs }: Field, from: Points, index: number, into: Points, intoIndex: number): void {
  const source = (from.at + index * from.step) / 4, target = (into.at + intoIndex * into.step) / 4;
  for (let i = 0; i < POINT_WORDS; i++) limbs[target + i] = limbs[source + i]!;
}

/** Sets `into[index]` to a point given in its compressed form (33 bytes, a point of the curve). */
export function setPoint(field: Field, into: Points, index: number, compressed: Bytes): void {
  const view = new DataView(compressed.buffer, compressed.byteOffset + 1, COORDINATE_BYTES);
  let x = 0n;
  for (let i = 0; i < COORDINATE_BYTES; i += 8) x = x << 64n | view.getBigUint64(i);
  const isPoint = setPointOf(field, into, index, x, compressed[0] === 3);
  assert(isPoint, "a compressed point is one of the curve");
}

/** The same by its x below p. @returns false when the curve has no such point: then there is none at `index` */
export function setPointOf(field: Field, into: Points, index: number, x: bigint, isOdd: boolean): boolean {
  return field.lending(() => setLent(field, into, index, x, isOdd));
}

function setLent(field: Field, into: Points, index: number, x: bigint, isOdd: boolean): boolean {
  const atX = into.at + index * into.step, atY = atX + NUMBER_BYTES;
  const right = field.room(1), scratch = field.room(1);
  field.set(atX, x);
  field.mul(atX, atX, right);
  field.mul(right, atX, right);
  field.set(scratch, CURVE_B);
  field.sub(field.zero, scratch, scratch);
  field.sub(right, scratch, right);
  field.root(right, atY);
  field.mul(atY, atY, scratch);
  if (field.value(scratch) !== field.value(right)) return false;
  field.reduce(atY);
  if (field.isOdd(atY) !== isOdd) negatePoint(field, into, index);
  return true;
}

/** into[index] = −into[index]. */
export function negatePoint(field: Field, into: Points, index: number): void {
  const atY = into.at + index * into.step + NUMBER_BYTES;
  field.sub(field.zero, atY, atY);
  field.reduce(atY);
}

/** Writes the compressed form: 33 bytes from `offset` on. */
export function writePoint(field: Field, { at, step }: Points, index: number, view: DataView, offset: number): void {
  const atX = at + index * step, atY = atX + NUMBER_BYTES;
  field.reduce(atX);
  field.reduce(atY);
  view.setUint8(offset, field.isOdd(atY) ? 3 : 2);
  field.write(atX, view, offset + 1);
}

/** into[index] = 2 · from[fromIndex]. */
export function doublePoint(field: Field, from: Points, fromIndex: number, into: Points, index: number): void {
  field.lending(() => doubleLent(field, from, fromIndex, into, index));
}

function doubleLent(field: Field, from: Points, fromIndex: number, into: Points, index: number): void {
  const x = from.at + fromIndex * from.step, y = x + NUMBER_BYTES;
  const sumX = into.at + index * into.step, sumY = sumX + NUMBER_BYTES;
  const slope = field.room(1), other = field.room(1), three = field.room(1);
  field.set(three, 3n);
  field.sub(field.zero, y, other);
  field.sub(y, other, other);
  field.invert(other, slope);
  field.mul(x, x, other);
  field.mul(other, three, other);
  field.mul(other, slope, slope);
  field.mul(slope, slope, other);
  field.subTwo(other, x, x, sumX);
  field.diff(x, sumX, other);
  field.mul(other, slope, other);
  field.sub(other, y, sumY);
}

/** Adds batches of up to `sizeMax` pairs; keeps its scratch space between them. */
export class BatchAdder {
  readonly #field: Field;
  readonly #sizeMax: number;
  readonly #differences: number;
  /** Of the differences before each; of all behind the last. */
  readonly #products: number;
  readonly #rest: number;
  readonly #slope: number;
  readonly #scratch: number;

  constructor(field: Field, sizeMax: number) {
    this.#field = field;
    this.#sizeMax = sizeMax;
    this.#differences = field.room(sizeMax);
    this.#products = field.room(sizeMax + 1);
    field.set(this.#products, 1n);
    this.#rest = field.room(1);
    this.#slope = field.room(1);
    this.#scratch = field.room(1);
  }

  /**
   * sum[i] = a[i] + b[i] for i in 0 … count − 1. `sum` may be `b`, not `a`. Of no pair may the two be equal or
   * opposite: points that hashes give are neither, but with a probability of 2^−256.
   */
  add(count: number, a: Points, b: Points, sum: Points): void {
    const field = this.#field, differences = this.#differences, products = this.#products;
    const rest = this.#rest, slope = this.#slope, scratch = this.#scratch;
    assert(count <= this.#sizeMax, "a batch fits into its adder");
    assert(sum.at !== a.at, "sums are not written where the first addends are");
    for (let i = 0; i < count; i++) {
      const difference = differences + i * NUMBER_BYTES, product = products + i * NUMBER_BYTES;
      field.diff(b.at + i * b.step, a.at + i * a.step, difference);
      field.mul(difference, product, product + NUMBER_BYTES);
    }
    const product = products + count * NUMBER_BYTES;
    assert(field.value(product) !== 0n, "points of a batch differ in x");
    field.invert(product, rest);
    for (let i = count - 1; i >= 0; i--) {
      const ax = a.at + i * a.step, ay = ax + NUMBER_BYTES, bx = b.at + i * b.step, by = bx + NUMBER_BYTES;
      const sumX = sum.at + i * sum.step, sumY = sumX + NUMBER_BYTES;
      field.mul(rest, products + i * NUMBER_BYTES, slope);
      field.mul(differences + i * NUMBER_BYTES, rest, rest);
      field.diff(by, ay, scratch);
      field.mul(scratch, slope, slope);
      field.mul(slope, slope, scratch);
      field.subTwo(scratch, ax, bx, sumX);
      field.diff(ax, sumX, scratch);
      field.mul(scratch, slope, scratch);
      field.sub(scratch, ay, sumY);
    }
  }
}
