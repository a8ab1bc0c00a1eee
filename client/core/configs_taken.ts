/**
 * Which modules' configs a wallet's programs have decoded whole, by their hashes: the next opening needn't check their
 * points again, 35 ms with four guardians. Of one that isn't among them, or has changed, each point is checked.
 */
import type { StoreView } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes } from "../../core/bytes.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { takenConfigsSlot } from "../federation/join_state.ts";
import type { ReadableModule } from "./readable_modules.ts";

type Taken = ReadonlyMap<ModuleInstanceId, Bytes>;

export async function configsTaken(store: StoreView): Promise<Taken> {
  return await store.read((tx) => takenConfigsSlot.get(tx)) ?? new Map();
}

/** Keeps the hashes of those that could be read, if there are others than before. Durable when it resolves. */
export async function keepTaken(store: StoreView, before: Taken, readable: readonly ReadableModule[]): Promise<void> {
  const taken = new Map(readable.map(({ facts: { instance }, configHash }) => [instance, configHash]));
  const isKept = (instance: ModuleInstanceId, hash: Bytes): boolean => {
    const kept = before.get(instance);
    return kept !== undefined && equalBytes(kept, hash);
  };
  if ([...taken].every(([instance, hash]) => isKept(instance, hash))) return;
  const { durable } = await store.transact((tx) => takenConfigsSlot.set(tx, taken));
  await durable;
}
