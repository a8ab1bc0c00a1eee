/**
 * Multiples t·G of the curve's generator for many t at once. A scalar is cut into windows of 10 bits; a table has the
 * 1,024 multiples of each window, so that t·G is the sum of 26 of its points. The points of each window have a constant
 * point added, and these constants add up to nothing: so no sum on the way is the point at infinity, and no two points
 * that are added are equal.
 *
 * Variable time in the scalar: good enough for keys of one's own that are tried by the thousand, not for signing.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { assert } from "../../../../core/assert.ts";
import { toHex, utf8 } from "../../../../core/bytes.ts";
import type { Points } from "./batch.ts";
import {
  BatchAdder,
  copyPoint,
  doublePoint,
  negatePoint,
  newPoints,
  pointsFrom,
  repeated,
  setPointOf,
} from "./batch.ts";
import type { Field } from "./field.ts";

/** 26,000 points, 1.9 MB. Two bits more save 4 of 25 additions and lose as much to the larger table's cache misses. */
const WINDOW_BITS = 10;
const SCALAR_BITS = 256;
const WINDOWS = Math.ceil(SCALAR_BITS / WINDOW_BITS);
/** Windows that are added between two yields: half of them. */
const WINDOWS_A_STEP = 13;
/** The generator's x; its y is even. */
const G_X = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798n;

export const SCALAR_BYTES = 32;

function bitsOf(window: number): number {
  return Math.min(WINDOW_BITS, SCALAR_BITS - window * WINDOW_BITS);
}

/** 2^bit · G, by bit. */
function powersOfTwo(field: Field): Points {
  const powers = newPoints(field, SCALAR_BITS);
  setPointOf(field, powers, 0, G_X, false);
  for (let bit = 1; bit < SCALAR_BITS; bit++) doublePoint(field, powers, bit - 1, powers, bit);
  return powers;
}

/** A point for each window, from hashes; the last takes back the sum of the others. */
function constants(field: Field, adder: BatchAdder): Points {
  const points = newPoints(field, WINDOWS), sum = newPoints(field, 1), last = WINDOWS - 1;
  for (let window = 0; window < last; window++) {
    const isPoint = (tries: number): boolean => {
      const x = BigInt(`0x${toHex(sha256(utf8(`window ${window} ${tries}`)))}`);
      return setPointOf(field, points, window, x, false);
    };
    // of two numbers one is a point's x
    for (let tries = 0; !isPoint(tries); tries++);
    if (window === 0) copyPoint(field, points, 0, sum, 0);
    else adder.add(1, pointsFrom(points, window), sum, sum);
  }
  copyPoint(field, sum, 0, points, last);
  negatePoint(field, points, last);
  return points;
}

/** Bits of a window of a big-endian scalar at `offset`: with an even number of at most 10 they lie within two bytes. */
function digit(scalars: Uint8Array, offset: number, window: number): number {
  const bit = window * WINDOW_BITS;
  const low = offset + SCALAR_BYTES - 1 - (bit >> 3);
  const word = scalars[low]! | (low > offset ? scalars[low - 1]! << 8 : 0);
  return (word >> (bit & 7)) & ((1 << WINDOW_BITS) - 1);
}

/** The table, and batches of up to `batchMax` multiples from it. Its work comes in steps of a few milliseconds. */
export class Multiples {
  readonly #field: Field;
  readonly #table: readonly Points[];
  readonly #adder: BatchAdder;
  readonly #addend: Points;

  private constructor(field: Field, table: readonly Points[], batchMax: number) {
    this.#field = field;
    this.#table = table;
    this.#adder = new BatchAdder(field, batchMax);
    this.#addend = newPoints(field, batchMax);
  }

  static *build(field: Field, batchMax: number): Generator<void, Multiples> {
    const adder = new BatchAdder(field, 1 << WINDOW_BITS - 1);
    const powers = powersOfTwo(field);
    yield;
    const offsets = constants(field, adder);
    yield;
    const table: Points[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      const points = newPoints(field, 1 << bitsOf(window));
      copyPoint(field, offsets, window, points, 0);
      for (let bit = 0; bit < bitsOf(window); bit++) {
        const half = 1 << bit, power = repeated(powers, window * WINDOW_BITS + bit);
        adder.add(half, points, power, pointsFrom(points, half));
      }
      table.push(points);
      yield;
    }
    return new Multiples(field, table, batchMax);
  }

  /** @param scalars 32 bytes each, big-endian, none of them 0 modulo the order @param products t·G, as many */
  *of(scalars: Uint8Array, products: Points): Generator<void> {
    const count = scalars.length / SCALAR_BYTES;
    assert(Number.isInteger(count), "scalars have 32 bytes each");
    const addend = this.#addend;
    for (let window = 0; window < WINDOWS; window++) {
      const into = window === 0 ? products : addend, points = this.#table[window]!;
      for (let i = 0; i < count; i++) copyPoint(this.#field, points, digit(scalars, i * SCALAR_BYTES, window), into, i);
      if (window > 0) this.#adder.add(count, addend, products, products);
      if (window % WINDOWS_A_STEP === WINDOWS_A_STEP - 1) yield;
    }
  }
}
