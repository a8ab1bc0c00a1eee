/** The machine's clock. */
import { assert } from "../../../core/assert.ts";
import type { Clock, Timer } from "../platform.ts";

/** Longest delay that `setTimeout` keeps; more would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer,
};

function setTimer(delayMs: number, fire: () => void): Timer {
  assert(delayMs >= 0, "a timer's delay is a number that is not negative");
  // Measured by the monotonic clock, so that the pieces of a long delay do not add up their lateness.
  const dueMs = performance.now() + delayMs;
  let id: ReturnType<typeof setTimeout>;
  const arm = (): void => {
    const leftMs = dueMs - performance.now();
    id = leftMs > TIMEOUT_MS_MAX ? setTimeout(arm, TIMEOUT_MS_MAX) : setTimeout(fire, Math.max(0, leftMs));
  };
  arm();
  return { cancel: () => clearTimeout(id) };
}
