/** Reads from one snapshot: the overlay first, then the cache, then the backend, and what came back is checked against the overlay again. */
import type { Bytes } from "../../core/bytes.ts";
import type { Cache } from "./cache.ts";
import { StoreError } from "./error.ts";
import { successor } from "./keys.ts";
import { BATCH_ENTRIES_FIRST, BATCH_ENTRIES_MAX } from "./limits.ts";
import type { Overlay, Snapshot } from "./overlay.ts";
import { type Piece, type Pieces, TORN } from "./pieces.ts";
import type { SortedMap } from "./sorted_map.ts";

/** Thrown inside a transaction whose snapshot was given up; it runs again. */
export class SnapshotExpired extends Error {
  override name = "SnapshotExpired";
}

/** Runs a read of the backend: refuses it when the store is closed, counts it, and turns its error into the store's failure. */
export type Guard = <T>(read: () => Promise<T>) => Promise<T>;

export type Scan = {
  readonly start: string;
  readonly end: string | undefined;
  readonly reverse: boolean;
  /** How many entries the caller wants at most: no more are fetched at first. */
  readonly limit: number;
  /** Writes of the transaction, which win. They may change while the scan goes on. */
  readonly own: SortedMap<Bytes | null> | undefined;
  /** False leaves large values unread and yields empty ones. */
  readonly values: boolean;
};

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
    const known = this.#known(snapshot, key);
    if (known !== undefined) return known;
    const cached = this.#cache.get(key);
    if (cached !== undefined) return cached;
    const value = await this.#guard(() => this.#pieces.get(key));
    // A commit may have gone to the backend while we read; then the value before it was kept.
    const kept = this.#known(snapshot, key);
    if (kept !== undefined) return kept;
    if (value === TORN) return await this.#guard(() => Promise.reject(torn()));
    this.#cache.set(key, value);
    return value;
  }

  /** Entries in order. Values are not copies. */
  async *scan(snapshot: Snapshot, { start, end, reverse, limit, own, values }: Scan): AsyncGenerator<[string, Bytes]> {
    // What is not visited yet: low ≤ key < high.
    let low = start;
    let high = end;
    let batch: Piece[] = [];
    let at = 0;
    let size = Math.max(1, Math.min(BATCH_ENTRIES_FIRST, limit));
    let more = true;
    while (high === undefined || low < high) {
      if (at === batch.length && more) {
        batch = await this.#guard(() => this.#pieces.list(low, high, size, reverse));
        at = 0;
        more = batch.length === size;
        size = Math.min(size * 4, BATCH_ENTRIES_MAX);
      }
      const piece = batch[at];
      const from = reverse ? high : low;
      const key = nearest(reverse, [
        piece?.key,
        within(this.#overlay.neighbour(from, reverse), low, high),
        within((reverse ? own?.before(from) : own?.atOrAfter(low))?.[0], low, high),
      ]);
      if (key === undefined) return;
      if (piece?.key === key) at++;
      if (reverse) high = key;
      else low = successor(key);

      let value: Bytes | null | undefined = own?.get(key) ?? undefined;
      if (own?.get(key) === null) value = null;
      if (value === undefined) {
        value = await this.#resolve(snapshot, key, piece?.key === key ? piece : undefined, values);
      }
      if (value !== null) yield [key, value];
    }
  }

  #resolve(
    snapshot: Snapshot,
    key: string,
    piece: Piece | undefined,
    values: boolean,
  ): Bytes | null | Promise<Bytes | null> {
    const known = this.#known(snapshot, key);
    if (known !== undefined) return known;
    if (piece === undefined) return null;
    if (piece.value instanceof Uint8Array) return piece.value;
    return values ? this.#load(snapshot, key, piece.value) : EMPTY;
  }

  async #load(snapshot: Snapshot, key: string, pointer: Exclude<Piece["value"], Bytes>): Promise<Bytes | null> {
    const value = await this.#guard(() => this.#pieces.load(pointer));
    const kept = this.#known(snapshot, key);
    if (kept !== undefined) return kept;
    if (value === TORN) return await this.#guard(() => Promise.reject(torn()));
    return value;
  }

  #known(snapshot: Snapshot, key: string): Bytes | null | undefined {
    if (snapshot.expired) throw new SnapshotExpired("The transaction took too long and kept too much: it runs again.");
    return this.#overlay.lookup(key, snapshot.version);
  }
}

const EMPTY: Bytes = new Uint8Array(0);

function within(key: string | undefined, low: string, high: string | undefined): string | undefined {
  return key !== undefined && key >= low && (high === undefined || key < high) ? key : undefined;
}

/** The least of the keys, or the greatest when `reverse`. */
function nearest(reverse: boolean, keys: readonly (string | undefined)[]): string | undefined {
  let best: string | undefined;
  for (const key of keys) {
    if (key !== undefined && (best === undefined || (reverse ? key > best : key < best))) best = key;
  }
  return best;
}

function torn(): StoreError {
  return new StoreError(
    { code: "corrupt" },
    "A large value of the database has lost chunks. Restore a backup; don't delete records by hand.",
  );
}
