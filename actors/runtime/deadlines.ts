/**
 * Deadlines of requests: exact, and about free.
 *
 * Requests of equal deadline are due in the order in which they came. So each length of deadline has one queue, and
 * only a queue's first is watched by a timer. A timer is not moved when the first is answered: it fires, finds the
 * next, and is set for that one. At the default deadline this is one timer in 30 s, whatever the load; an own length
 * for each request is one timer each, as it would be without queues. A request leaves its queue in constant time,
 * wherever it stands.
 */
import type { Clock, Timer } from "../platform/platform.ts";

/** What has a deadline. It carries its own place in the queue: a node apart would cost an object a request. */
export interface Due<T> {
  readonly deadlineMs: number;
  /** Null while in none. */
  queue: DeadlineQueue<T> | null;
  dueMs: number;
  earlier: T | null;
  later: T | null;
}

export type DeadlineQueue<T> = {
  readonly deadlineMs: number;
  first: T | null;
  last: T | null;
  timer: Timer;
};

export class Deadlines<T extends Due<T>> {
  readonly #clock: Clock;
  readonly #expire: (due: T) => void;
  readonly #queues = new Map<number, DeadlineQueue<T>>();

  constructor(clock: Clock, expire: (due: T) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(due: T, nowMs: number): void {
    let queue = this.#queues.get(due.deadlineMs);
    if (queue === undefined) {
      queue = {
        deadlineMs: due.deadlineMs,
        first: null,
        last: null,
        timer: this.#watch(due.deadlineMs, due.deadlineMs),
      };
      this.#queues.set(due.deadlineMs, queue);
    }
    due.queue = queue;
    due.dueMs = nowMs + due.deadlineMs;
    due.earlier = queue.last;
    if (queue.last === null) queue.first = due;
    else queue.last.later = due;
    queue.last = due;
  }

  remove(due: T): void {
    const queue = due.queue!;
    if (due.earlier === null) queue.first = due.later;
    else due.earlier.later = due.later;
    if (due.later === null) queue.last = due.earlier;
    else due.later.earlier = due.earlier;
    due.queue = due.earlier = due.later = null;
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.timer.cancel();
    this.#queues.clear();
  }

  #watch(deadlineMs: number, delayMs: number): Timer {
    return this.#clock.setTimer(delayMs, () => this.#fired(this.#queues.get(deadlineMs)!));
  }

  #fired(queue: DeadlineQueue<T>): void {
    const nowMs = this.#clock.monotonicMs();
    while (queue.first !== null && queue.first.dueMs <= nowMs) this.#expire(queue.first); // which takes it out
    if (queue.first === null) this.#queues.delete(queue.deadlineMs);
    // Whole milliseconds, one at least: a timer that fires a fraction too early must not fire again at the same
    // instant, for ever.
    else queue.timer = this.#watch(queue.deadlineMs, Math.max(1, Math.ceil(queue.first.dueMs - nowMs)));
  }
}
