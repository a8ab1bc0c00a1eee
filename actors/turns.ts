/**
 * Who is served next: all callers together may ask for so much a second that the guardian's own work goes on, and each
 * source is served in its turn, however many of its requests wait.
 */
import type { BucketTerms } from "../core/token_bucket.ts";
import { TokenBucket } from "../core/token_bucket.ts";
import type { Clock } from "./platform/platform.ts";

/** Whose turn it is: an address, or a connection that stands for itself. */
export type Source = string | object;

export class Turns {
  readonly #clock: Clock;
  readonly #units: TokenBucket;
  readonly #debtMax: number;
  /** What waits of each source; the source that is served next comes first. */
  readonly #waiting = new Map<Source, Set<() => void>>();
  #timer: { cancel(): void } | null = null;

  constructor(clock: Clock, terms: BucketTerms) {
    this.#clock = clock;
    this.#units = new TokenBucket(terms, clock.monotonicMs());
    this.#debtMax = terms.burst;
  }

  /**
   * Calls `begin` when it is its turn, at once if nobody waits. A turn takes a unit.
   * @returns gives the place up; afterwards does nothing
   */
  wait(source: Source, begin: () => void): () => void {
    const own = this.#waiting.get(source) ?? new Set();
    // a function of its own: the same `begin` may wait twice
    const one = (): void => begin();
    this.#waiting.set(source, own.add(one));
    this.#serve();
    return () => {
      own.delete(one);
      if (own.size === 0 && this.#waiting.get(source) === own) this.#waiting.delete(source);
      if (this.#waiting.size === 0) this.#sleep(null);
    };
  }

  /**
   * What was done for somebody, whoever it was. However much that was, nobody waits longer for it than the whole burst
   * takes.
   */
  take(units: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#units.take(Math.min(units, this.#units.left(nowMs) + this.#debtMax), nowMs);
  }

  #serve(): void {
    this.#sleep(null);
    for (const [source, own] of this.#waiting) {
      const waitMs = this.#units.waitMs(1, this.#clock.monotonicMs());
      if (waitMs > 0) return this.#sleep(waitMs);
      const [first] = own;
      own.delete(first!);
      this.#waiting.delete(source);
      if (own.size > 0) this.#waiting.set(source, own); // behind all others
      this.take(1);
      first!();
    }
  }

  #sleep(ms: number | null): void {
    this.#timer?.cancel();
    this.#timer = ms === null ? null : this.#clock.setTimer(ms, () => this.#serve());
  }
}
