/** The first step of each machine: guardians decide on the transaction that it was made with. */
import type { Result } from "../../../core/result.ts";
import type { OperationId, TransactionId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import type { LnParts } from "./parts.ts";
import type { LnState } from "./states.ts";

/** @param next the state after it; the error is the reason of a refusal */
export function decidedTransition(
  { env }: LnParts,
  { operationId, txid }: { readonly operationId: OperationId; readonly txid: TransactionId },
  next: (tx: ClientTx<LnState>, outcome: Result<null, string>) => LnState | Promise<LnState>,
): Transition<LnState> {
  return transition<LnState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, txid, signal),
    async (tx, outcome) => await next(tx, outcome),
  );
}
