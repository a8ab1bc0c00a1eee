/**
 * Those who wait for the next durable commit under a prefix (`changed`). A commit takes along those whom it concerns.
 * Anybody who can make a call can wait, so there is a bound for all together, and a lower one for strangers.
 */
import { StoreError } from "./error.ts";

export type Watcher = { readonly wake: () => void; readonly fail: (reason: unknown) => void };

export class Watchers {
  readonly #byPrefix = new Map<string, Set<Watcher>>();
  /** How many of the prefixes have this length: a commit's keys are looked up once a length, however many wait. */
  readonly #lengths = new Map<number, number>();
  readonly #waitersMax: number;
  readonly #strangersMax: number;
  /** Also those that were taken and not yet woken. */
  #waiting = 0;
  #strangersWaiting = 0;

  constructor(waitersMax: number, strangersMax: number) {
    this.#waitersMax = waitersMax;
    this.#strangersMax = strangersMax;
  }

  /** Resolves when whoever took the watcher wakes it. Rejects with the signal's reason. @throws {StoreError} `busy` */
  wait(prefix: string, signal?: AbortSignal, ofStranger = false): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#waiting >= this.#waitersMax) return Promise.reject(busy(this.#waiting, this.#waitersMax));
    if (ofStranger && this.#strangersWaiting >= this.#strangersMax) {
      return Promise.reject(busy(this.#strangersWaiting, this.#strangersMax));
    }
    this.#waiting++;
    if (ofStranger) this.#strangersWaiting++;
    const promise = new Promise<void>((resolve, reject) => {
      let settled = false;
      const settle = (): void => {
        if (settled) return;
        settled = true;
        this.#waiting--;
        if (ofStranger) this.#strangersWaiting--;
        signal?.removeEventListener("abort", abort);
        this.#remove(prefix, watcher);
      };
      const watcher: Watcher = {
        wake: () => (settle(), resolve()),
        fail: (reason) => (settle(), reject(reason)),
      };
      const abort = (): void => watcher.fail(signal!.reason);
      signal?.addEventListener("abort", abort, { once: true });
      this.#add(prefix, watcher);
    });
    // Whoever registered may be gone when the store closes; whoever awaits it still gets the error.
    promise.catch(() => {});
    return promise;
  }

  /** Removes and returns the watchers of a commit that wrote these keys. */
  take(keys: readonly string[]): Watcher[] {
    const taken: Watcher[] = [];
    for (const key of keys) {
      for (const length of this.#lengths.keys()) {
        if (length > key.length) continue;
        const prefix = key.slice(0, length);
        const set = this.#byPrefix.get(prefix);
        if (set === undefined) continue;
        for (const watcher of set) taken.push(watcher);
        this.#forget(prefix);
      }
      if (this.#byPrefix.size === 0) break;
    }
    return taken;
  }

  failAll(error: StoreError): void {
    for (const set of [...this.#byPrefix.values()]) {
      for (const watcher of [...set]) watcher.fail(error);
    }
  }

  #add(prefix: string, watcher: Watcher): void {
    const set = this.#byPrefix.get(prefix);
    if (set !== undefined) {
      set.add(watcher);
      return;
    }
    this.#byPrefix.set(prefix, new Set([watcher]));
    this.#lengths.set(prefix.length, (this.#lengths.get(prefix.length) ?? 0) + 1);
  }

  #remove(prefix: string, watcher: Watcher): void {
    const set = this.#byPrefix.get(prefix);
    if (set?.delete(watcher) && set.size === 0) this.#forget(prefix);
  }

  #forget(prefix: string): void {
    this.#byPrefix.delete(prefix);
    const count = this.#lengths.get(prefix.length)! - 1;
    if (count === 0) this.#lengths.delete(prefix.length);
    else this.#lengths.set(prefix.length, count);
  }
}

/** The text for callers of `busy`. */
export function busy(waiting: number, waitingMax: number): StoreError {
  return new StoreError(
    { code: "busy", waiting, waitingMax },
    `${waiting} others wait already, and no more than ${waitingMax} may. Try again later.`,
  );
}
