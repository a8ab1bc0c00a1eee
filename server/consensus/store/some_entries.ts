/** A session's entries are moved and deleted in small steps, each a commit of its own. */
import type { Entry, RangeOptions, ReadTx } from "../../../actors/store/store.ts";
import { MOVE_BYTES_MAX, MOVE_ENTRIES_MAX } from "../limits.ts";

/** The first entries of a range, as many as one commit moves or deletes; none when none is left. */
export async function someEntries(tx: ReadTx, range: Omit<RangeOptions, "limit">): Promise<Entry[]> {
  const taken: Entry[] = [];
  let bytes = 0;
  for await (const entry of tx.range({ ...range, limit: MOVE_ENTRIES_MAX })) {
    taken.push(entry);
    bytes += entry.value.length;
    if (bytes >= MOVE_BYTES_MAX) break;
  }
  return taken;
}
