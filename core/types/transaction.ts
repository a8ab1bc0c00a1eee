/** A fedimint transaction, its id, and why it may be refused. `fedimint-core/src/transaction.rs`. */
import { sha256 } from "@noble/hashes/sha2.js";
import { concat, toHex } from "../bytes.ts";
import type { CodecType } from "../encoding/mod.ts";
import {
  closedEnum,
  encode,
  fixedBytes,
  fixedHex,
  list,
  openEnum,
  result,
  struct,
  text,
  u64,
  unit,
} from "../encoding/mod.ts";
import { amount } from "./amount.ts";
import { dyn } from "./dyn.ts";
import type { TransactionId } from "./ids.ts";
import { transactionId } from "./ids.ts";

/** Unit limit of AlephBFT (50,000) less 32: a larger transaction never gets into a unit. */
export const TRANSACTION_BYTES_MAX = 49_968;

/** One BIP340 signature (64 bytes) for each input, in order, over the transaction id. */
export const transactionSignature = openEnum("TransactionSignature", { NaiveMultisig: list(fixedHex(64)) });

export const transaction = struct("Transaction", {
  inputs: list(dyn),
  outputs: list(dyn),
  /** 8 random bytes */
  nonce: fixedBytes(8),
  signatures: transactionSignature,
});
export type Transaction = CodecType<typeof transaction>;

const inputs = list(dyn);

/** Single SHA-256 of inputs ‖ outputs ‖ nonce; also the message that is signed. */
export function transactionIdOf(tx: Pick<Transaction, "inputs" | "outputs" | "nonce">): TransactionId {
  return toHex(sha256(concat(encode(inputs, tx.inputs), encode(inputs, tx.outputs), tx.nonce))) as TransactionId;
}

export const transactionError = closedEnum("TransactionError", {
  UnbalancedTransaction: struct("UnbalancedTransaction", { inputs: amount, outputs: amount, fee: amount }),
  InvalidSignature: struct("InvalidSignature", { tx: text, hash: text, sig: text, key: text }),
  UnsupportedSignatureScheme: struct("UnsupportedSignatureScheme", { variant: u64 }),
  InvalidWitnessLength: unit,
  Input: dyn,
  Output: dyn,
});
export type TransactionError = CodecType<typeof transactionError>;

/** Answer to `submit_transaction`: the id, or why guardians refuse it. */
export const transactionSubmissionOutcome = result(transactionId, transactionError);
export type TransactionSubmissionOutcome = CodecType<typeof transactionSubmissionOutcome>;
