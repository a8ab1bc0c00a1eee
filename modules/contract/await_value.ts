/** Waiting for something to appear in the store, at no cost meanwhile. */
import type { ReadTx, StoreView } from "../../actors/store/store.ts";
import { EndingWith } from "../../core/abort.ts";
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
    using until = new EndingWith(signal);
    // registered before reading, so that nothing in between is missed
    const changed = store.changed(prefix, until.signal);
    changed.catch(() => undefined);
    try {
      const value = await readDurable(store, body);
      if (value !== undefined) return value;
      await changed;
    } finally {
      // also when reading fails: nobody waits any more
      until.abort();
    }
  }
}
