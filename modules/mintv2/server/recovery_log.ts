/**
 * The log from which clients recover, as many read it and anybody may. What stands in it never changes: the hash of a
 * whole slice is made once, and slices that were read lately are kept as they are stored. Reading takes turns, so that
 * however many ask, few slices are in memory, and consensus comes in between.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReadTx, StoreView } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, concatAll, toHex } from "../../../core/bytes.ts";
import { Coalesced } from "../../../core/coalesced.ts";
import { encode, u64Number } from "../../../core/encoding/mod.ts";
import { Recent } from "../../../core/recent.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import { UsedLately } from "../../../core/used_lately.ts";
import { readDurable } from "../../contract/read_durable.ts";
import {
  HASHES_KEPT_MIN,
  ITEMS_PER_UNIT,
  ROWS_PER_UNIT,
  ROWS_PER_UNIT_ONCE,
  SLICE_READS_MAX,
  SLICES_KEPT_BYTES_MAX,
  WHOLE_SLICE_ITEMS,
} from "../limits.ts";
import { recoveryCount, recoveryRows } from "./db.ts";
import { itemsJson } from "./recovery_json.ts";

/** First item, and the one behind the last. */
export type SliceRange = readonly [start: number, end: number];

/** Items as they are stored, one behind the other. */
export type StoredSlice = { readonly items: number; readonly bytes: Bytes };

const EMPTY: StoredSlice = { items: 0, bytes: new Uint8Array() };

function keyOf([start, end]: SliceRange): string {
  return `${start} ${end}`;
}

function isWhole([start, end]: SliceRange): boolean {
  return start % WHOLE_SLICE_ITEMS === 0 && end - start === WHOLE_SLICE_ITEMS;
}

/** Then it never changes. */
function isFull({ items }: StoredSlice, [start, end]: SliceRange): boolean {
  return items === end - start;
}

async function readSlice(tx: ReadTx, [start, end]: SliceRange): Promise<StoredSlice> {
  const rows: Bytes[] = [];
  for await (const row of recoveryRows(tx, start, end)) rows.push(row);
  return { items: rows.length, bytes: concatAll(rows) };
}

export class RecoveryLog {
  readonly #store: StoreView;
  /** Of whole slices: as many as the log has. */
  readonly #wholeHashes = new Map<number, Sha256>();
  readonly #otherHashes = new Recent<Sha256>(HASHES_KEPT_MIN);
  readonly #slices: UsedLately<StoredSlice>;
  readonly #asked = new Coalesced<StoredSlice>();
  #reads = 0;
  readonly #waiting: (() => void)[] = [];
  /** Items there were when somebody looked last: no range has more. */
  #knownCount = 0;

  constructor(store: StoreView, { keptBytesMax = SLICES_KEPT_BYTES_MAX } = {}) {
    this.#store = store;
    this.#slices = new UsedLately(keptBytesMax);
  }

  async count(): Promise<number> {
    return this.#know(await readDurable(this.#store, recoveryCount));
  }

  /** SHA-256 of the encoded list of the range's items; fewer where the log ends. */
  async hash(range: SliceRange): Promise<Sha256> {
    const known = this.#hashOf(range);
    if (known !== undefined) return known;
    const slice = await this.#slice(range);
    const hash = toHex(sha256(concat(encode(u64Number, slice.items), slice.bytes))) as Sha256;
    if (!isFull(slice, range)) return hash;
    if (isWhole(range)) this.#wholeHashes.set(range[0], hash);
    else this.#otherHashes.set(keyOf(range), hash);
    return hash;
  }

  /** The list of the range's items as JSON, UTF-8. */
  async json(range: SliceRange): Promise<Bytes> {
    return itemsJson(await this.#slice(range));
  }

  /** What `hash` will cost, by what is known: in units of an endpoint. */
  hashUnits(range: SliceRange): number {
    return this.#hashOf(range) === undefined ? this.#readUnits(range) : 1;
  }

  /** What `json` will cost. */
  jsonUnits(range: SliceRange): number {
    return this.#readUnits(range) + Math.floor(this.#itemsOf(range) / ITEMS_PER_UNIT);
  }

  #readUnits(range: SliceRange): number {
    if (this.#slices.has(keyOf(range))) return 1;
    const isFirst = isWhole(range) && !this.#wholeHashes.has(range[0]);
    return 1 + Math.floor(this.#itemsOf(range) / (isFirst ? ROWS_PER_UNIT_ONCE : ROWS_PER_UNIT));
  }

  /** At most; before anybody has looked, all are taken for there. */
  #itemsOf([start, end]: SliceRange): number {
    const last = this.#knownCount === 0 ? end : Math.min(end, this.#knownCount);
    return Math.max(0, last - start);
  }

  #hashOf(range: SliceRange): Sha256 | undefined {
    return isWhole(range) ? this.#wholeHashes.get(range[0]) : this.#otherHashes.get(keyOf(range));
  }

  #know(count: number): number {
    this.#knownCount = Math.max(this.#knownCount, count);
    return count;
  }

  async #slice(range: SliceRange): Promise<StoredSlice> {
    if (range[0] >= range[1]) return EMPTY;
    const key = keyOf(range);
    return this.#slices.get(key) ??
      await this.#asked.ask(key, async () => this.#slices.get(key) ?? await this.#inTurn(() => this.#read(range)));
  }

  async #read(range: SliceRange): Promise<StoredSlice> {
    const slice = await readDurable(this.#store, (tx) => readSlice(tx, range));
    if (slice.items > 0) this.#know(range[0] + slice.items);
    if (isFull(slice, range)) this.#slices.add(keyOf(range), { value: slice, bytes: slice.bytes.length });
    return slice;
  }

  /** Who waits holds nothing yet. */
  async #inTurn<T>(read: () => Promise<T>): Promise<T> {
    if (this.#reads >= SLICE_READS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#reads++;
    try {
      return await read();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#reads--;
    }
  }
}
