/** Waiting for something to appear in the store, at no cost meanwhile. */
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import { readDurable } from "./read_durable.ts";

/**
 * Reads again whenever a key under `prefix` has changed on disk, until `body` gives something. Rejects with the
 * signal's reason.
 */
export async function awaitValue<T>(
  store: StoreView,
  prefix: Uint8Array,
  body: (tx: ReadTx) => Promise<T | undefined>,
  signal: AbortSignal,
): Promise<T> {
  for (;;) {
    signal.throwIfAborted();
    const done = new AbortController();
    // registered before reading, so that nothing in between is missed
    const changed = store.changed(prefix, AbortSignal.any([signal, done.signal]));
    changed.catch(() => undefined);
    const value = await readDurable(store, body);
    if (value !== undefined) {
      done.abort();
      return value;
    }
    await changed;
  }
}
