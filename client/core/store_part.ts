/** A part of a store as a store of its own: for one wallet of several in a database. */
import { fenced } from "../../actors/store/fenced.ts";
import { StoreError } from "../../actors/store/error.ts";
import type {
  Committed,
  ReadTx,
  Rollback,
  Store,
  StoreTx,
  StoreView,
  TransactOptions,
} from "../../actors/store/store.ts";

class StorePart implements Store {
  readonly failed: Promise<never>;
  readonly #view: StoreView;
  readonly #end: AbortController;

  constructor(store: Store, prefix: Uint8Array) {
    this.#end = new AbortController();
    this.#view = fenced(store.view(prefix), this.#end.signal);
    this.failed = store.failed;
  }

  #open(): StoreView {
    if (!this.#end.signal.aborted) return this.#view;
    throw closed();
  }

  // deno-lint-ignore require-await -- a closed store rejects and doesn't throw
  async transact<T>(
    body: (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>,
    options?: TransactOptions,
  ): Promise<Committed<T>> {
    return this.#open().transact(body, options);
  }

  // deno-lint-ignore require-await -- as above
  async read<T>(body: (tx: ReadTx) => Promise<T> | T): Promise<T> {
    return this.#open().read(body);
  }

  view(prefix: Uint8Array): StoreView {
    return this.#view.view(prefix);
  }

  forStrangers(): StoreView {
    return this.#view.forStrangers();
  }

  // deno-lint-ignore require-await -- as above
  async changed(prefix: Uint8Array, signal?: AbortSignal): Promise<void> {
    const { signal: end } = this.#end;
    return this.#open().changed(prefix, signal ? AbortSignal.any([signal, end]) : end);
  }

  /** Everything committed before is durable; the database itself stays open. */
  async close(): Promise<void> {
    if (this.#end.signal.aborted) return;
    const { durable } = await this.#view.transact(() => undefined);
    this.#end.abort(closed());
    await durable;
  }
}

function closed(): StoreError {
  return new StoreError({ code: "closed" }, "This part of the database was closed.");
}

/** @param prefix nobody else writes below it as long as the part is open */
export function storePart(store: Store, prefix: Uint8Array): Store {
  return new StorePart(store, prefix);
}
