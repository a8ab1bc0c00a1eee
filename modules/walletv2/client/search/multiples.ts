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
import type { Bytes } from "../../../../core/bytes.ts";
import { utf8 } from "../../../../core/bytes.ts";
import { addPublicKeys, publicKeyOf } from "../../../../core/crypto/secp.ts";
import type { Points } from "./batch.ts";
import { BatchAdder, newPoints, setPoint } from "./batch.ts";

/**
 * 26,000 points, 3 MB, built in 0.1 s. Two bits more save 4 of 25 additions and lose as much to the larger table's
 * cache misses.
 */
const WINDOW_BITS = 10;
const SCALAR_BITS = 256;
const WINDOWS = Math.ceil(SCALAR_BITS / WINDOW_BITS);
/** Windows that are added between two yields: half of them. */
const WINDOWS_A_STEP = 13;

export const SCALAR_BYTES = 32;

function bitsOf(window: number): number {
  return Math.min(WINDOW_BITS, SCALAR_BITS - window * WINDOW_BITS);
}

/** 2^bit · G. */
function powerOfTwo(bit: number): Bytes {
  const scalar = new Uint8Array(SCALAR_BYTES);
  scalar[SCALAR_BYTES - 1 - (bit >> 3)] = 1 << (bit & 7);
  return publicKeyOf(scalar);
}

/** A point for each window, from hashes; the last takes back the sum of the others. */
function constants(): Bytes[] {
  const points = Array.from({ length: WINDOWS - 1 }, (_, window) => publicKeyOf(sha256(utf8(`window ${window}`))));
  const sum = points.reduce(addPublicKeys);
  return [...points, Uint8Array.of(sum[0]! ^ 1, ...sum.subarray(1))];
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
  readonly #table: readonly Points[];
  readonly #adder: BatchAdder;
  readonly #addend: Points;

  private constructor(table: readonly Points[], batchMax: number) {
    this.#table = table;
    this.#adder = new BatchAdder(batchMax);
    this.#addend = newPoints(batchMax);
  }

  static *build(batchMax: number): Generator<void, Multiples> {
    const size = 1 << WINDOW_BITS;
    const adder = new BatchAdder(size / 2), power = newPoints(size / 2), sums = newPoints(size / 2);
    const offsets = constants();
    yield;
    const table: Points[] = [];
    for (let window = 0; window < WINDOWS; window++) {
      const points = newPoints(1 << bitsOf(window));
      setPoint(points, 0, offsets[window]!);
      for (let bit = 0; bit < bitsOf(window); bit++) {
        const half = 1 << bit;
        setPoint(power, 0, powerOfTwo(window * WINDOW_BITS + bit));
        power.x.fill(power.x[0]!, 0, half);
        power.y.fill(power.y[0]!, 0, half);
        adder.add(half, points, power, sums);
        for (let i = 0; i < half; i++) {
          points.x[half + i] = sums.x[i]!;
          points.y[half + i] = sums.y[i]!;
        }
      }
      table.push(points);
      yield;
    }
    return new Multiples(table, batchMax);
  }

  /** @param scalars 32 bytes each, big-endian, none of them 0 modulo the order @param products t·G, as many */
  *of(scalars: Uint8Array, products: Points): Generator<void> {
    const count = scalars.length / SCALAR_BYTES;
    assert(Number.isInteger(count), "scalars have 32 bytes each");
    const addend = this.#addend;
    for (let window = 0; window < WINDOWS; window++) {
      const into = window === 0 ? products : addend, points = this.#table[window]!;
      for (let i = 0; i < count; i++) {
        const chosen = digit(scalars, i * SCALAR_BYTES, window);
        into.x[i] = points.x[chosen]!;
        into.y[i] = points.y[chosen]!;
      }
      if (window > 0) this.#adder.add(count, products, addend, products);
      if (window % WINDOWS_A_STEP === WINDOWS_A_STEP - 1) yield;
    }
  }
}
