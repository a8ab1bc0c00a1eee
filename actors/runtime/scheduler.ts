/**
 * When actors get the processor. One pump serves all ready actors, first come first served, a few messages each; it
 * runs as a microtask, and again while anybody is ready. So the order of handling follows from the order of sending
 * alone.
 *
 * Microtasks come before timers and sockets, so a pump that is never done would shut them out. A timer of no delay, set
 * when a run of messages begins, shows that the event loop came round: when it has not after a slice, the pump waits
 * for it.
 */
import { PUMP_MESSAGES, SLICE_MESSAGES, SLICE_MS, TURN_MESSAGES } from "../limits.ts";
import type { Clock, Timer } from "../platform/platform.ts";
import type { Asks } from "./asks.ts";

/** What is scheduled. Its place in the queue is in itself, so that becoming ready costs nothing. */
export interface Ready {
  nextReady: Ready | null;
  /** Handles up to `messagesMax` and says how many; schedules itself again when more can be handled. */
  turn(messagesMax: number): number;
}

export class Scheduler {
  readonly #clock: Clock;
  readonly #asks: Asks;
  readonly #pumpBound = () => this.#pump();
  #first: Ready | null = null;
  #last: Ready | null = null;
  /** A pump is a microtask already, or runs. */
  #pumping = false;
  /** A slice is used up: nothing runs before the event loop came round. */
  #paused = false;
  #closed = false;

  #roundTimer: Timer | null = null;
  #sliceStartMs = 0;
  #handledInSlice = 0;
  #handledAtCheck = 0;

  constructor(clock: Clock, asks: Asks) {
    this.#clock = clock;
    this.#asks = asks;
  }

  add(ready: Ready): void {
    if (this.#last === null) this.#first = ready;
    else this.#last.nextReady = ready;
    this.#last = ready;
    this.pumpSoon();
  }

  pumpSoon(): void {
    if (this.#pumping || this.#paused) return;
    this.#pumping = true;
    queueMicrotask(this.#pumpBound);
  }

  close(): void {
    this.#closed = true;
    this.#roundTimer?.cancel();
    this.#roundTimer = null;
  }

  #pump(): void {
    let left = PUMP_MESSAGES;
    while (this.#first !== null && left > 0) {
      const ready = this.#first;
      this.#first = ready.nextReady;
      if (this.#first === null) this.#last = null;
      ready.nextReady = null;
      // A turn that handled nothing counts too, so that every loop here ends.
      left -= Math.max(1, ready.turn(Math.min(left, TURN_MESSAGES)));
    }
    this.#handledInSlice += PUMP_MESSAGES - left;
    this.#asks.startDeadlines();
    this.#pumping = false;
    this.#paused = this.#sliceIsOver();
    if (this.#first !== null) this.pumpSoon();
  }

  #sliceIsOver(): boolean {
    if (this.#handledInSlice - this.#handledAtCheck < TURN_MESSAGES || this.#closed) return false;
    this.#handledAtCheck = this.#handledInSlice;
    if (this.#roundTimer === null) {
      this.#roundTimer = this.#clock.setTimer(0, () => this.#cameRound());
      this.#sliceStartMs = this.#clock.monotonicMs();
      return false;
    }
    return this.#handledInSlice >= SLICE_MESSAGES || this.#clock.monotonicMs() - this.#sliceStartMs >= SLICE_MS;
  }

  #cameRound(): void {
    this.#roundTimer = null;
    this.#handledInSlice = this.#handledAtCheck = 0;
    this.#paused = false;
    this.pumpSoon();
  }
}
