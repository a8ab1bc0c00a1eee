/** How far something is, for people: with the time that it may still take, by what the last seconds brought. */
import type { RecoveryStatus } from "../recovery/status.ts";
import { printable } from "./printable.ts";
import { durationText } from "./time.ts";

/** How far back speed is measured: long enough to be calm, short enough to be of now. */
const WINDOW_MS = 15_000;
/** Below it a speed is chance. */
const MEASURED_MS_MIN = 2_000;

type Sample = { readonly atMs: number; readonly complete: number };

/** The speed of one thing that counts up. */
class Speed {
  #samples: Sample[] = [];

  add(atMs: number, complete: number): void {
    const last = this.#samples.at(-1);
    // a count that goes back is a new one
    if (last && complete < last.complete) this.#samples = [];
    // the newest of those that are too old stays: from it on the whole window is known
    while (this.#samples.length > 1 && this.#samples[1]!.atMs <= atMs - WINDOW_MS) this.#samples.shift();
    this.#samples.push({ atMs, complete });
  }

  /** Null while it isn't known, or nothing moves. */
  remainingMs(total: number): number | null {
    const first = this.#samples[0], last = this.#samples.at(-1);
    if (!first || !last) return null;
    const forMs = last.atMs - first.atMs, steps = last.complete - first.complete;
    if (forMs < MEASURED_MS_MIN || steps <= 0) return null;
    return (total - last.complete) * forMs / steps;
  }
}

/** How the recoveries of a wallet's modules stand, in a line. */
export class RecoveryProgress {
  readonly #speeds = new Map<number, Speed>();
  #statuses: readonly RecoveryStatus[] = [];
  #changedMs = 0;

  /** @param atMs of a clock that only goes forward */
  add(atMs: number, statuses: readonly RecoveryStatus[]): void {
    for (const { instance, complete } of statuses) {
      const before = this.#statuses.find((status) => status.instance === instance);
      if (before?.complete !== complete) this.#changedMs = atMs;
      const speed = this.#speeds.get(instance) ?? new Speed();
      speed.add(atMs, complete);
      this.#speeds.set(instance, speed);
    }
    this.#statuses = statuses;
  }

  /** Since when nothing has moved. */
  stillMs(atMs: number): number {
    return atMs - this.#changedMs;
  }

  /** `mintv2 34 % (3,400 of 10,000), about 2 minutes left`. */
  line(): string {
    const parts: string[] = [];
    let longestMs: number | null = null;
    for (const status of this.#statuses) {
      parts.push(`${printable(status.kind)} ${statusText(status)}`);
      const leftMs = status.status === "running" ? this.#speeds.get(status.instance)!.remainingMs(status.total) : null;
      if (leftMs !== null && (longestMs === null || leftMs > longestMs)) longestMs = leftMs;
    }
    return [...parts, ...longestMs === null ? [] : [`about ${durationText(longestMs)} left`]].join(", ");
  }
}

function statusText(status: RecoveryStatus): string {
  switch (status.status) {
    case "done":
      return "done";
    case "failed":
      return "failed";
    case "running": {
      const { complete, total } = status;
      if (total === 0) return "is looking";
      // what isn't done is never shown as all
      const percent = Math.min(99, Math.floor(100 * complete / total));
      return `${percent} % (${complete.toLocaleString("en")} of ${total.toLocaleString("en")})`;
    }
  }
}
