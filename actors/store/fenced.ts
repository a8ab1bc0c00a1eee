/**
 * A store that an actor's incarnation writes to, and nobody after its end. Code of an incarnation that crashed or was
 * abandoned may run on; what it wrote then would come behind the back of the next one, which has read the store
 * already.
 */
import type { Committed, ReadTx, Rollback, StoreTx, StoreView, TransactOptions } from "./store.ts";

class Fenced implements StoreView {
  readonly #view: StoreView;
  readonly #signal: AbortSignal;

  constructor(view: StoreView, signal: AbortSignal) {
    this.#view = view;
    this.#signal = signal;
  }

  transact<T>(
    body: (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>,
    { signal, ...options }: TransactOptions = {},
  ): Promise<Committed<T>> {
    const either = signal ? AbortSignal.any([this.#signal, signal]) : this.#signal;
    return this.#view.transact(body, { ...options, signal: either });
  }

  read<T>(body: (tx: ReadTx) => Promise<T> | T): Promise<T> {
    return this.#view.read(body);
  }

  view(prefix: Uint8Array): StoreView {
    return new Fenced(this.#view.view(prefix), this.#signal);
  }

  forStrangers(): StoreView {
    return new Fenced(this.#view.forStrangers(), this.#signal);
  }

  changed(prefix: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#view.changed(prefix, signal);
  }
}

/** @param signal `ctx.signal`: once it is aborted no transaction of this view commits, also none that is under way */
export function fenced(view: StoreView, signal: AbortSignal): StoreView {
  return new Fenced(view, signal);
}
