/** Which transactions an operation has made, what became of each, and what it cost: read from the states of the core's own machines. */
import { bigintIn, numberBytes } from "../../actors/store/number_key.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import { concat, fromHex } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { OperationId, TransactionId } from "../../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import { transactionIdOf } from "../../core/types/transaction.ts";
import { FEE_PREFIX } from "../core/database.ts";
import type { StoreTx } from "../../actors/store/store.ts";
import { operationStates } from "../executor/states.ts";
import { submissionState } from "../executor/submission.ts";

/** A transaction that an operation made. */
export type OperationTransaction = {
  readonly txid: TransactionId;
  /** `pending`: guardians haven't decided, or can't be reached. */
  readonly status: "pending" | "accepted" | "rejected";
  /** Everything that came in and didn't go out, msat: paid if it was accepted. */
  readonly feeMsat: bigint;
  /** Why it was rejected. */
  readonly reason?: string;
};

export function setFee(tx: StoreTx, txid: TransactionId, feeMsat: bigint): void {
  tx.set(concat(FEE_PREFIX, fromHex(txid)), numberBytes(feeMsat));
}

async function feeOf(tx: ReadTx, txid: TransactionId): Promise<bigint> {
  const value = await tx.get(concat(FEE_PREFIX, fromHex(txid)));
  return value ? bigintIn(value, 0) : 0n;
}

/** In the order in which they were made: first what was asked for, then refunds and the like. */
export async function operationTransactions(tx: ReadTx, operationId: OperationId): Promise<OperationTransaction[]> {
  const transactions = new Map<TransactionId, OperationTransaction>();
  for (const { state } of await operationStates(tx, operationId, GLOBAL_INSTANCE_ID)) {
    const submission = decode(submissionState, state);
    if (submission.tag === "Created") {
      const txid = transactionIdOf(submission.value);
      transactions.set(txid, { txid, feeMsat: await feeOf(tx, txid), status: "pending" });
    } else if (submission.tag === "Accepted") {
      transactions.set(submission.value, { ...transactions.get(submission.value)!, status: "accepted" });
    } else {
      const { txid, error } = submission.value;
      transactions.set(txid, { ...transactions.get(txid)!, status: "rejected", reason: error });
    }
  }
  return [...transactions.values()];
}

/** What an operation's accepted transactions cost together, msat. */
export function paidFeesMsat(transactions: readonly OperationTransaction[]): bigint {
  return transactions.reduce((sum, { status, feeMsat }) => status === "accepted" ? sum + feeMsat : sum, 0n);
}
