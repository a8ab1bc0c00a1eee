/**
 * The walletv2 client's state machines: they wait for what guardians decide, and say so. docs/protocol/05-wallet.md §9.
 */
import type { Result } from "../../../core/result.ts";
import type { BitcoinTxid, OperationId } from "../../../core/types/ids.ts";
import type { Transition } from "../../contract/client_env.ts";
import { transition } from "../../contract/client_env.ts";
import type { WalletFederation } from "./federation.ts";
import { sendOutcomeJson } from "./outcome.ts";
import type { StateOf, WalletState } from "./states.ts";
import type { WalletClientEnv } from "./wallet.ts";

type Watched = { readonly env: WalletClientEnv; readonly federation: WalletFederation };

export function walletTransitions(
  watched: Watched,
  state: WalletState,
  operationId: OperationId,
): readonly Transition<WalletState>[] {
  switch (state.tag) {
    case "SendFunding":
      return [sendTransition(watched, state, operationId)];
    case "ReceiveFunding":
      return [receiveTransition(watched, state, operationId)];
    default:
      return [];
  }
}

type Sent = { readonly txid: BitcoinTxid | null } | { readonly error: string };

function sendTransition(
  { env, federation }: Watched,
  { value: { outpoint } }: StateOf<"SendFunding">,
  operationId: OperationId,
): Transition<WalletState> {
  return transition<WalletState, Sent>(
    async (signal) => {
      const outcome = await env.core.awaitTransaction(operationId, outpoint.txid, signal);
      if (!outcome.ok) return { error: outcome.error };
      return { txid: await federation.transactionId(outpoint, signal) };
    },
    async (tx, sent): Promise<WalletState> => {
      const update = (status: string | { readonly Success: string }): void =>
        tx.logEvent("payment-send-update", { operation_id: operationId, status });
      if ("error" in sent) {
        update("Aborted");
        await tx.setOutcome(operationId, sendOutcomeJson({ outcome: "aborted", reason: sent.error }));
        return { tag: "SendAborted", value: sent.error };
      }
      if (sent.txid === null) {
        env.log.error("Guardians accepted a payment and know of no transaction for it", { operationId });
        await tx.setOutcome(operationId, sendOutcomeJson({ outcome: "failure" }));
        return { tag: "SendFailure", value: null };
      }
      update({ Success: sent.txid });
      await tx.setOutcome(operationId, sendOutcomeJson({ outcome: "success", txid: sent.txid }));
      return { tag: "SendSuccess", value: sent.txid };
    },
  );
}

function receiveTransition(
  { env }: Watched,
  { value: { txid } }: StateOf<"ReceiveFunding">,
  operationId: OperationId,
): Transition<WalletState> {
  return transition<WalletState, Result<null, string>>(
    (signal) => env.core.awaitTransaction(operationId, txid, signal),
    async (tx, outcome): Promise<WalletState> => {
      const status = outcome.ok ? "Success" : "Aborted";
      tx.logEvent("payment-receive-update", { operation_id: operationId, status });
      await tx.setOutcome(operationId, status);
      return outcome.ok ? { tag: "ReceiveSuccess", value: null } : { tag: "ReceiveAborted", value: outcome.error };
    },
  );
}
