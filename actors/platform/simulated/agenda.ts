/** What will happen in a simulated world: events by time, those of one time in the order in which they were planned. */
import { assert } from "../../../core/assert.ts";
import { Schedule } from "../../../core/schedule.ts";
import type { Timer } from "../platform.ts";

export type Planned = Timer & {
  readonly atMs: number;
  readonly happen: () => void;
  cancelled: boolean;
};

/** Below so many cancelled events it does not pay to sweep them out. */
const SWEEP_MIN = 1_024;

/** Cancelled events stay planned until they come up or until they are more than half of all. */
export class Agenda {
  /** Time of the event that happens now, from the beginning of the world. */
  nowMs = 0;
  readonly #planned = new Schedule<Planned>();
  #cancelled = 0;

  plan(atMs: number, happen: () => void): Planned {
    assert(atMs >= this.nowMs && atMs < Infinity, "an event is not in the past");
    const planned: Planned = {
      atMs,
      happen,
      cancelled: false,
      cancel: () => {
        if (planned.cancelled) return;
        planned.cancelled = true;
        this.#cancelled++;
        if (this.#cancelled > SWEEP_MIN && this.#cancelled * 2 > this.#planned.size) this.#sweep();
      },
    };
    this.#planned.add(atMs, planned);
    return planned;
  }

  /** When the next event is; undefined when there is none. */
  nextMs(): number | undefined {
    this.#dropCancelled();
    return this.#planned.nextMs;
  }

  /** It is the time of the next event now, and it happens. Not to be called when there is none. */
  step(): void {
    this.#dropCancelled();
    const next = this.#planned.take(Infinity);
    assert(next !== undefined, "there is an event to happen");
    next.cancelled = true; // to cancel it later changes nothing and is not counted
    this.nowMs = next.atMs;
    next.happen();
  }

  #dropCancelled(): void {
    while (this.#planned.next?.cancelled) {
      this.#planned.take(Infinity);
      this.#cancelled--;
    }
  }

  #sweep(): void {
    this.#planned.keep((planned) => !planned.cancelled);
    this.#cancelled = 0;
  }
}
