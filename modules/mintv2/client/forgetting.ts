/**
 * Notes that are in a transaction, spent, or kept for another reason are nowhere else in the wallet. What it spends it
 * takes out anyway; a text may hold notes that are the wallet's own, when it was restored from its words or is a copy:
 * without this they would count twice, and be handed out once more.
 */
import type { StoreTx } from "../../../actors/store/store.ts";
import type { SpendableNote } from "../ecash.ts";
import { dropNotes } from "./db.ts";
import { forgetRecovered } from "./recovery/db.ts";

/** In the transaction that puts them elsewhere. */
export async function forgetNotes(tx: StoreTx, notes: readonly SpendableNote[]): Promise<void> {
  await dropNotes(tx, notes);
  await forgetRecovered(tx, notes);
}
