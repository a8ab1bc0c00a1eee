/**
 * Products of a point that is known long before: a table has, for each few bits of a scalar, the multiples of the point
 * by what these bits can be. So a product is a sum of table entries, and nothing is doubled.
 *
 * For public scalars: which entries are read depends on them.
 */
import { assert } from "../../../assert.ts";
import type { Address } from "../../wasm/memory.ts";
import { NUMBER_BYTES } from "./limbs.ts";
import type { Machine } from "./machine.ts";
import { POINT_BYTES } from "./machine.ts";

const SCALAR_BITS = 256;
/** Z is 1 and isn't kept. */
const AFFINE_BYTES = 2 * NUMBER_BYTES;

export class PointTable {
  readonly #machine: Machine;
  readonly #width: number;
  readonly #windows: number;
  /** Multiples in each window: digits are from −`#most` to `#most`. */
  readonly #most: number;
  readonly #table: Address;
  readonly #opposite: Address;

  /**
   * @param point not infinity, Z = 1
   * @param width bits of a window: a table has 2^(width − 1) points of 80 bytes each of 257 / width times
   */
  constructor(machine: Machine, point: Address, width: number) {
    this.#machine = machine;
    this.#width = width;
    this.#most = 1 << (width - 1);
    // a bit more than the scalar has: digits above the half are made negative, and carry
    this.#windows = Math.ceil((SCALAR_BITS + 1) / width);
    this.#table = machine.reserve(this.#windows * this.#most * AFFINE_BYTES);
    this.#opposite = machine.reserve(AFFINE_BYTES);
    this.#fill(point);
  }

  #fill(point: Address): void {
    const { run } = this.#machine, most = this.#most, count = this.#windows * most;
    const room = this.#machine.list(count * (POINT_BYTES + NUMBER_BYTES)), products = room + count * POINT_BYTES;
    const at = (i: number): Address => room + i * POINT_BYTES;
    run.copy15(at(0), point);
    for (let i = 1; i < count; i++) {
      // a window begins with the double of the largest multiple of the one before
      if (i % most === 0) run.pointDouble(at(i), at(i - 1));
      else run.pointAdd(at(i), at(i - 1), at(i - i % most));
    }
    this.#makeAffine(room, products, count);
  }

  /** Into the table, with one inverse for all of them (Montgomery's trick). */
  #makeAffine(points: Address, products: Address, count: number): void {
    const { run } = this.#machine;
    const z = (i: number): Address => points + i * POINT_BYTES + 2 * NUMBER_BYTES;
    const product = (i: number): Address => products + i * NUMBER_BYTES;
    run.copy5(product(0), z(0));
    for (let i = 1; i < count; i++) run.mul(product(i), product(i - 1), z(i));
    const left = product(count - 1);
    assert(run.isZero(left) === 0, "no multiple is infinity: the order is a prime and larger");
    run.inverse(left, left);
    for (let i = count - 1; i >= 0; i--) {
      const inverse = i === 0 ? left : product(i - 1);
      const old = z(i), point = points + i * POINT_BYTES, into = this.#table + i * AFFINE_BYTES;
      if (i > 0) run.mul(inverse, left, inverse);
      run.mul(into, point, inverse);
      run.mul(into + NUMBER_BYTES, point + NUMBER_BYTES, inverse);
      if (i > 0) run.mul(left, left, old);
    }
  }

  /**
   * Adds a product to a point, or takes it away.
   * @param scalar 32 bytes, big-endian, of any content
   */
  add(into: Address, scalar: Uint8Array, sign: 1 | -1): void {
    const { run } = this.#machine, width = this.#width, most = this.#most, mask = (1 << width) - 1;
    const opposite = this.#opposite;
    for (let window = 0, carry = 0; window < this.#windows; window++) {
      const bit = window * width, byte = 31 - (bit >> 3);
      const bits = ((scalar[byte] ?? 0) | (scalar[byte - 1] ?? 0) << 8) >> (bit & 7) & mask;
      let digit = bits + carry;
      carry = digit > most ? 1 : 0;
      digit -= carry << width;
      if (digit === 0) continue;
      const entry = this.#table + (window * most + Math.abs(digit) - 1) * AFFINE_BYTES;
      if (digit * sign > 0) {
        run.pointAddAffine(into, into, entry);
        continue;
      }
      run.copy5(opposite, entry);
      run.neg5(opposite + NUMBER_BYTES, entry + NUMBER_BYTES);
      run.pointAddAffine(into, into, opposite);
    }
  }
}
