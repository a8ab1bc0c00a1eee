/**
 * Units of sessions that are over: deleted in small steps beside the running session, as one session may have hundreds
 * of megabytes.
 */
import type { StoreView } from "../../../actors/store/store.ts";
import { UNITS_PREFIX, unitsPrefix } from "./db.ts";
import { someEntries } from "./some_entries.ts";

/**
 * What a crash leaves undone is done by the next call. Ends early, with the store's error, when the store is fenced off
 * or closed.
 */
export async function deleteUnitsBefore(store: StoreView, session: number): Promise<void> {
  const range = { start: UNITS_PREFIX, end: unitsPrefix(session) };
  for (let more = true; more;) {
    const { value, durable } = await store.transact(async (tx) => {
      const taken = await someEntries(tx, range);
      for (const { key } of taken) tx.delete(key);
      return taken.length > 0;
    });
    // no faster than the disk: nobody waits for it
    await durable;
    more = value;
  }
}
