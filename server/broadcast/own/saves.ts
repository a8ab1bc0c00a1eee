/**
 * Records on their way to the own backup, in their order. What others wait for is saved at once: a unit of ours, an
 * accusation, and all that was ordered with data, on which what is processed next stands. Another guardian's unit is
 * kept only so that a restart needn't ask for it: it goes with the next record that does matter, a round later at most
 * when all is well. So a round costs one commit and not one a guardian.
 *
 * A crash loses the others' units of that time, as if their messages had been lost. Nothing that this guardian ever
 * said stands on one of them: its own units are saved behind their parents.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { SAVE_BYTES_MAX, SAVE_RECORDS_MAX, SAVE_WITHIN_MS } from "../limits.ts";

export class Saves {
  #records: Bytes[] = [];
  #bytes = 0;
  #isUrgent = false;
  /** When the oldest that waits must be saved. */
  #dueMs = 0;
  #isWatched = false;

  /** @returns true when a task must look at `dueMs` whether it still waits */
  add(record: Bytes, isUrgent: boolean, nowMs: number): boolean {
    if (this.#records.length === 0) this.#dueMs = nowMs + SAVE_WITHIN_MS;
    this.#records.push(record);
    this.#bytes += record.length;
    if (isUrgent) this.#isUrgent = true;
    if (this.#isWatched) return false;
    return this.#isWatched = true;
  }

  get dueMs(): number {
    return this.#dueMs;
  }

  /** All that waits is to be saved at once. */
  hurry(): void {
    this.#isUrgent = true;
  }

  /** At the task's time. @returns when to look again; null when nothing is left to look at */
  due(nowMs: number): number | null {
    if (this.#records.length > 0 && nowMs < this.#dueMs) return this.#dueMs;
    this.#isUrgent = true;
    this.#isWatched = false;
    return null;
  }

  /** What is to be saved now. */
  take(): readonly Bytes[] {
    const isNow = this.#isUrgent || this.#records.length >= SAVE_RECORDS_MAX || this.#bytes >= SAVE_BYTES_MAX;
    this.#isUrgent = false;
    if (!isNow || this.#records.length === 0) return [];
    const records = this.#records;
    this.#records = [];
    this.#bytes = 0;
    return records;
  }
}
