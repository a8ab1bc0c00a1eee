/** Waiting until nothing is under way any more, by what the store holds. */
import type { StoreView } from "../../actors/store/store.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { operationStates } from "../executor/states.ts";
import { getOperation } from "../logs/operations.ts";
import { isOfRecovery } from "../recovery/records.ts";
import { ACTIVE_PREFIX, operationKey } from "./database.ts";

/** Resolves when no state machine waits for anything any more. @param active how many do */
export function awaitIdle(store: StoreView, active: () => Promise<number>, signal: AbortSignal): Promise<void> {
  return awaitNone(store, ACTIVE_PREFIX, active, signal);
}

/** The same for one operation. @throws {WaitError} `unknown_operation` · what the signal was aborted with */
export function awaitOperation(store: StoreView, operationId: OperationId, signal: AbortSignal): Promise<void> {
  const active = operationKey(ACTIVE_PREFIX, operationId);
  const count = async (): Promise<number> => {
    const { states, known } = await readDurable(store, async (tx) => {
      const states = await operationStates(tx, operationId);
      const known = states.length > 0 || await getOperation(tx, operationId) !== undefined ||
        await isOfRecovery(tx, operationId);
      return { states, known };
    });
    if (!known) throw WaitError.unknownOperation(operationId);
    return states.filter(({ leftUs }) => leftUs === null).length;
  };
  return awaitNone(store, active, count, signal);
}

async function awaitNone(
  store: StoreView,
  prefix: Uint8Array,
  count: () => Promise<number>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    // registered before reading, so that nothing in between is missed
    const stop = new AbortController();
    const changed = store.changed(prefix, AbortSignal.any([signal, stop.signal]));
    try {
      if (await count() === 0) return;
      await changed;
    } finally {
      changed.catch(() => undefined);
      stop.abort();
    }
  }
}
