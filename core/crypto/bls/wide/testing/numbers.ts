/** Numbers of the field in a machine's memory, as bigints. */
import { fromLimbs, LIMBS, modP, NUMBER_BYTES, P, R, toLimbs, toMontgomery } from "../limbs.ts";
import type { Address } from "../machine.ts";
import { Machine } from "../machine.ts";

const R_INVERSE = powerP(modP(R), P - 2n);

/** base^exponent modulo p. */
export function powerP(base: bigint, exponent: bigint): bigint {
  let power = 1n;
  for (const bit of exponent.toString(2)) {
    power = modP(power * power);
    if (bit === "1") power = modP(power * base);
  }
  return power;
}

export class Numbers {
  readonly machine: Machine = new Machine();
  readonly #at: Address;

  constructor(count: number) {
    this.#at = this.machine.reserve(count * NUMBER_BYTES);
  }

  at(index: number): Address {
    return this.#at + index * NUMBER_BYTES;
  }

  /** In Montgomery's form, plus so many times p. */
  put(index: number, value: bigint, multiples = 0n): void {
    this.putRaw(index, toMontgomery(value) + multiples * P);
  }

  /** A number as it is; a negative one has negative limbs. */
  putRaw(index: number, value: bigint): void {
    const limbs = toLimbs(value < 0n ? -value : value);
    this.machine.words.set(value < 0n ? limbs.map((limb) => -limb) : limbs, this.at(index) / 8);
  }

  /** What the signed limbs stand for. */
  raw(index: number): bigint {
    const first = this.at(index) / 8;
    return fromLimbs(this.machine.words.subarray(first, first + LIMBS));
  }

  /** Out of Montgomery's form. */
  get(index: number): bigint {
    return modP(this.raw(index) * R_INVERSE);
  }

  /** The largest limb but the last, in absolute value. */
  largestLimb(index: number): bigint {
    const first = this.at(index) / 8, limbs = [...this.machine.words.slice(first, first + LIMBS - 1)];
    return limbs.map((limb) => limb < 0n ? -limb : limb).reduce((a, b) => a > b ? a : b);
  }
}
