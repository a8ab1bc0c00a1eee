/**
 * Modules that a restored client meets after it was restored: by a program that knows more modules, or in a federation
 * that has got more. One that recovers does so before it runs for the first time, as its log may show money of the same
 * words; one that doesn't is remembered as begun, so that no later program takes what it did for somebody else's.
 */
import type { Dice } from "../../actors/platform/platform.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { toHex } from "../../core/bytes.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import type { ReadableModule } from "../core/readable_modules.ts";
import { restoredSlot } from "../federation/join_state.ts";
import type { RecoveryRecord } from "./records.ts";
import { allRecoveries, setRecovery } from "./records.ts";

/** Records of all modules, those of newly met ones among them. Durable when it resolves. */
export async function recoveryRecords(
  store: StoreView,
  readable: readonly ReadableModule[],
  dice: Dice,
): Promise<ReadonlyMap<ModuleInstanceId, RecoveryRecord>> {
  const { value, durable } = await store.transact(async (tx) => {
    const records = await allRecoveries(tx);
    if (await restoredSlot.get(tx) === undefined) return records;
    for (const { definition: { kind, recovery }, facts: { instance } } of readable) {
      if (records.has(instance)) continue;
      const record: RecoveryRecord = {
        kind,
        operationId: toHex(dice.bytes(32)) as OperationId,
        complete: 0,
        total: 0,
        backup: null,
        stage: { tag: recovery ? "Unprepared" : "None", value: null },
      };
      records.set(instance, record);
      setRecovery(tx, instance, record);
    }
    return records;
  });
  await durable;
  return value;
}
