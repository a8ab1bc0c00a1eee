/**
 * What one caller may ask for: units that grow with time. A call takes one, a large request or answer more by its size; calls that may read
 * megabytes take up a deposit while they run. All connections from one address share one budget.
 */
import { CALL_BURST_MAX, CALLS_PER_SECOND_MAX } from "./limits.ts";

export class Budget {
  #units = CALL_BURST_MAX;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** Until the next call may begin; 0 = now. */
  waitMs(nowMs: number): number {
    this.#refill(nowMs);
    return this.#units >= 1 ? 0 : (1 - this.#units) * 1_000 / CALLS_PER_SECOND_MAX;
  }

  /** May go below 0: then the next call waits. */
  take(units: number): void {
    this.#units -= units;
  }

  /** What was taken and not needed. */
  give(units: number): void {
    this.#units = Math.min(CALL_BURST_MAX, this.#units + units);
  }

  /** As if it had never been used. */
  isFull(nowMs: number): boolean {
    this.#refill(nowMs);
    return this.#units >= CALL_BURST_MAX;
  }

  #refill(nowMs: number): void {
    this.give((nowMs - this.#atMs) * CALLS_PER_SECOND_MAX / 1_000);
    this.#atMs = nowMs;
  }
}
