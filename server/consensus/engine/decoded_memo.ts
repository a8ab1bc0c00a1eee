/**
 * Inputs and outputs of transactions as their modules decoded them. A guardian meets a transaction many times: from the
 * client, in the units of several guardians, and when it is processed; decoding it checks every curve point in it,
 * which costs more than all the rest.
 *
 * A memo of a pure function, keyed by the hash of what is decoded: who shares it sees only that it is fast.
 */
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import type { Transaction } from "../../../core/types/transaction.ts";
import type { ModuleRef } from "./module_actor.ts";

/**
 * Of bodies' encodings: those of 1,300 transactions of ten notes for ten, as many as may wait to be ordered. Decoded
 * they take thirteen times as much, 26 MB.
 */
const BYTES_MAX = 2_000_000;
/** Of those that were processed, some seconds' under load: others' units bring them once more. */
const PROCESSED_BYTES_MAX = 100_000;

export type DecodedItem = { readonly instance: ModuleInstanceId; readonly ref: ModuleRef; readonly value: unknown };
export type DecodedParts = { readonly inputs: readonly DecodedItem[]; readonly outputs: readonly DecodedItem[] };

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

  constructor(bytesMax = BYTES_MAX, processedBytesMax = PROCESSED_BYTES_MAX) {
    this.#waiting = new Entries(bytesMax);
    this.#processed = new Entries(processedBytesMax);
  }

  /** Of encoded bodies that are remembered now. */
  get bytes(): number {
    return this.#waiting.bytes + this.#processed.bytes;
  }

  get(txid: TransactionId): DecodedParts | undefined {
    return this.#waiting.get(txid) ?? this.#processed.get(txid);
  }

  add(txid: TransactionId, { inputs, outputs }: Transaction, parts: DecodedParts): void {
    const bytes = [...inputs, ...outputs].reduce((sum, { body }) => sum + body.length, 0);
    this.#waiting.add(txid, { parts, bytes });
  }

  /** It had its turn in consensus: soon nobody asks for it any more. */
  processed(txid: TransactionId): void {
    const entry = this.#waiting.take(txid);
    if (entry) this.#processed.add(txid, entry);
  }
}
