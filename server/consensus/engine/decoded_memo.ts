/**
 * Inputs and outputs of transactions as their modules decoded them. A guardian meets a transaction many times: from the
 * client, in the units of several guardians, and when it is processed; decoding it checks every curve point in it,
 * which costs more than all the rest.
 *
 * A memo of a pure function, keyed by the hash of what is decoded: who shares it sees only that it is fast.
 */
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
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

type Entry = { readonly parts: DecodedParts; readonly bytes: number };

/** The least recently used are forgotten. */
class Entries {
  // a Map keeps the order of insertion; a read inserts again
  readonly #entries = new Map<TransactionId, Entry>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  take(txid: TransactionId): Entry | undefined {
    const entry = this.#entries.get(txid);
    if (!entry) return undefined;
    this.#entries.delete(txid);
    this.#bytes -= entry.bytes;
    return entry;
  }

  add(txid: TransactionId, entry: Entry): void {
    this.#entries.set(txid, entry);
    this.#bytes += entry.bytes;
    for (const [oldest, { bytes }] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= bytes;
    }
  }

  get(txid: TransactionId): DecodedParts | undefined {
    const entry = this.take(txid);
    if (entry) this.add(txid, entry);
    return entry?.parts;
  }
}

export class DecodedMemo {
  readonly #waiting: Entries;
  readonly #processed: Entries;

  constructor(bytesMax = MEMO_BYTES_MAX, processedBytesMax = MEMO_PROCESSED_BYTES_MAX) {
    this.#waiting = new Entries(bytesMax);
    this.#processed = new Entries(processedBytesMax);
  }

  /** That what is remembered now takes. */
  get bytes(): number {
    return this.#waiting.bytes + this.#processed.bytes;
  }

  get(txid: TransactionId): DecodedParts | undefined {
    return this.#waiting.get(txid) ?? this.#processed.get(txid);
  }

  add(txid: TransactionId, transaction: Transaction, parts: DecodedParts): void {
    this.#waiting.add(txid, { parts, bytes: bytesOf(transaction) });
  }

  /** It had its turn in consensus: soon nobody asks for it any more. */
  processed(txid: TransactionId): void {
    const entry = this.#waiting.take(txid);
    if (entry) this.#processed.add(txid, entry);
  }
}
