/**
 * Fibonacci back-off: min, min, 2·min, 3·min, 5·min … capped at max, each plus random 0 … min.
 * `fedimint-core/src/util/backoff_util.rs`.
 */
import type { Dice } from "../platform/platform.ts";

export type BackOff = { readonly minMs: number; readonly maxMs: number };

/** Delay before try number `attempt` (0 = the first repetition). */
export function backOffMs({ minMs, maxMs }: BackOff, attempt: number, dice: Dice): number {
  let a = minMs, b = minMs;
  for (let i = 0; i < attempt && a < maxMs; i++) [a, b] = [b, a + b];
  return Math.min(a, maxMs) + dice.fraction() * minMs;
}
