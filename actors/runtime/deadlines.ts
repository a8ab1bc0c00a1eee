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

export type DeadlineQueue = {
  readonly deadlineMs: number;
  first: Ask | null;
  last: Ask | null;
  timer: Timer;
};

export class Deadlines {
  readonly #clock: Clock;
  readonly #expire: (ask: Ask) => void;
  readonly #queues = new Map<number, DeadlineQueue>();

  constructor(clock: Clock, expire: (ask: Ask) => void) {
    this.#clock = clock;
    this.#expire = expire;
  }

  add(ask: Ask, nowMs: number): void {
    let queue = this.#queues.get(ask.deadlineMs);
    if (queue === undefined) {
      queue = {
        deadlineMs: ask.deadlineMs,
        first: null,
        last: null,
        timer: this.#watch(ask.deadlineMs, ask.deadlineMs),
      };
      this.#queues.set(ask.deadlineMs, queue);
    }
    ask.queue = queue;
    ask.dueMs = nowMs + ask.deadlineMs;
    ask.earlier = queue.last;
    if (queue.last === null) queue.first = ask;
    else queue.last.later = ask;
    queue.last = ask;
  }

  remove(ask: Ask): void {
    const queue = ask.queue!;
    if (ask.earlier === null) queue.first = ask.later;
    else ask.earlier.later = ask.later;
    if (ask.later === null) queue.last = ask.earlier;
    else ask.later.earlier = ask.earlier;
    ask.queue = ask.earlier = ask.later = null;
  }

  close(): void {
    for (const queue of this.#queues.values()) queue.timer.cancel();
    this.#queues.clear();
  }

  #watch(deadlineMs: number, delayMs: number): Timer {
    return this.#clock.setTimer(delayMs, () => this.#fired(this.#queues.get(deadlineMs)!));
  }

  #fired(queue: DeadlineQueue): void {
    const nowMs = this.#clock.monotonicMs();
    while (queue.first !== null && queue.first.dueMs <= nowMs) this.#expire(queue.first); // which takes it out
    if (queue.first === null) this.#queues.delete(queue.deadlineMs);
    // Whole milliseconds, one at least: a timer that fires a fraction too early must not fire again at the same instant, for ever.
    else queue.timer = this.#watch(queue.deadlineMs, Math.max(1, Math.ceil(queue.first.dueMs - nowMs)));
  }
}
