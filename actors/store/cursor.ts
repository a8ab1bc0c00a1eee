/**
 * A range read: three ordered sources merged — the backend a batch at a time, the overlay, and the transaction's own
 * writes — and each key resolved as the snapshot sees it. It goes on without waiting where it can, so that reading many
 * small entries is quick.
 */
import type { Bytes } from "../../core/bytes.ts";
import { successor } from "./keys.ts";
import { BATCH_BYTES, BATCH_ENTRIES_FIRST, BATCH_ENTRIES_MAX } from "./limits.ts";
import type { Snapshot } from "./overlay.ts";
import type { Piece } from "./pieces.ts";
import type { Reader } from "./reader.ts";
import type { SortedMap } from "./sorted_map.ts";

export type Scan = {
  readonly start: string;
  readonly end: string | undefined;
  readonly reverse: boolean;
  /** How many entries the caller wants at most: no more are fetched at first. */
  readonly limit: number;
  /** False leaves large values unread and gives empty ones. */
  readonly values: boolean;
};

/** Key and value, which is not a copy; undefined at the end. */
export type Found = readonly [string, Bytes] | undefined;

const EMPTY: Bytes = new Uint8Array(0);

export class Cursor {
  readonly #reader: Reader;
  readonly #snapshot: Snapshot;
  /** Writes of the transaction, which win. They may change while the read goes on. */
  readonly #own: SortedMap<Bytes | null>;
  readonly #reverse: boolean;
  readonly #values: boolean;
  // What is not visited yet: low ≤ key < high.
  #low: string;
  #high: string | undefined;
  #batch: readonly Piece[] = [];
  #at = 0;
  #batchSize: number;
  #more = true;

  constructor(reader: Reader, snapshot: Snapshot, own: SortedMap<Bytes | null>, scan: Scan) {
    this.#reader = reader;
    this.#snapshot = snapshot;
    this.#own = own;
    this.#reverse = scan.reverse;
    this.#values = scan.values;
    this.#low = scan.start;
    this.#high = scan.end;
    this.#batchSize = Math.min(BATCH_ENTRIES_FIRST, scan.limit);
  }

  next(): Found | Promise<Found> {
    while (this.#high === undefined || this.#low < this.#high) {
      if (this.#at === this.#batch.length && this.#more) return this.#fetch().then(() => this.next());
      const piece = this.#batch[this.#at];
      const key = this.#nearest(piece?.key);
      if (key === undefined) return undefined;
      if (this.#reverse) this.#high = key;
      else this.#low = successor(key);
      const isPiece = piece?.key === key;
      if (isPiece) this.#at++;
      const value = this.#resolve(key, isPiece ? piece : undefined);
      if (value instanceof Promise) return value.then((value) => value === null ? this.next() : [key, value]);
      if (value !== null) return [key, value];
    }
    return undefined;
  }

  async #fetch(): Promise<void> {
    this.#batch = await this.#reader.list(this.#low, this.#high, this.#batchSize, this.#reverse);
    this.#at = 0;
    this.#more = this.#batch.length === this.#batchSize;
    // The backend gives no keys without their values: as many as are expected to be of a bounded size.
    const bytes = this.#batch.reduce((sum, piece) => sum + bytesOf(piece), 0);
    const fitting = Math.max(1, Math.floor(BATCH_BYTES * this.#batch.length / Math.max(1, bytes)));
    this.#batchSize = Math.min(this.#batchSize * 4, BATCH_ENTRIES_MAX, fitting);
  }

  /** The next key of any source. */
  #nearest(pieceKey: string | undefined): string | undefined {
    const from = this.#reverse ? this.#high : this.#low;
    const own = this.#own.size === 0
      ? undefined
      : this.#reverse
      ? this.#own.before(from)
      : this.#own.atOrAfter(this.#low);
    return this.#nearer(this.#nearer(pieceKey, this.#reader.neighbour(from, this.#reverse)), own?.[0]);
  }

  /** The nearer of a key of the rest and one that may be out of it. */
  #nearer(best: string | undefined, key: string | undefined): string | undefined {
    if (key === undefined || key < this.#low || (this.#high !== undefined && key >= this.#high)) return best;
    if (best === undefined) return key;
    return (this.#reverse ? key > best : key < best) ? key : best;
  }

  #resolve(key: string, piece: Piece | undefined): Bytes | null | Promise<Bytes | null> {
    const own = this.#own.get(key);
    if (own !== undefined) return own;
    const known = this.#reader.known(this.#snapshot, key);
    if (known !== undefined) return known;
    if (piece === undefined) return null;
    if (piece.value instanceof Uint8Array) return piece.value;
    return this.#values ? this.#reader.load(this.#snapshot, key, piece.value) : EMPTY;
  }
}

function bytesOf({ key, value }: Piece): number {
  return key.length + (value instanceof Uint8Array ? value.length : 0);
}
