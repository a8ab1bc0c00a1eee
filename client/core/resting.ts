/** Wallets in which nothing is under way: a look at what is stored need not set anything going. */
import type { ReadTx } from "../../actors/store/store.ts";
import { hasActiveStates } from "../executor/states.ts";
import { joinedSlot, pendingConfigSlot, versionsSlot } from "../federation/join_state.ts";
import { isAnyPending } from "../recovery/records.ts";

/**
 * Whether a wallet has joined, knows what it needs of its federation, and waits for nothing: no state of a machine, no
 * recovery. Deposits that nobody has looked for yet don't count: a look is too short to find them.
 */
export async function isResting(tx: ReadTx): Promise<boolean> {
  for (const slot of [joinedSlot, versionsSlot]) {
    if (await slot.get(tx) === undefined) return false;
  }
  if (await pendingConfigSlot.get(tx) !== undefined || await hasActiveStates(tx)) return false;
  return !await isAnyPending(tx);
}

/** Whether a wallet has joined nothing yet: then nothing is under way. */
export async function isNew(tx: ReadTx): Promise<boolean> {
  return await joinedSlot.get(tx) === undefined;
}
