/**
 * Inputs and outputs of transactions as their modules decoded them. A guardian meets a transaction many times: from the
 * client, in the units of several guardians, and when it is processed; decoding it checks every curve point in it,
 * which costs more than all the rest.
 *
 * A memo of a pure function, keyed by the hash of what is decoded: who shares it sees only that it is fast.
 */
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import { MEMO_BYTES_MAX, MEMO_BYTES_PER_BYTE, MEMO_ITEM_BYTES, MEMO_TRANSACTION_BYTES } from "../limits.ts";
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

type Entry = { readonly parts: DecodedParts; readonly bytes: number };

export class DecodedMemo {
  // a Map keeps the order of insertion; a read inserts again
  readonly #entries = new Map<TransactionId, Entry>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = MEMO_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** That what is remembered now takes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(txid: TransactionId): DecodedParts | undefined {
    const entry = this.#entries.get(txid);
    if (!entry) return undefined;
    this.#entries.delete(txid);
    this.#entries.set(txid, entry);
    return entry.parts;
  }

  /** The least recently used are forgotten. */
  add(txid: TransactionId, transaction: Transaction, parts: DecodedParts): void {
    const bytes = bytesOf(transaction);
    this.#entries.set(txid, { parts, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
