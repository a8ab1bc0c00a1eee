/** A clock moved by hand, for whatever runs over it in a test. */
import { setImmediate } from "node:timers";
import type { Clock, Timer } from "../platform/platform.ts";

/** Resolves when no microtask is left. Does not come to rest while one always begets the next. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Time moves only by `advance`. Timers fire in order of time, then of setting. */
export class ManualClock implements Clock {
  #nowMs = 0;
  /** By when they are due, those of the same moment in the order in which they were set. */
  readonly #timers: { readonly dueMs: number; readonly fire: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timers = this.#timers, timer = { dueMs: this.#nowMs + delayMs, fire };
    let from = 0;
    for (let to = timers.length; from < to;) {
      const middle = (from + to) >> 1;
      if (timers[middle]!.dueMs <= timer.dueMs) from = middle + 1;
      else to = middle;
    }
    timers.splice(from, 0, timer);
    return {
      cancel: () => {
        const at = timers.indexOf(timer);
        if (at !== -1) timers.splice(at, 1);
      },
    };
  }

  /** Timers that have not fired. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Fires what falls due, in order, each when everything before has come to rest. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= untilMs; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = timer.dueMs;
      timer.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** Fires what is due now and was set before: one turn of the event loop. */
  async turn(): Promise<void> {
    const due = this.#timers.filter(({ dueMs }) => dueMs <= this.#nowMs);
    this.#timers.splice(0, due.length);
    for (const { fire } of due) fire();
    await settle();
  }
}
