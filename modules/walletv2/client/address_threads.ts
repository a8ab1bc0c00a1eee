/**
 * The search for addresses on threads of the machine: stretches of indices side by side, and their results in the order
 * of indices. What is found beyond the index that is wanted is kept: it is where the next search begins.
 */
import type { Platform, Thread } from "../../../actors/platform/platform.ts";
import { orAborted } from "../../../core/abort.ts";
import { ADDRESS_THREADS_MAX } from "../limits.ts";
import type { Searched } from "./search/search.ts";
import type { AddressStretch } from "./address_task.ts";
import { addressTask } from "./address_task.ts";

/** Indices that a thread tries at once, and after which progress is stored: a quarter of a second's work. */
export const STRETCH = 4_096;

type SearchThread = Thread<AddressStretch, number | null>;

/**
 * Threads that all searches of a wallet share, as one of them goes on at a time. A core is left free: the wallet's
 * other work, e-cash that is brought back say, goes on beside a search.
 */
export class SearchThreads {
  readonly #threads: Platform["threads"];
  readonly #open: SearchThread[] = [];
  readonly count: number;

  constructor({ threads }: Pick<Platform, "threads">) {
    this.#threads = threads;
    this.count = Math.max(1, Math.min(threads.cores - 1, ADDRESS_THREADS_MAX));
  }

  /** On the thread at 0 ≤ `at` < count. @throws {ThreadError} `failed`: this machine gives no threads */
  run(at: number, stretch: AddressStretch): Promise<number | null> {
    while (this.#open.length <= at) this.#open.push(this.#threads.open(addressTask));
    return this.#open[at]!.run(stretch);
  }

  /** Ends them: nothing is searched for a while. What they were at is begun anew when it is wanted. */
  rest(): void {
    for (const thread of this.#open.splice(0)) thread.close();
  }
}

/** One search. */
export class AddressThreads {
  readonly #threads: SearchThreads;
  readonly #searched: Searched;
  /** By where a stretch begins: what is in it, or will be. */
  readonly #stretches = new Map<number, Promise<number | null>>();

  constructor(threads: SearchThreads, searched: Searched) {
    this.#threads = threads;
    this.#searched = searched;
  }

  /**
   * What passes in the stretch that begins with `from`: its first index, or null, and below which index nothing is left
   * to try. The stretches behind are begun meanwhile. A search is as many calls as it takes.
   * @throws {ThreadError} `failed`: this machine gives no threads
   */
  async next(from: number, signal: AbortSignal): Promise<{ readonly found: number | null; readonly tried: number }> {
    for (const start of this.#stretches.keys()) if (endOf(start) <= from) this.#stretches.delete(start);
    const { count } = this.#threads;
    // a thread that is done finds another stretch waiting
    const ahead = count === 1 ? 1 : 2 * count;
    for (let i = 0, start = from; i < ahead; i++, start = endOf(start)) this.#begin(start);
    const found = await orAborted(this.#stretches.get(from)!, signal);
    return { found, tried: found === null ? endOf(from) : found + 1 };
  }

  #begin(from: number): void {
    if (this.#stretches.has(from)) return;
    const at = Math.floor(from / STRETCH) % this.#threads.count;
    const stretch = this.#threads.run(at, { searched: this.#searched, from, end: endOf(from) });
    this.#stretches.set(from, stretch);
    stretch.catch(() => {
      if (this.#stretches.get(from) === stretch) this.#stretches.delete(from);
    });
  }
}

/** Stretches end at multiples of their size, wherever a search begins. */
function endOf(start: number): number {
  return start - start % STRETCH + STRETCH;
}
