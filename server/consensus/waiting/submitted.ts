/**
 * Transactions that wait, by all that was submitted. The id of one doesn't cover its signatures: a guardian that sees a
 * transaction can submit it with other signatures, and what is found of that copy must not be answered to its owner,
 * who would take the transaction for refused while it is accepted.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { encode } from "../../../core/encoding/mod.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { transaction as transactionCodec } from "../../../core/types/transaction.ts";

/** The hash of a transaction with its signatures, base64. */
export type SubmissionKey = string & { readonly submissionKey: never };

export function submissionKey(transaction: Transaction): SubmissionKey {
  return sha256(encode(transactionCodec, transaction)).toBase64() as SubmissionKey;
}

export class Submitted<Entry> {
  readonly #entries = new Map<SubmissionKey, { readonly txid: TransactionId; readonly entry: Entry }>();
  /** None is empty. */
  readonly #copies = new Map<TransactionId, Set<SubmissionKey>>();

  get size(): number {
    return this.#entries.size;
  }

  get(key: SubmissionKey): Entry | undefined {
    return this.#entries.get(key)?.entry;
  }

  /** All copies of a transaction. */
  of(txid: TransactionId): Entry[] {
    return [...this.#copies.get(txid) ?? []].map((key) => this.#entries.get(key)!.entry);
  }

  values(): Entry[] {
    return [...this.#entries.values()].map(({ entry }) => entry);
  }

  /** @param key not there yet */
  add(txid: TransactionId, key: SubmissionKey, entry: Entry): void {
    this.#entries.set(key, { txid, entry });
    const copies = this.#copies.get(txid);
    if (copies) copies.add(key);
    else this.#copies.set(txid, new Set([key]));
  }

  delete(key: SubmissionKey): void {
    const held = this.#entries.get(key);
    if (!held) return;
    this.#entries.delete(key);
    const copies = this.#copies.get(held.txid)!;
    copies.delete(key);
    if (copies.size === 0) this.#copies.delete(held.txid);
  }
}
