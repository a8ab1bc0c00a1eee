/**
 * Sums of products for public scalars: doublings are shared (Straus 1964), and each scalar is written in digits that
 * are odd or zero, at most one in five not zero (wNAF), with the odd multiples of its point at hand.
 */
import type { Address } from "./memory.ts";

const WIDTH = 5;
/** P, 3P, … 15P. */
export const ODD_MULTIPLES = oddMultiples(WIDTH);

/** How many there are in a table for digits of this width: P, 3P, … */
export function oddMultiples(width: number): number {
  return 1 << (width - 2);
}

/** A product to add: digits, lowest first, odd or zero, and a table with the odd multiples of the point. */
export type Term = {
  readonly table: Address;
  readonly digits: Int8Array;
  /** How many digits there are up to the highest. */
  readonly used: number;
};

/**
 * @param scalar little-endian
 * @param width up to 8: digits are below 2^(width − 1) in absolute value
 * @param sign of the product
 */
export function termOf(table: Address, scalar: Uint8Array, width: number = WIDTH, sign: 1 | -1 = 1): Term {
  const digits = new Int8Array(8 * scalar.length + 1);
  let carry = 0, used = 0;
  for (let at = 0; at < digits.length;) {
    const byte = at >> 3;
    const bits = ((scalar[byte] ?? 0) | (scalar[byte + 1] ?? 0) << 8) >> (at & 7) & (1 << width) - 1;
    if ((bits & 1) === carry) {
      at++;
      continue;
    }
    const digit = bits + carry;
    carry = digit >= 1 << (width - 1) ? 1 : 0;
    digits[at] = sign * (digit - (carry << width));
    used = at + 1;
    at += width;
  }
  return { table, digits, used };
}

/** What of a group summing takes; addresses are points. */
export type Summing = {
  readonly add: (into: Address, a: Address, b: Address) => void;
  readonly double: (into: Address, a: Address) => void;
  readonly negate: (into: Address, a: Address) => void;
  readonly pointBytes: number;
};

/** Makes a table of so many odd multiples of the point that is its first. @param spare space for a point */
export function fillOddMultiples(
  table: Address,
  count: number,
  spare: Address,
  { add, double, pointBytes }: Pick<Summing, "add" | "double" | "pointBytes">,
): void {
  double(spare, table);
  for (let odd = 1; odd < count; odd++) add(table + odd * pointBytes, table + (odd - 1) * pointBytes, spare);
}

/**
 * Adds products to a point that is infinity.
 * @param opposite space for a point
 */
export function addTerms(
  into: Address,
  terms: readonly Term[],
  opposite: Address,
  { add, double, negate, pointBytes }: Summing,
): void {
  const longest = terms.reduce((most, { used }) => Math.max(most, used), 0);
  for (let at = longest - 1; at >= 0; at--) {
    double(into, into);
    for (const { table, digits, used } of terms) {
      if (at >= used) continue;
      const digit = digits[at]!;
      if (digit === 0) continue;
      const multiple = table + (Math.abs(digit) >> 1) * pointBytes;
      if (digit < 0) negate(opposite, multiple);
      add(into, into, digit < 0 ? opposite : multiple);
    }
  }
}

/**
 * @param into a point that is infinity
 * @param tables space for `ODD_MULTIPLES` points each: the first is there, the others are made
 * @param spare space for two points
 */
export function addProducts(
  into: Address,
  tables: Address,
  scalars: readonly Uint8Array[],
  spare: Address,
  summing: Summing,
): void {
  const terms = scalars.map((scalar, i) => {
    const table = tables + i * ODD_MULTIPLES * summing.pointBytes;
    fillOddMultiples(table, ODD_MULTIPLES, spare, summing);
    return termOf(table, scalar);
  });
  addTerms(into, terms, spare + summing.pointBytes, summing);
}
