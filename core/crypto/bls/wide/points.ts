/**
 * Encoded points of both groups: strict reading, the test of the group, and writing. Infinity and flags are the
 * caller's; here a coordinate must be below p, on the curve, and its point in the group.
 */
import { NUMBER_BYTES } from "./limbs.ts";
import type { Address, Machine } from "./machine.ts";
import type { Field } from "./field.ts";
import { X_SQUARED } from "./split_code.ts";

/** |x| of the curve's parameter, which is negative. */
export const PARAMETER = 0xd201000000010000n;

export type Encoding = {
  /** 48 or 96. */
  readonly size: number;
  /** Of a point in memory. */
  readonly pointBytes: number;
  /**
   * Reads what stands behind the flags into an affine point (Z = 1) of the curve.
   * @param bytes the flags cleared
   * @param large which of the two roots
   * @returns false when there is none
   */
  readonly read: (into: Address, bytes: Uint8Array, large: boolean) => boolean;
  /** Of an affine point of the curve, not infinity. */
  readonly isInGroup: (point: Address) => boolean;
  /** Of a point that isn't infinity: the x coordinate. @returns whether y is the larger root */
  readonly write: (to: Uint8Array, point: Address) => boolean;
  readonly isInfinity: (point: Address) => boolean;
};

/** How often to double, and whether to add the base then (1), take it away (−1), or neither. */
type Step = readonly [doublings: number, sign: 1 | -1 | 0];

/** In non-adjacent form, from the highest digit, which stands for the base itself, down. */
export function stepsOf(value: bigint): Step[] {
  const digits: (1 | -1 | 0)[] = [];
  for (let rest = value; rest > 0n; rest >>= 1n) {
    const digit = (rest & 1n) === 0n ? 0 : (rest & 3n) === 1n ? 1 : -1;
    digits.push(digit);
    rest -= BigInt(digit);
  }
  const steps: Step[] = [];
  let doublings = 0;
  for (const digit of digits.reverse().slice(1)) {
    doublings++;
    if (digit === 0) continue;
    steps.push([doublings, digit]);
    doublings = 0;
  }
  if (doublings > 0) steps.push([doublings, 0]);
  return steps;
}

/** What the steps do to a point: a base and its opposite are added where they say so. */
export type Stepping = {
  readonly doubleTimes: (into: Address, a: Address, count: number) => void;
  readonly add: (into: Address, a: Address, b: Address) => void;
  readonly base: Address;
  readonly opposite: Address;
};

/** Multiplies the base, which `into` holds, by the number that the steps stand for. */
export function followSteps(steps: readonly Step[], into: Address, stepping: Stepping): void {
  const { doubleTimes, add, base, opposite } = stepping;
  for (const [doublings, sign] of steps) {
    doubleTimes(into, into, doublings);
    if (sign !== 0) add(into, into, sign === 1 ? base : opposite);
  }
}

const SQUARE_STEPS = stepsOf(X_SQUARED), PARAMETER_STEPS = stepsOf(PARAMETER);

export function encodingOfG1(machine: Machine, field: Field): Encoding {
  const { run, constants } = machine;
  const [t, u] = [machine.reserve(NUMBER_BYTES), machine.reserve(NUMBER_BYTES)];
  const sum = machine.reserve(3 * NUMBER_BYTES), opposite = machine.reserve(3 * NUMBER_BYTES);
  return {
    size: 48,
    pointBytes: 3 * NUMBER_BYTES,
    read: (into, bytes, large) => {
      const x = into, y = into + NUMBER_BYTES, z = into + 2 * NUMBER_BYTES;
      if (!field.readCanonical(x, bytes)) return false;
      run.sqr(t, x);
      run.mul(t, t, x);
      run.add7(t, t, constants.four);
      if (!field.root(y, t)) return false;
      if (field.isLarge(y) !== large) run.neg7(y, y);
      run.copy7(z, constants.one);
      return true;
    },
    // P lies in G1 if and only if φ(P) = −[x²]P (Scott, ePrint 2021/1130; proof in 2022/352). Where the sum meets a
    // case that adding doesn't cover, P's order is below 2^129: then Z is zero, and P is refused
    isInGroup: (point) => {
      const x = point, y = point + NUMBER_BYTES;
      const sumX = sum, sumY = sum + NUMBER_BYTES, sumZ = sum + 2 * NUMBER_BYTES;
      run.copy21(opposite, point);
      run.neg7(opposite + NUMBER_BYTES, y);
      run.copy21(sum, point);
      followSteps(SQUARE_STEPS, sum, {
        doubleTimes: run.jacobianDoubleTimes,
        add: run.jacobianAddAffine,
        base: point,
        opposite,
      });
      if (run.isZero(sumZ) === 1) return false;
      // β·x·Z² = X and y·Z³ = −Y
      run.sqr(t, sumZ);
      run.mul(u, x, constants.beta);
      run.mul(u, u, t);
      if (!field.areEqual(u, sumX)) return false;
      run.mul(t, t, sumZ);
      run.mul(t, t, y);
      run.add7(t, t, sumY);
      return run.isZero(t) === 1;
    },
    write: (to, point) => {
      const [x, y, z] = [point, point + NUMBER_BYTES, point + 2 * NUMBER_BYTES];
      run.invert(t, z);
      run.mul(u, x, t);
      field.writeCanonical(to, u);
      run.mul(u, y, t);
      return field.isLarge(u);
    },
    isInfinity: (point) => run.isZero(point + 2 * NUMBER_BYTES) === 1,
  };
}

export function encodingOfG2(machine: Machine, field: Field): Encoding {
  const { run, constants } = machine;
  const PAIR = 2 * NUMBER_BYTES;
  const [t, u] = [machine.reserve(PAIR), machine.reserve(PAIR)];
  const sum = machine.reserve(3 * PAIR), opposite = machine.reserve(3 * PAIR);
  const isZero = (pair: Address): boolean => run.isZero(pair) === 1 && run.isZero(pair + NUMBER_BYTES) === 1;
  const isLarge = (pair: Address): boolean =>
    field.isLarge(run.isZero(pair + NUMBER_BYTES) === 1 ? pair : pair + NUMBER_BYTES);
  const conjugate = (into: Address, pair: Address): void => {
    run.copy7(into, pair);
    run.neg7(into + NUMBER_BYTES, pair + NUMBER_BYTES);
  };
  return {
    size: 96,
    pointBytes: 3 * PAIR,
    read: (into, bytes, large) => {
      const x = into, y = into + PAIR, z = into + 2 * PAIR;
      if (!field.readCanonical(x + NUMBER_BYTES, bytes.subarray(0, 48))) return false;
      if (!field.readCanonical(x, bytes.subarray(48))) return false;
      run.sqrPair(t, x);
      run.mulPair(t, t, x);
      run.add14(t, t, constants.twistB);
      if (!field.rootOfPair(y, t)) return false;
      if (isLarge(y) !== large) run.neg14(y, y);
      run.copy7(z, constants.one);
      machine.wipe(z + NUMBER_BYTES, NUMBER_BYTES);
      return true;
    },
    // P lies in G2 if and only if ψ(P) = [x]P (Scott, ePrint 2021/1130); x is negative
    isInGroup: (point) => {
      const x = point, y = point + PAIR, sumX = sum, sumY = sum + PAIR, sumZ = sum + 2 * PAIR;
      run.copy42(opposite, point);
      run.neg14(opposite + PAIR, y);
      run.copy42(sum, point);
      followSteps(PARAMETER_STEPS, sum, {
        doubleTimes: run.g2DoubleTimes,
        add: run.g2AddAffine,
        base: point,
        opposite,
      });
      if (isZero(sumZ)) return false;
      conjugate(t, x);
      run.mulPair(t, t, constants.psiX);
      run.mulPair(t, t, sumZ);
      run.sub14(t, t, sumX);
      if (!isZero(t)) return false;
      conjugate(t, y);
      run.mulPair(t, t, constants.psiY);
      run.mulPair(t, t, sumZ);
      run.add14(t, t, sumY);
      return isZero(t);
    },
    write: (to, point) => {
      const [x, y, z] = [point, point + PAIR, point + 2 * PAIR];
      run.invertPair(t, z);
      run.mulPair(u, x, t);
      field.writeCanonical(to.subarray(0, 48), u + NUMBER_BYTES);
      field.writeCanonical(to.subarray(48), u);
      run.mulPair(u, y, t);
      return isLarge(u);
    },
    isInfinity: (point) => isZero(point + 2 * PAIR),
  };
}
