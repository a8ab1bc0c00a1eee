/**
 * What the store needs of a database: a small ordered key space of small entries and small atomic commits, with Deno
 * KV's limits. Only one store uses a backend, and it commits one group at a time; reads may run beside.
 */
import type { Bytes } from "../../core/bytes.ts";
import { encodedBytes } from "./keys.ts";
import {
  KV_COMMIT_BYTES_MAX,
  KV_COMMIT_KEY_BYTES_MAX,
  KV_MUTATIONS_MAX,
  OWNER_BYTES,
  OWNER_MUTATIONS,
} from "./limits.ts";
import type { Entry } from "./store.ts";

/** Sets, or deletes when the value is null. */
export type Operation = { readonly key: Bytes; readonly value: Bytes | null };

export interface Backend {
  get(key: Bytes): Promise<Bytes | undefined>;
  /** The first (last, when `reverse`) `limit` entries of start ≤ key < end, as of one moment. */
  list(
    range: { readonly start: Bytes; readonly end: Bytes; readonly limit: number; readonly reverse: boolean },
  ): Promise<Entry[]>;
  /** All or nothing, within a `Budget`. Durable when it resolves; when it rejects, nobody knows. */
  commit(operations: readonly Operation[]): Promise<void>;
  close(): Promise<void>;
  /** Rejects when the backend is found to be out of reach or another's for good. Never resolves. */
  readonly lost: Promise<never>;
}

/** What still fits one commit of a backend. */
export class Budget {
  #mutations = KV_MUTATIONS_MAX - OWNER_MUTATIONS;
  #keyBytes = KV_COMMIT_KEY_BYTES_MAX - OWNER_BYTES;
  #bytes = KV_COMMIT_BYTES_MAX - OWNER_BYTES;

  /** Takes an operation in; false when it doesn't fit. */
  take(operation: Operation): boolean {
    return this.takeSize(1, encodedBytes(operation.key), operation.value?.length ?? 0);
  }

  /** Takes operations of this size in. */
  takeSize(mutations: number, keyBytes: number, valueBytes: number): boolean {
    // Deno KV counts the key of a set twice in its total.
    const bytes = 2 * keyBytes + valueBytes;
    if (this.#mutations < mutations || this.#keyBytes < keyBytes || this.#bytes < bytes) return false;
    this.#mutations -= mutations;
    this.#keyBytes -= keyBytes;
    this.#bytes -= bytes;
    return true;
  }
}

/** Whether `operations` fit one commit of the backend. */
export function fits(operations: Iterable<Operation>): boolean {
  const budget = new Budget();
  for (const operation of operations) if (!budget.take(operation)) return false;
  return true;
}

/** Cuts operations into runs that fit one commit each, in order. */
export function* cutToFit(operations: Iterable<Operation>): Generator<Operation[]> {
  let run: Operation[] = [];
  let budget = new Budget();
  for (const operation of operations) {
    if (!budget.take(operation)) {
      yield run;
      run = [];
      budget = new Budget();
      budget.take(operation);
    }
    run.push(operation);
  }
  if (run.length > 0) yield run;
}
