/**
 * What one caller may ask for: units that grow with time. A call takes one, a large request or answer more by its size;
 * calls that may read megabytes take up a deposit while they run. All connections from one address share one budget.
 */
import { TokenBucket } from "../../core/token_bucket.ts";
import { CALL_BURST_MAX, CALLS_PER_SECOND_MAX } from "./limits.ts";

export class Budget {
  readonly #units: TokenBucket;

  constructor(nowMs: number) {
    this.#units = new TokenBucket({ burst: CALL_BURST_MAX, tokens: CALLS_PER_SECOND_MAX, ms: 1_000 }, nowMs);
  }

  /** Until the next call may begin; 0 = now. */
  waitMs(nowMs: number): number {
    return this.#units.waitMs(1, nowMs);
  }

  /** May go below 0: then the next call waits. */
  take(units: number, nowMs: number): void {
    this.#units.take(units, nowMs);
  }

  /** What was taken and not needed. */
  give(units: number): void {
    this.#units.give(units);
  }

  /** As if it had never been used. */
  isFull(nowMs: number): boolean {
    return this.#units.left(nowMs) >= CALL_BURST_MAX;
  }
}
