/**
 * The core's own state machine: a transaction on its way. It is submitted until a threshold of guardians has said that
 * it is accepted, or all the same error. `fedimint-client-module/src/transaction/sm.rs`; docs/protocol/07-client.md §C.
 *
 * It never gives up by itself: a transaction that was submitted once may still be accepted.
 */
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, moduleEncoding, struct, text } from "../../core/encoding/mod.ts";
import type { TransactionId } from "../../core/types/ids.ts";
import { transactionId } from "../../core/types/ids.ts";
import type { Transaction, TransactionError } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transactionErrorText } from "../../core/types/transaction_error_text.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import type { Transition } from "../../modules/contract/client_env.ts";
import { transition } from "../../modules/contract/client_env.ts";
import type { FederationApi } from "../../modules/contract/federation_api.ts";

export const submissionState = closedEnum("TxSubmission", {
  Created: transaction,
  Accepted: transactionId,
  Rejected: struct("Rejected", { txid: transactionId, error: text }),
});
export type SubmissionState = CodecType<typeof submissionState>;

/** Between two submissions of a transaction that guardians found valid; the reference's Fibonacci 2 s → 10 min. */
const RESUBMIT = { minMs: 2_000, maxMs: 600_000 };

const outcome = moduleEncoding(transactionSubmissionOutcome);
const encodedTransaction = moduleEncoding(transaction);

/** Text of a module's own error; null when the module is not known. */
export type ErrorDescriber = (kind: "inputError" | "outputError", error: Dyn) => string | null;

type Submitted = { readonly accepted: true } | { readonly accepted: false; readonly error: TransactionError };

/**
 * Submits again and again; after the first "valid" it also waits for the acceptance, which guardians before 0.13 tell
 * only so.
 */
async function submit(
  api: FederationApi,
  platform: Platform,
  tx: Transaction,
  signal: AbortSignal,
): Promise<Submitted> {
  const call = { method: "submit_transaction", params: encodedTransaction.toJson(tx), result: outcome };
  const txid = transactionIdOf(tx);
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  const accepted = async (): Promise<Submitted> => {
    await api.consensus({ method: "await_transaction", params: txid, result: transactionId }, {
      retry: true,
      signal: either,
    });
    return { accepted: true };
  };
  const rejected = async (): Promise<Submitted> => {
    for (let attempt = 0;; attempt++) {
      await sleep(platform.clock, backOffMs(RESUBMIT, attempt, platform.dice), either);
      const answer = await api.consensus(call, { retry: true, signal: either });
      if (!answer.ok) return { accepted: false, error: answer.error };
    }
  };
  try {
    const first = await api.consensus(call, { retry: true, signal: either });
    if (!first.ok) return { accepted: false, error: first.error };
    return await Promise.race([accepted(), rejected()]);
  } finally {
    done.abort();
  }
}

export function submissionTransitions(
  state: SubmissionState,
  env: { readonly api: FederationApi; readonly platform: Platform; readonly describe: ErrorDescriber },
): readonly Transition<SubmissionState>[] {
  if (state.tag !== "Created") return [];
  const txid: TransactionId = transactionIdOf(state.value);
  return [
    transition<SubmissionState, Submitted>(
      (signal) => submit(env.api, env.platform, state.value, signal),
      (tx, submitted) => {
        const operationId = tx.operationId;
        if (submitted.accepted) {
          tx.logEvent("tx-accepted", { txid, operation_id: operationId });
          return Promise.resolve({ tag: "Accepted", value: txid });
        }
        const error = transactionErrorText(submitted.error, env.describe);
        tx.logEvent("tx-rejected", { txid, error, operation_id: operationId });
        return Promise.resolve({ tag: "Rejected", value: { txid, error } });
      },
    ),
  ];
}
