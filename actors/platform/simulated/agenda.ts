/** What will happen in a simulated world: events by time, those of one time in the order in which they were planned. */
import { assert } from "../../../core/assert.ts";
import type { Timer } from "../platform.ts";

export type Planned = Timer & {
  readonly atMs: number;
  readonly sequence: number;
  readonly happen: () => void;
  cancelled: boolean;
};

/** Below so many cancelled events it does not pay to sweep them out. */
const SWEEP_MIN = 1_024;

/** A binary heap. Cancelled events stay in it until they come up or until they are more than half of it. */
export class Agenda {
  /** Time of the event that happens now, from the beginning of the world. */
  nowMs = 0;
  #heap: Planned[] = [];
  #sequence = 0;
  #cancelled = 0;

  plan(atMs: number, happen: () => void): Planned {
    assert(atMs >= this.nowMs && atMs < Infinity, "an event is not in the past");
    const planned: Planned = {
      atMs,
      sequence: this.#sequence++,
      happen,
      cancelled: false,
      cancel: () => {
        if (planned.cancelled) return;
        planned.cancelled = true;
        this.#cancelled++;
        if (this.#cancelled > SWEEP_MIN && this.#cancelled * 2 > this.#heap.length) this.#sweep();
      },
    };
    this.#heap.push(planned);
    this.#up(this.#heap.length - 1);
    return planned;
  }

  /** When the next event is; undefined when there is none. */
  nextMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.atMs;
  }

  /** It is the time of the next event now, and it happens. Not to be called when there is none. */
  step(): void {
    this.#dropCancelled();
    const next = this.#pop();
    assert(next !== undefined, "there is an event to happen");
    next.cancelled = true; // to cancel it later changes nothing and is not counted
    this.nowMs = next.atMs;
    next.happen();
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.cancelled) {
      this.#pop();
      this.#cancelled--;
    }
  }

  #pop(): Planned | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || first === last) return first;
    this.#heap[0] = last!;
    this.#down(0);
    return first;
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((planned) => !planned.cancelled).sort((a, b) => before(a, b) ? -1 : 1);
    this.#cancelled = 0;
  }

  #up(index: number): void {
    const moved = this.#heap[index]!;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(this.#heap[parent]!, moved)) break;
      this.#heap[index] = this.#heap[parent]!;
      index = parent;
    }
    this.#heap[index] = moved;
  }

  #down(index: number): void {
    const moved = this.#heap[index]!;
    const { length } = this.#heap;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= length) break;
      if (child + 1 < length && before(this.#heap[child + 1]!, this.#heap[child]!)) child++;
      if (before(moved, this.#heap[child]!)) break;
      this.#heap[index] = this.#heap[child]!;
      index = child;
    }
    this.#heap[index] = moved;
  }
}

function before(a: Planned, b: Planned): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.sequence < b.sequence);
}
