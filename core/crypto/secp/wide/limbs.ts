/**
 * How numbers modulo secp256k1's prime p = 2^256 − `FOLD` lie in the module's memory: five limbs of 52 bits, 64-bit
 * words, lowest first (as libsecp256k1's field_5x52), as they are: p is so near a power of two that a product is
 * reduced by multiplying what lies above 2^256 by `FOLD`.
 *
 * Limbs are signed and may be larger than 52 bits, and a number may be negative or several times p: adding and
 * subtracting is done limb by limb, without carries and without comparing. A *bound* b says how far that went: each
 * limb is below b·(2^52 + 2^40) in absolute value, and the highest below b·(2^48 + 2^40). With bounds a and b of the
 * factors and ab ≤ 2^15, a column of their product is below 5·ab·2^105 < 2^123, what is left above 2^256 below 2^50,
 * and what that adds to the second limb below 2^32: a product's bound is 1.
 */
import { joinLimbs, splitLimbs } from "../../wasm/limbs.ts";

export const LIMBS = 5, LIMB_BITS = 52;
/** Bytes of a number in memory. */
export const NUMBER_BYTES = 8 * LIMBS;

/** 2^256 modulo p. */
export const FOLD = 0x1000003d1n;
/** The field's prime. */
export const P = (1n << 256n) - FOLD;
/** The group's order, a prime. */
export const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

/** Bounds of a product's factors, multiplied. */
export const PRODUCT_MAX = 1 << 15;
/** Limbs of 64 bits hold more; small multiples of what is within it still fit. */
export const BOUND_MAX = 512;

/** Of a number from 0 to 2^260 − 1. */
export function toLimbs(value: bigint): bigint[] {
  return splitLimbs(value, LIMBS, LIMB_BITS);
}

/** The number that signed limbs stand for. */
export function fromLimbs(limbs: ArrayLike<bigint>): bigint {
  return joinLimbs(limbs, LIMBS, LIMB_BITS);
}
