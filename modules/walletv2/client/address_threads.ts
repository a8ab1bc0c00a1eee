/**
 * The search for addresses on all of the machine's threads: stretches of indices side by side, and their results in the
 * order of indices. What is found beyond the index that is wanted is kept: it is where the next search begins.
 */
import type { Platform, Thread } from "../../../actors/platform/platform.ts";
import { orAborted } from "../../../core/abort.ts";
import { ADDRESS_THREADS_MAX } from "../limits.ts";
import type { AddressSearch } from "./address_search.ts";
import type { AddressStretch } from "./address_task.ts";
import { addressTask } from "./address_task.ts";

/** Indices that a thread tries at once, and after which progress is stored: a quarter of a second's work. */
export const STRETCH = 4_096;

type SearchThread = Thread<AddressStretch, number | null>;

export class AddressThreads {
  readonly #platform: Pick<Platform, "threads">;
  readonly #search: AddressSearch;
  readonly #threads: SearchThread[] = [];
  /** By where a stretch begins: what is in it, or will be. */
  readonly #stretches = new Map<number, Promise<number | null>>();

  constructor(platform: Pick<Platform, "threads">, search: AddressSearch) {
    this.#platform = platform;
    this.#search = search;
  }

  get #count(): number {
    return Math.min(this.#platform.threads.cores, ADDRESS_THREADS_MAX);
  }

  /**
   * What passes in the stretch that begins with `from`: its first index, or null, and below which index nothing is left
   * to try. The stretches behind are begun meanwhile. A search is as many calls as it takes.
   * @throws {ThreadError} `failed`: this machine gives no threads
   */
  async next(from: number, signal: AbortSignal): Promise<{ readonly found: number | null; readonly tried: number }> {
    for (const start of this.#stretches.keys()) if (endOf(start) <= from) this.#stretches.delete(start);
    // a thread that is done finds another stretch waiting
    const ahead = this.#count === 1 ? 1 : 2 * this.#count;
    for (let i = 0, start = from; i < ahead; i++, start = endOf(start)) this.#begin(start);
    const found = await orAborted(this.#stretches.get(from)!, signal);
    return { found, tried: found === null ? endOf(from) : found + 1 };
  }

  /** Ends the threads: nothing is searched for a while. What they were at is begun anew when it is wanted. */
  rest(): void {
    for (const thread of this.#threads.splice(0)) thread.close();
  }

  #begin(from: number): void {
    if (this.#stretches.has(from)) return;
    const { keys, moduleSecret } = this.#search;
    const at = Math.floor(from / STRETCH) % this.#count;
    const stretch = this.#thread(at).run({ keys, moduleSecret: moduleSecret.toBytes(), from, end: endOf(from) });
    this.#stretches.set(from, stretch);
    stretch.catch(() => {
      if (this.#stretches.get(from) === stretch) this.#stretches.delete(from);
    });
  }

  #thread(at: number): SearchThread {
    while (this.#threads.length <= at) this.#threads.push(this.#platform.threads.open(addressTask));
    return this.#threads[at]!;
  }
}

/** Stretches end at multiples of their size, wherever a search begins. */
function endOf(start: number): number {
  return start - start % STRETCH + STRETCH;
}
