/**
 * Turns for transactions that run again after a conflict: one at a time, first come first served. Without them a
 * thousand writers of one key would need a thousand runs each, and the last would give up. A turn ends when it is given
 * back, or after `turnMs`: a body that waits for another transaction in the queue must not block it for ever.
 */
import type { Clock } from "../platform/platform.ts";

export class Turns {
  readonly #clock: Clock;
  readonly #turnMs: number;
  readonly #queue: (() => void)[] = [];
  #taken = false;

  constructor(clock: Clock, turnMs: number) {
    this.#clock = clock;
    this.#turnMs = turnMs;
  }

  /** Resolves when it is the caller's turn, with the function that gives it back. */
  async take(): Promise<() => void> {
    if (this.#taken) await new Promise<void>((resolve) => this.#queue.push(resolve));
    this.#taken = true;
    let over = false;
    const end = (): void => {
      if (over) return;
      over = true;
      timer.cancel();
      const next = this.#queue.shift();
      if (next === undefined) this.#taken = false;
      else next();
    };
    const timer = this.#clock.setTimer(this.#turnMs, end);
    return end;
  }
}
