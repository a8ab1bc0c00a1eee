/** Units of sessions that are over: deleted in small steps beside the running session, as one session may have hundreds of megabytes. */
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { UNITS_PREFIX, unitsPrefix } from "./db.ts";
import { MOVE_BYTES_MAX, MOVE_ENTRIES_MAX } from "./limits.ts";

/** What a crash leaves undone is done by the next call. Ends early, with the store's error, when the store is fenced off or closed. */
export async function deleteUnitsBefore(store: StoreView, session: number): Promise<void> {
  const range = { start: UNITS_PREFIX, end: unitsPrefix(session), limit: MOVE_ENTRIES_MAX };
  for (let more = true; more;) {
    const { value, durable } = await store.transact(async (tx) => {
      const keys: Bytes[] = [];
      let bytes = 0;
      for await (const entry of tx.range(range)) {
        keys.push(entry.key);
        bytes += entry.value.length;
        if (bytes >= MOVE_BYTES_MAX) break;
      }
      for (const key of keys) tx.delete(key);
      return keys.length > 0;
    });
    // no faster than the disk: nobody waits for it
    await durable;
    more = value;
  }
}
