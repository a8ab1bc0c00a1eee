/**
 * What the oldest databases have of sessions, and how it goes on:
 *
 * | record | key | value | goes on |
 * |---|---|---|---|
 * | accepted item of the running session | 01 ‖ position u64 BE | AcceptedItem | moved at the start |
 * | signed session outcome | 04 ‖ session u64 BE | SignedSessionOutcome | read where it is |
 * | unit of the running session | 05 ‖ counter u64 BE | SignedUnit | moved at the start |
 *
 * A session larger than a value of the store could not end there: all guardians crashed at its end, again after each
 * restart.
 *
 * This is no migration (`../../database.ts`), which is one commit: a session may be hundreds of megabytes, and all of
 * history gigabytes. Databases of any version may hold the old layout.
 */
import type { ReadTx, StoreView } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { numberIn, numberKey } from "../../../actors/store/number_key.ts";
import { someEntries } from "./some_entries.ts";

const ITEM_PREFIX = Uint8Array.of(0x01);
const OUTCOME_PREFIX = Uint8Array.of(0x04);
const UNIT_PREFIX = Uint8Array.of(0x05);

/** An encoded `SignedSessionOutcome` in the old layout. */
export function getOldOutcome(tx: ReadTx, session: number): Promise<Bytes | undefined> {
  return tx.get(numberKey(OUTCOME_PREFIX, session));
}

export async function finishedOldSessions(tx: ReadTx): Promise<number> {
  for await (const { key } of tx.range({ prefix: OUTCOME_PREFIX, reverse: true, limit: 1 })) {
    return numberIn(key, OUTCOME_PREFIX.length) + 1;
  }
  return 0;
}

/** Where an entry of the running session belongs. */
type Place = (number: number) => Bytes;

/** Moves a few entries; false when there are none. */
async function moveSome(store: StoreView, prefix: Uint8Array, place: Place): Promise<boolean> {
  const { value } = await store.transact(async (tx) => {
    const taken = await someEntries(tx, { prefix });
    for (const { key, value } of taken) {
      tx.set(place(numberIn(key, prefix.length)), value);
      tx.delete(key);
    }
    return taken.length > 0;
  });
  return value;
}

/**
 * Gives items and units of the running session their place, in small steps: a crash in between leaves each entry in one
 * of both, and the next start goes on. To be called before anything reads them.
 */
export async function moveOldSession(
  store: StoreView,
  { item, unit }: { readonly item: Place; readonly unit: Place },
): Promise<void> {
  while (await moveSome(store, ITEM_PREFIX, item));
  while (await moveSome(store, UNIT_PREFIX, unit));
}
