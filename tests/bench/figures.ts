/** How figures of benches are made and shown. */

/** @param sorted from the least on @param part 0 … 1 */
export function percentile(sorted: readonly number[], part: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!;
}

/** Of some runs of the same. */
export type Spread = { readonly min: number; readonly median: number; readonly max: number };

/** @throws {RangeError} for none */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) throw new RangeError("There is no spread of no values");
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0]!, median: percentile(sorted, 0.5), max: sorted.at(-1)! };
}

export function megabytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
