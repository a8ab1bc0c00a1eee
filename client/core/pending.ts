/** Money that is in no balance: what all modules say of it, at one moment. */
import type { ReadTx } from "../../actors/store/store.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { ActiveState, PendingMoney } from "../../modules/contract/client.ts";
import { modulePrefix } from "./database.ts";
import { activeStates } from "../executor/states.ts";
import type { Running } from "./running.ts";

const NOTHING: PendingMoney = { incomingMsat: 0n, outgoingMsat: 0n, inDoubtMsat: 0n };

/** @param kinds of these modules alone; null: of all */
export async function pendingMoney(
  tx: ReadTx,
  { definitions, table, calls }: Running,
  kinds: readonly string[] | null,
): Promise<PendingMoney> {
  const active = new Map<ModuleInstanceId, ActiveState<unknown>[]>();
  for (const { instance, operationId, state } of await activeStates(tx)) {
    const definition = definitions.get(instance);
    if (!definition || !table.has(instance)) continue;
    const states = active.get(instance) ?? [];
    states.push({ operationId, state: decode(definition.state, state) });
    active.set(instance, states);
  }
  let sum = NOTHING;
  for (const [instance, module] of table) {
    if (!module.pending || kinds && !kinds.includes(definitions.get(instance)!.kind)) continue;
    const own = await calls.get(instance)!.pending(tx.view(modulePrefix(instance)), active.get(instance) ?? []);
    sum = {
      incomingMsat: sum.incomingMsat + own.incomingMsat,
      outgoingMsat: sum.outgoingMsat + own.outgoingMsat,
      inDoubtMsat: sum.inDoubtMsat + own.inDoubtMsat,
    };
  }
  return sum;
}
