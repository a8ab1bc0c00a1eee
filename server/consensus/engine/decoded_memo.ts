/**
 * Inputs and outputs of transactions as their modules decoded them. A guardian meets a transaction many times: from the
 * client, in the units of several guardians, and when it is processed; decoding it checks every curve point in it,
 * which costs more than all the rest.
 *
 * A memo of a pure function, keyed by the hash of what is decoded: who shares it sees only that it is fast.
 */
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { UsedLately } from "../../../core/used_lately.ts";
import {
  MEMO_BYTES_MAX,
  MEMO_BYTES_PER_BYTE,
  MEMO_ITEM_BYTES,
  MEMO_PROCESSED_BYTES_MAX,
  MEMO_TRANSACTION_BYTES,
} from "../limits.ts";
import type { ModuleRef } from "./module_actor.ts";

export type DecodedItem = { readonly instance: ModuleInstanceId; readonly ref: ModuleRef; readonly value: unknown };
export type DecodedParts = { readonly inputs: readonly DecodedItem[]; readonly outputs: readonly DecodedItem[] };

/** About what it takes in memory, decoded. */
function bytesOf({ inputs, outputs }: Transaction): number {
  return [...inputs, ...outputs].reduce(
    (sum, { body }) => sum + MEMO_ITEM_BYTES + MEMO_BYTES_PER_BYTE * body.length,
    MEMO_TRANSACTION_BYTES,
  );
}

export class DecodedMemo {
  readonly #waiting: UsedLately<DecodedParts>;
  readonly #processed: UsedLately<DecodedParts>;

  constructor(bytesMax = MEMO_BYTES_MAX, processedBytesMax = MEMO_PROCESSED_BYTES_MAX) {
    this.#waiting = new UsedLately(bytesMax);
    this.#processed = new UsedLately(processedBytesMax);
  }

  /** That what is remembered now takes. */
  get bytes(): number {
    return this.#waiting.bytes + this.#processed.bytes;
  }

  get(txid: TransactionId): DecodedParts | undefined {
    return this.#waiting.get(txid) ?? this.#processed.get(txid);
  }

  add(txid: TransactionId, transaction: Transaction, parts: DecodedParts): void {
    this.#waiting.add(txid, { value: parts, bytes: bytesOf(transaction) });
  }

  /** It had its turn in consensus: soon nobody asks for it any more. */
  processed(txid: TransactionId): void {
    const entry = this.#waiting.take(txid);
    if (entry) this.#processed.add(txid, entry);
  }
}
