/** How many guardians of `total` may be evil, and what follows. `fedimint-core/src/lib.rs` (`NumPeers`). */

export type NumPeers = {
  readonly total: number;
  /** ⌊(n − 1) / 3⌋ */
  readonly maxEvil: number;
  /** At least one of so many is honest: maxEvil + 1. */
  readonly oneHonest: number;
  /** n − maxEvil */
  readonly threshold: number;
  /** Degree of the secret polynomial: threshold − 1. */
  readonly degree: number;
};

/** Of so many guardians. @throws {RangeError} when `total` is not a positive integer */
export function numPeers(total: number): NumPeers {
  if (!Number.isInteger(total) || total < 1) {
    throw new RangeError(`A federation has at least one guardian, not ${total}`);
  }
  const maxEvil = Math.floor((total - 1) / 3);
  const threshold = total - maxEvil;
  return { total, maxEvil, oneHonest: maxEvil + 1, threshold, degree: threshold - 1 };
}
