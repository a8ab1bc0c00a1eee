/** How long what the module computes with is in its memory, for those who put it together and those who call it. */
import { NUMBER_BYTES } from "./limbs.ts";

/** A number of the quadratic extension; one of the extension of degree twelve. */
export const PAIR_BYTES = 2 * NUMBER_BYTES, TWELVE_BYTES = 6 * PAIR_BYTES;
/** A line of Miller's loop. */
export const LINE_BYTES = 3 * PAIR_BYTES;

/** Square of the curve's parameter: what a scalar is split by. */
export const X_SQUARED = 0xd201000000010000n ** 2n;
/** Of each part of a split scalar: three words of 64 bits. */
export const PART_BYTES = 3 * 8, PART_BITS = 130;
