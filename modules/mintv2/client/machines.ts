/**
 * The mintv2 client's state machines: spent notes, notes that are being issued, e-cash that was received.
 * docs/protocol/04-mint.md §7.
 */
import { assert } from "../../../core/assert.ts";
import type { Result } from "../../../core/result.ts";
import { ok } from "../../../core/result.ts";
import { outPointRange } from "../../../core/types/ids.ts";
import type { OperationId, TransactionId } from "../../../core/types/ids.ts";
import type { ClientTx, Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import { countsOf, valueOf } from "./balancing.ts";
import { addBrought, addNotes, removeUnderWay } from "./db.ts";
import type { MintState, StateOf } from "./states.ts";
import type { Wallet } from "./wallet.ts";
import type { IssuedNotes } from "./issued_notes.ts";
import { issuedNotes } from "./issued_notes.ts";
import { recoveryTransition } from "./recovery/claiming.ts";
import { inputTransition, refundTransition } from "./refunds.ts";

export function mintTransitions(
  wallet: Wallet,
  state: MintState,
  operationId: OperationId,
): readonly Transition<MintState>[] {
  switch (state.tag) {
    case "InputPending":
      return [inputTransition(wallet, state, operationId)];
    case "RefundPending":
      return [refundTransition(wallet, state, operationId)];
    case "OutputPending":
      return [outputTransition(wallet, state, operationId)];
    case "ReceivePending":
      return [receiveTransition(wallet, [state.value.txid], operationId)];
    case "RedemptionPending":
      return [receiveTransition(wallet, state.value.txids, operationId)];
    case "ReissuePending":
      return [reissueTransition(wallet, state.value.txids, operationId)];
    case "RecoveryPending":
      return [recoveryTransition(wallet, state, operationId)];
    default:
      return [];
  }
}

function outputTransition(
  wallet: Wallet,
  state: StateOf<"OutputPending">,
  operationId: OperationId,
): Transition<MintState> {
  const { range, requests } = state.value;
  assert(range, "notes that are asked for belong to a transaction");
  return transition<MintState, IssuedNotes | null>(
    async (signal) => {
      const outcome = await wallet.env.core.awaitTransaction(operationId, range.txid, signal);
      if (!outcome.ok) return null;
      const call = { method: "signature_shares", params: () => outPointRange.toJson(range) };
      return await issuedNotes(wallet, requests, call, { retry: true, signal });
    },
    async (tx, issued) => {
      await removeUnderWay(tx.store, requests);
      if (!issued) return { tag: "OutputAborted", value: { range } };
      const { notes, invalid } = issued;
      await addNotes(tx.store, notes);
      await addBrought(tx.store, operationId, valueOf(countsOf(notes.map(({ denomination }) => denomination))));
      if (invalid.length === 0) return { tag: "OutputIssued", value: { range } };
      wallet.env.log.error("A threshold of guardians signed a note that does not verify", { operationId });
      return { tag: "OutputFailed", value: { range, reason: "an issued note does not verify" } };
    },
  );
}

/** Ok when all are accepted; else why the first of them was not. */
async function outcomeOf(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
  signal: AbortSignal,
): Promise<Result<null, string>> {
  const outcomes = await Promise.all(txids.map((txid) => wallet.env.core.awaitTransaction(operationId, txid, signal)));
  return outcomes.find(({ ok }) => !ok) ?? ok(null);
}

function statusOf(outcome: Result<null, string>): "Success" | "Rejected" {
  return outcome.ok ? "Success" : "Rejected";
}

/** Nothing is left to do but to say how it ended. */
function endTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
  end: (tx: ClientTx<MintState>, outcome: Result<null, string>) => MintState,
): Transition<MintState> {
  return transition<MintState, Result<null, string>>(
    (signal) => outcomeOf(wallet, txids, operationId, signal),
    async (tx, outcome) => {
      const state = end(tx, outcome);
      await tx.setOutcome(operationId, statusOf(outcome));
      return state;
    },
  );
}

function receiveTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
): Transition<MintState> {
  return endTransition(wallet, txids, operationId, (tx, outcome) => {
    tx.logEvent("payment-receive-update", { operation_id: operationId, status: statusOf(outcome) });
    return outcome.ok ? { tag: "ReceiveSuccess", value: null } : { tag: "ReceiveRejected", value: outcome.error };
  });
}

function reissueTransition(
  wallet: Wallet,
  txids: readonly TransactionId[],
  operationId: OperationId,
): Transition<MintState> {
  return endTransition(
    wallet,
    txids,
    operationId,
    (_tx, outcome) => outcome.ok ? { tag: "Reissued", value: null } : { tag: "ReissueRejected", value: outcome.error },
  );
}
