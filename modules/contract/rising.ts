/**
 * A number in the store that only rises, and those who wait until it has come to something: the block count, the time,
 * the number of contracts. However many wait, the store is watched and read once for each change of it, and only those
 * are woken who have what they waited for.
 */
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import { readDurable } from "./read_durable.ts";

type Waiter = { readonly least: bigint; readonly resolve: () => void; readonly reject: (reason: unknown) => void };

export class Rising {
  readonly #store: StoreView;
  readonly #prefix: Uint8Array;
  readonly #read: (tx: ReadTx) => Promise<bigint>;
  readonly #waiters = new Set<Waiter>();
  /** Ends the watch that is under way; null while nobody waits. */
  #watching: AbortController | null = null;

  /** @param prefix what changes with the number: one key, or all keys that begin with it */
  constructor(store: StoreView, prefix: Uint8Array, read: (tx: ReadTx) => Promise<bigint>) {
    this.#store = store;
    this.#prefix = prefix;
    this.#read = read;
  }

  /** Those who wait. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /**
   * Resolves after a later change by which the number has become `least` or more on disk. As with the store's
   * `changed`: register first, then read, then await. Rejects with the signal's reason, and as the store's watch does.
   */
  reached(least: bigint, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.reject(signal.reason);
    const promise = new Promise<void>((resolve, reject) => {
      const settle = (): void => {
        signal.removeEventListener("abort", abort);
        this.#remove(waiter);
      };
      const waiter: Waiter = {
        least,
        resolve: () => (settle(), resolve()),
        reject: (reason) => (settle(), reject(reason)),
      };
      const abort = (): void => waiter.reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      this.#waiters.add(waiter);
    });
    // whoever registered may have found what it waits for
    promise.catch(() => {});
    if (!this.#watching) void this.#watch(this.#watching = new AbortController());
    return promise;
  }

  #remove(waiter: Waiter): void {
    this.#waiters.delete(waiter);
    if (this.#waiters.size > 0) return;
    this.#watching?.abort();
    this.#watching = null;
  }

  /** Goes on until nobody waits any more. What ends it otherwise is told to all who wait. */
  async #watch({ signal }: AbortController): Promise<void> {
    try {
      let changed = this.#store.changed(this.#prefix, signal);
      for (;;) {
        await changed;
        // registered before reading, so that nothing in between is missed
        changed = this.#store.changed(this.#prefix, signal);
        changed.catch(() => {});
        const value = await readDurable(this.#store, this.#read);
        for (const waiter of [...this.#waiters]) if (waiter.least <= value) waiter.resolve();
        if (signal.aborted) return;
      }
    } catch (thrown) {
      if (signal.aborted) return;
      for (const waiter of [...this.#waiters]) waiter.reject(thrown);
    }
  }
}
