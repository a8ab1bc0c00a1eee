/**
 * How numbers modulo BLS12-381's prime p lie in the module's memory: seven limbs of 56 bits, 64-bit words, lowest
 * first, in Montgomery's form (x·R mod p with R = 2^392).
 *
 * Limbs are signed and may be larger than 56 bits, and a number may be negative or several times p: adding and
 * subtracting is done limb by limb, without carries and without comparing. A *bound* b says how far that went: each
 * limb is below b·2^56 in absolute value, and the number below b·p. A product of numbers with bounds a and b is within
 * p·(−ab/2520, 1 + ab/2520), as p/R is 1/2520: with ab ≤ 1000 its bound is 1.5 again, and its column sums stay below
 * 2^127.
 */
import { joinLimbs, splitLimbs } from "../../wasm/limbs.ts";

export const LIMBS = 7, LIMB_BITS = 56;
/** Bytes of a number in memory. */
export const NUMBER_BYTES = 8 * LIMBS;

/** The field's prime. */
export const P = 0x1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaabn;
export const R = 1n << BigInt(LIMBS * LIMB_BITS);
export const LIMB_MASK = (1n << BigInt(LIMB_BITS)) - 1n;

/** −1/p modulo 2^56. */
export const MINUS_P_INVERSE = ((): bigint => {
  let inverse = 1n; // right in one bit; each step doubles them
  for (let bits = 1; bits < LIMB_BITS; bits *= 2) inverse = (inverse * (2n - P * inverse)) & LIMB_MASK;
  return (1n << BigInt(LIMB_BITS)) - inverse;
})();

/** What a product or a square leaves. */
export const PRODUCT_BOUND = 1.5;
/** What `reduce` leaves, and the most it takes. */
export const REDUCED_BOUND = 1, REDUCE_MAX = 60;
/** Bounds of a product's factors, multiplied; for products of pairs of numbers (the quadratic extension). */
export const PRODUCT_MAX = 1000, PAIR_PRODUCT_MAX = 500;
/** Limbs of 64 bits hold no more. */
export const BOUND_MAX = 120;

/** Beyond this a factor in the curves' formulas is reduced. */
export const EASY_BOUND = 20;

/** Of a number from 0 to 2^392 − 1. */
export function toLimbs(value: bigint): bigint[] {
  return splitLimbs(value, LIMBS, LIMB_BITS);
}

/** The number that signed limbs stand for. */
export function fromLimbs(limbs: ArrayLike<bigint>): bigint {
  return joinLimbs(limbs, LIMBS, LIMB_BITS);
}

/** Least non-negative remainder. */
export function modP(value: bigint): bigint {
  const rest = value % P;
  return rest < 0n ? rest + P : rest;
}

/** Montgomery's form of a number, below p. */
export function toMontgomery(value: bigint): bigint {
  return modP(value * R);
}
