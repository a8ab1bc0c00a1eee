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
 * Of bodies' encodings: those of 1,300 transactions of ten notes for ten, a minute's under load. Decoded they take
 * thirteen times as much, 26 MB.
 */
const BYTES_MAX = 2_000_000;

export type DecodedItem = { readonly instance: ModuleInstanceId; readonly ref: ModuleRef; readonly value: unknown };
export type DecodedParts = { readonly inputs: readonly DecodedItem[]; readonly outputs: readonly DecodedItem[] };

type Entry = { readonly parts: DecodedParts; readonly bytes: number };

export class DecodedMemo {
  // a Map keeps the order of insertion; a read inserts again
  readonly #entries = new Map<TransactionId, Entry>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Of encoded bodies that are remembered now. */
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
  add(txid: TransactionId, { inputs, outputs }: Transaction, parts: DecodedParts): void {
    const bytes = [...inputs, ...outputs].reduce((sum, { body }) => sum + body.length, 0);
    this.#entries.set(txid, { parts, bytes });
    this.#bytes += bytes;
    for (const [oldest, entry] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#entries.delete(oldest);
      this.#bytes -= entry.bytes;
    }
  }
}
