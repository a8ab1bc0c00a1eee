/**
 * The store: transactions over one ordered key space of byte strings, the same over Deno KV (file, remote) and memory.
 *
 * - `transact` gives snapshot reads and buffered writes; on a conflict with a commit that came between, the body runs again.
 * - Commits are visible at once and in order; they become durable together (group commit) and in that order. Nothing may be told
 *   to the outside world before `durable` resolved. After a crash the store holds a prefix of the commits.
 * - Keys up to 1,024 bytes, values up to 16 MB, commits up to 64 MB: what the backend can't hold in one piece is split below this
 *   interface and still all or nothing.
 * - A view sees the keys under its prefix and nothing else.
 */
import type { Bytes } from "../../core/bytes.ts";

/** A key and its value. */
export type Entry = { readonly key: Bytes; readonly value: Bytes };

/** Which entries, and in which order. */
export type RangeOptions = {
  /** Keys that begin with this; default all of the view. */
  readonly prefix?: Uint8Array;
  /** First key, inclusive. Keys are relative to the view, as everywhere. */
  readonly start?: Uint8Array;
  /** Last key, exclusive. */
  readonly end?: Uint8Array;
  /** Descending. */
  readonly reverse?: boolean;
  readonly limit?: number;
};

/** A snapshot, for reading. */
export interface ReadTx {
  /** The value at a key, own writes of the transaction included. */
  get(key: Uint8Array): Promise<Bytes | undefined>;
  /** Entries in order of the keys' bytes, a batch at a time; own writes of the transaction included. */
  range(options?: RangeOptions): AsyncIterable<Entry>;
  /** The same transaction seen below a further prefix. */
  view(prefix: Uint8Array): ReadTx;
}

/** A transaction: what is written is visible to nobody before it commits. */
export interface StoreTx extends ReadTx {
  /** Writes a value. */
  set(key: Uint8Array, value: Uint8Array): void;
  /** Deletes a key. Nothing happens when there is none. */
  delete(key: Uint8Array): void;
  /** Deletes every key that begins with `prefix`. Of what it deletes it holds the keys alone, until the commit is on disk. */
  deleteAll(prefix: Uint8Array): Promise<void>;
  /** The same transaction seen below a further prefix. */
  view(prefix: Uint8Array): StoreTx;
  /** Called after this transaction has become visible (once, for the try that committed). */
  onCommit(effect: () => void): void;
  /**
   * Runs `body` on the same transaction. What it wrote and its `onCommit` effects are undone when it throws (which is rethrown) or
   * returns `rollback(value)`; what it read is remembered for conflicts in any case. Savepoints may be nested. While one is open
   * only its own `tx` is used: the outer one is refused, so two at once are too.
   */
  savepoint<T>(body: (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>): Promise<T>;
}

/** What a transaction's body returned, once it is visible. */
export type Committed<T> = {
  readonly value: T;
  /** Resolves when this commit and all before it are on disk; rejects when the store failed. */
  readonly durable: Promise<void>;
};

/** A body returns this to leave nothing behind. */
export const ROLLBACK: unique symbol = Symbol("rollback");
/** What a body returns to leave nothing behind. */
export type Rollback<T> = { readonly [ROLLBACK]: true; readonly value: T };

/** Leaves nothing of the transaction behind, and returns the value. */
export function rollback<T>(value: T): Rollback<T> {
  return { [ROLLBACK]: true, value };
}

export function isRollback<T>(result: T | Rollback<T>): result is Rollback<T> {
  return typeof result === "object" && result !== null && ROLLBACK in result;
}

/** How often a transaction is tried, and until when. */
export type TransactOptions = { readonly triesMax?: number; readonly signal?: AbortSignal };

/** The part of a store below a prefix; the whole of it is one, too. */
export interface StoreView {
  /**
   * Runs `body` until it commits without conflict (at most `triesMax`, default 100).
   * A body that throws, or returns `rollback(value)`, commits nothing; then `durable` is resolved already.
   * If the body wrote nothing, `durable` is that of what it saw. What an `onCommit` effect throws is thrown after the commit.
   * Once `signal` is aborted nothing is committed any more: rejects with its reason.
   * @throws {StoreError} `conflict` after the last try · `busy` (strangers' only) · `closed` · `failed`
   */
  transact<T>(
    body: (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>,
    options?: TransactOptions,
  ): Promise<Committed<T>>;
  /** Snapshot reads only. The body runs again if it takes so long that too much was overwritten meanwhile. */
  read<T>(body: (tx: ReadTx) => Promise<T> | T): Promise<T>;
  /** The part below a further prefix. */
  view(prefix: Uint8Array): StoreView;
  /**
   * The same for what strangers cause: its commits are let in one at a time and only while little of theirs is not on disk yet, and
   * its waits have a bound of their own. So no own commit or wait stands behind theirs. Reads are as everywhere.
   */
  forStrangers(): StoreView;
  /**
   * Resolves after the next commit that writes or deletes a key beginning with `prefix` has become durable. Register first, then
   * read, then await: so nothing is missed. Costs nothing while it waits. Rejects with the signal's reason.
   * @throws {StoreError} `busy` when too many wait already · `closed` · `failed`
   */
  changed(prefix: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** A whole store, as it was opened. */
export interface Store extends StoreView {
  /** Flushes, then closes. Everything committed before is durable. */
  close(): Promise<void>;
  /** Rejects when the backend fails for good; never resolves before `close`. The process must stop then. */
  readonly failed: Promise<never>;
}
