/**
 * Reads from one snapshot: the overlay first, then the cache, then the backend, and what came back is checked against
 * the overlay again.
 */
import type { Bytes } from "../../core/bytes.ts";
import type { Cache } from "./cache.ts";
import { StoreError } from "./error.ts";
import type { Known, Overlay, Snapshot } from "./overlay.ts";
import { type Piece, type Pieces, type Pointer, TORN } from "./pieces.ts";

/** Thrown inside a transaction whose snapshot was given up; it runs again. */
export class SnapshotExpired extends Error {
  override name = "SnapshotExpired";
}

/**
 * Runs a read of the backend: refuses it when the store is closed, counts it, and turns its error into the store's
 * failure.
 */
export type Guard = <T>(read: () => Promise<T>) => Promise<T>;

export class Reader {
  readonly #overlay: Overlay;
  readonly #cache: Cache;
  readonly #pieces: Pieces;
  readonly #guard: Guard;

  constructor(overlay: Overlay, cache: Cache, pieces: Pieces, guard: Guard) {
    this.#overlay = overlay;
    this.#cache = cache;
    this.#pieces = pieces;
    this.#guard = guard;
  }

  /** The value; null when the key is absent. Not a copy. */
  async get(snapshot: Snapshot, key: string): Promise<Bytes | null> {
    const known = this.known(snapshot, key);
    if (known !== undefined) return known;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const value = await this.#guard(() => this.#pieces.get(key));
    // A commit may have gone to the backend while we read; then the value before it was kept.
    const kept = this.known(snapshot, key);
    if (kept !== undefined) return kept;
    if (value === TORN) return await this.#guard(() => Promise.reject(torn()));
    this.#cache.set(key, value);
    return value;
  }

  /** The value that a piece stands for; null when the snapshot has none. Not a copy. */
  async load(snapshot: Snapshot, key: string, pointer: Pointer): Promise<Bytes | null> {
    const value = await this.#guard(() => this.#pieces.load(pointer));
    const kept = this.known(snapshot, key);
    if (kept !== undefined) return kept;
    if (value === TORN) return await this.#guard(() => Promise.reject(torn()));
    return value;
  }

  /** Entries of the backend as it is now; `known` says for each whether the snapshot sees it so. */
  list(low: string, high: string | undefined, limit: number, reverse: boolean): Promise<readonly Piece[]> {
    return this.#guard(() => this.#pieces.list(low, high, limit, reverse));
  }

  /** The next key of which more is known than the backend says: least ≥ `from`, or greatest < `from` when `reverse`. */
  neighbour(from: string | undefined, reverse: boolean): string | undefined {
    return this.#overlay.neighbour(from, reverse);
  }

  /** What a snapshot sees of a key, where that isn't what the backend has. @throws {SnapshotExpired} */
  known(snapshot: Snapshot, key: string): Known {
    if (snapshot.expired) throw new SnapshotExpired("The transaction took too long and kept too much: it runs again.");
    return this.#overlay.lookup(key, snapshot.version);
  }
}

function torn(): StoreError {
  return new StoreError(
    { code: "corrupt" },
    "A large value of the database has lost chunks. Restore a backup; don't delete records by hand.",
  );
}
