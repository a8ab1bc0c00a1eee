/**
 * Sums of products for public scalars: doublings are shared (Straus 1964), and each scalar is written in digits that
 * are odd or zero, at most one in five not zero (wNAF), with the odd multiples of its point at hand.
 */
import type { Scalar } from "../types.ts";
import type { Address } from "./machine.ts";

const WIDTH = 5;
/** P, 3P, … 15P. */
export const ODD_MULTIPLES = 1 << (WIDTH - 2);
const DIGITS = 256 + 1;

/** Digits of a scalar, lowest first, odd from −15 to 15 or zero. @returns how many there are up to the highest */
function writeDigits(into: Int8Array, scalar: Scalar): number {
  let carry = 0, used = 0;
  for (let at = 0; at < DIGITS;) {
    const byte = at >> 3;
    const bits = ((scalar[byte] ?? 0) | (scalar[byte + 1] ?? 0) << 8) >> (at & 7) & (1 << WIDTH) - 1;
    if ((bits & 1) === carry) {
      at++;
      continue;
    }
    const digit = bits + carry;
    carry = digit >= 1 << (WIDTH - 1) ? 1 : 0;
    into[at] = digit - (carry << WIDTH);
    used = at + 1;
    at += WIDTH;
  }
  return used;
}

/** What of a group summing takes; addresses are points. */
export type Summing = {
  readonly add: (into: Address, a: Address, b: Address) => void;
  readonly double: (into: Address, a: Address) => void;
  readonly negate: (into: Address, a: Address) => void;
  readonly pointBytes: number;
};

/**
 * @param into a point that is infinity
 * @param tables space for `ODD_MULTIPLES` points each: the first is there, the others are made
 * @param spare space for two points
 */
export function addProducts(
  into: Address,
  tables: Address,
  scalars: readonly Scalar[],
  spare: Address,
  { add, double, negate, pointBytes }: Summing,
): void {
  const digits = scalars.map(() => new Int8Array(DIGITS)), opposite = spare + pointBytes;
  const tableBytes = ODD_MULTIPLES * pointBytes;
  let longest = 0;
  scalars.forEach((scalar, i) => {
    const table = tables + i * tableBytes;
    longest = Math.max(longest, writeDigits(digits[i]!, scalar));
    double(spare, table);
    for (let odd = 1; odd < ODD_MULTIPLES; odd++) {
      add(table + odd * pointBytes, table + (odd - 1) * pointBytes, spare);
    }
  });
  for (let at = longest - 1; at >= 0; at--) {
    double(into, into);
    for (let i = 0; i < digits.length; i++) {
      const digit = digits[i]![at]!;
      if (digit === 0) continue;
      const multiple = tables + i * tableBytes + (Math.abs(digit) >> 1) * pointBytes;
      if (digit < 0) negate(opposite, multiple);
      add(into, into, digit < 0 ? opposite : multiple);
    }
  }
}
