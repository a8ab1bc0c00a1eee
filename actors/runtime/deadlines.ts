/**
 * Deadlines of requests: exact, and about free.
 *
 * Requests of equal deadline are due in the order in which they came. So each length of deadline has one queue, and only a queue's first is watched
 * by a timer. A timer is not moved when the first is answered: it fires, finds the next, and is set for that one. At the default
 * deadline this is one timer in 30 s, whatever the load; an own length for each request is one timer each, as it would be without queues.
 * A request leaves its queue in constant time, wherever it stands.
 */
import type { Clock, Timer } from "../platform/platform.ts";
import type { Ask } from "./asks.ts";

export class Deadlines {
  readonly #clock: Clock;
  readonly #expire: (ask: Ask) => void;
  readonly #queues = new Map<number, DeadlineQueue>();
  /** Read once for all requests of a batch: reading it costs as much as a message. */
  #nowMs: number | null = null;

  constructor(clock: Clock, expire: (ask: Ask) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(ask: Ask): void {
    this.#nowMs ??= this.#clock.monotonicMs();
    let queue = this.#queues.get(ask.deadlineMs);
    if (queue === undefined) {
      queue = { deadlineMs: ask.deadlineMs, first: null, last: null, timer: null };
      this.#queues.set(ask.deadlineMs, queue);
    }
  }
}
