/** Reading for answers to the outside world. */
import type { ReadTx, StoreView } from "../../actors/store/store.ts";

/**
 * Reads a snapshot and waits until it is on disk: what a caller is told must not be lost in a crash. A plain `read` may
 * see commits that are visible but not yet durable.
 */
export async function readDurable<T>(store: StoreView, body: (tx: ReadTx) => Promise<T>): Promise<T> {
  const { value, durable } = await store.transact(body);
  await durable;
  return value;
}
