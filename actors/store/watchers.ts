/** Those who wait for the next durable commit under a prefix (`changed`). A commit takes along those whom it concerns. */
import type { StoreError } from "./error.ts";

export type Watcher = { readonly wake: () => void; readonly fail: (reason: unknown) => void };

export class Watchers {
  readonly #byPrefix = new Map<string, Set<Watcher>>();
  /** How many of the prefixes have this length: a commit's keys are looked up once a length, however many wait. */
  readonly #lengths = new Map<number, number>();

  /** Resolves when whoever took the watcher wakes it. Rejects with the signal's reason. */
  wait(prefix: string, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const promise = new Promise<void>((resolve, reject) => {
      const settle = (): void => {
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
        taken.push(...set);
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
