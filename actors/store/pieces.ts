/**
 * Entries of any size over a backend of small ones.
 *
 * A value up to `INLINE_BYTES_MAX` is stored with its key. A larger one is cut into chunks under an id that was never
 * used before, and a pointer is stored with its key: so the chunks can be written first, and count only once the
 * pointer does. The index of large values (`Space.large`) is kept in memory too, about a thousandth of their size: it
 * tells, without a read, which chunks go when a value is replaced. What doesn't fit one commit goes through the
 * journal.
 *
 * A read beside a write may meet a pointer whose chunks are gone: `TORN`. Whoever reads from a snapshot has kept the
 * old value.
 */
import type { Bytes } from "../../core/bytes.ts";
import { type Backend, type Budget, cutToFit, fits, type Operation } from "./backend.ts";
import { StoreError } from "./error.ts";
import { commitByJournal, recoverJournal, sweep } from "./journal.ts";
import {
  chunkKey,
  dataKey,
  encodedDataKeyBytesMax,
  fromBinary,
  keyOfData,
  largeKey,
  metaKey,
  Space,
  spaceEnd,
  successor,
  toBinary,
} from "./keys.ts";
import { Lists } from "./lists.ts";
import { numberBytes, numberIn } from "./number_key.ts";
import { BATCH_ENTRIES_MAX, CHUNK_BYTES, INLINE_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.ts";

/** Binary string → value, or null for a delete. */
export type Writes = ReadonlyMap<string, Bytes | null>;
/** Where a large value is: the id of its chunks, and its length. */
export type Pointer = { readonly id: number; readonly bytes: number };
export type Piece = { readonly key: string; readonly value: Bytes | Pointer };
export const TORN: unique symbol = Symbol("torn");

type Large = { readonly id: number; readonly chunks: number };

const NEXT_ID = metaKey("next_id");
const INLINE = 0;
const POINTER = 1;
const POINTER_BYTES = 13;

export class Pieces {
  readonly #backend: Backend;
  readonly #large: Map<string, Large>;
  readonly #lists = new Lists<Piece>();
  #nextId: number;

  private constructor(backend: Backend, large: Map<string, Large>, nextId: number) {
    this.#backend = backend;
    this.#large = large;
    this.#nextId = nextId;
  }

  /** Finishes what a crash left behind. @throws {StoreError} `corrupt` */
  static async open(backend: Backend): Promise<Pieces> {
    await recoverJournal(backend);
    const record = await backend.get(NEXT_ID);
    const nextId = record === undefined ? 1 : readNumber(record, 0);
    // Chunks that no commit ever pointed to.
    await sweep(backend, chunkKey(nextId), spaceEnd(Space.chunk));
    return new Pieces(backend, await loadLarge(backend), nextId);
  }

  async get(key: string): Promise<Bytes | null | typeof TORN> {
    const raw = await this.#backend.get(dataKey(key));
    if (raw === undefined) return null;
    const value = decodeValue(raw);
    return value instanceof Uint8Array ? value : await this.load(value);
  }

  /** What a key's value in the backend takes at most. */
  bytesMaxOf(key: string): number {
    const large = this.#large.get(key);
    return large === undefined ? INLINE_BYTES_MAX : large.chunks * CHUNK_BYTES;
  }

  /**
   * The first (last, when `reverse`) `limit` entries of start ≤ key < end. Large values are left where they are: see
   * `load`.
   */
  list(start: string, end: string | undefined, limit: number, reverse: boolean): Promise<readonly Piece[]> {
    return this.#lists.get({ low: start, high: end, limit, reverse }, () => this.#read(start, end, limit, reverse));
  }

  async #read(start: string, end: string | undefined, limit: number, reverse: boolean): Promise<Piece[]> {
    const entries = await this.#backend.list({
      start: dataKey(start),
      end: end === undefined ? spaceEnd(Space.data) : dataKey(end),
      limit,
      reverse,
    });
    return entries.map(({ key, value }) => ({ key: keyOfData(key), value: decodeValue(value) }));
  }

  async load({ id, bytes }: Pointer): Promise<Bytes | typeof TORN> {
    const count = Math.ceil(bytes / CHUNK_BYTES);
    const chunks = await Promise.all(Array.from({ length: count }, (_, i) => this.#backend.get(chunkKey(id, i))));
    const value = new Uint8Array(bytes);
    for (const [i, chunk] of chunks.entries()) {
      if (chunk === undefined || chunk.length !== Math.min(CHUNK_BYTES, bytes - i * CHUNK_BYTES)) return TORN;
      value.set(chunk, i * CHUNK_BYTES);
    }
    return value;
  }

  /** All or nothing. One at a time. Durable when it resolves. */
  write(writes: Writes): Promise<void> {
    return this.#lists.around([...writes.keys()], () => this.#write(writes));
  }

  async #write(writes: Writes): Promise<void> {
    const staged: Operation[] = [];
    const operations: Operation[] = [];
    const large = new Map<string, Large | null>();
    let nextId = this.#nextId;
    for (const [key, value] of writes) {
      const old = this.#large.get(key);
      if (old !== undefined) {
        large.set(key, null);
        operations.push({ key: largeKey(old.id), value: null });
        for (let i = 0; i < old.chunks; i++) operations.push({ key: chunkKey(old.id, i), value: null });
      }
      if (value === null) operations.push({ key: dataKey(key), value: null });
      else if (value.length <= INLINE_BYTES_MAX) operations.push({ key: dataKey(key), value: encodeInline(value) });
      else {
        const id = nextId++;
        const chunks = Math.ceil(value.length / CHUNK_BYTES);
        for (let i = 0; i < chunks; i++) {
          staged.push({ key: chunkKey(id, i), value: value.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES) });
        }
        operations.push({ key: dataKey(key), value: encodePointer({ id, bytes: value.length }) });
        operations.push({ key: largeKey(id), value: encodeLarge(chunks, key) });
        large.set(key, { id, chunks });
      }
    }
    if (nextId !== this.#nextId) operations.push({ key: NEXT_ID, value: numberBytes(nextId) });

    const all = [...staged, ...operations];
    if (fits(all)) await this.#backend.commit(all);
    else {
      for (const run of cutToFit(staged)) await this.#backend.commit(run);
      if (fits(operations)) await this.#backend.commit(operations);
      else await commitByJournal(this.#backend, operations);
    }
    this.#nextId = nextId;
    for (const [key, entry] of large) {
      if (entry === null) this.#large.delete(key);
      else this.#large.set(key, entry);
    }
  }

  close(): Promise<void> {
    return this.#backend.close();
  }

  /** As the backend's. */
  get lost(): Promise<never> {
    return this.#backend.lost;
  }
}

/**
 * What an entry takes of a commit's `Budget`, or a little more; chunks aside, which are written before and deleted
 * after.
 */
export function takeFrom(budget: Budget, keys: readonly string[], values: readonly (Bytes | null)[]): boolean {
  let [mutations, keyBytes, valueBytes] = [0, 0, 0];
  for (const [i, key] of keys.entries()) {
    const bytes = values[i]?.length ?? 0;
    const isLarge = bytes > INLINE_BYTES_MAX;
    mutations += isLarge ? 3 : 1; // pointer, index, next id
    keyBytes += encodedDataKeyBytesMax(key) + (isLarge ? 64 : 0);
    valueBytes += isLarge ? 64 + key.length : 1 + bytes;
  }
  return budget.takeSize(mutations, keyBytes, valueBytes);
}

async function loadLarge(backend: Backend): Promise<Map<string, Large>> {
  const large = new Map<string, Large>();
  let start: Bytes = largeKey(0);
  while (true) {
    const entries = await backend.list({ start, end: spaceEnd(Space.large), limit: BATCH_ENTRIES_MAX, reverse: false });
    for (const { key, value } of entries) {
      if (value.length < 4) throw corruptValue();
      const chunks = new DataView(value.buffer, value.byteOffset).getUint32(0);
      large.set(toBinary(value.subarray(4)), { id: readNumber(key, 1), chunks });
    }
    const last = entries.at(-1);
    if (last === undefined || entries.length < BATCH_ENTRIES_MAX) return large;
    start = fromBinary(successor(toBinary(last.key)));
  }
}

function encodeInline(value: Bytes): Bytes {
  const raw = new Uint8Array(1 + value.length);
  raw[0] = INLINE;
  raw.set(value, 1);
  return raw;
}

function encodePointer({ id, bytes }: Pointer): Bytes {
  const raw = new Uint8Array(POINTER_BYTES);
  const view = new DataView(raw.buffer);
  raw[0] = POINTER;
  view.setBigUint64(1, BigInt(id));
  view.setUint32(9, bytes);
  return raw;
}

function decodeValue(raw: Bytes): Bytes | Pointer {
  if (raw[0] === INLINE) return raw.subarray(1);
  if (raw[0] !== POINTER || raw.length !== POINTER_BYTES) throw corruptValue();
  const bytes = new DataView(raw.buffer, raw.byteOffset).getUint32(9);
  if (bytes > VALUE_BYTES_MAX) throw corruptValue();
  return { id: readNumber(raw, 1), bytes };
}

function encodeLarge(chunks: number, key: string): Bytes {
  const raw = new Uint8Array(4 + key.length);
  new DataView(raw.buffer).setUint32(0, chunks);
  raw.set(fromBinary(key), 4);
  return raw;
}

function readNumber(raw: Uint8Array, at: number): number {
  if (raw.length < at + 8) throw corruptValue();
  return numberIn(raw, at);
}

function corruptValue(): StoreError {
  return new StoreError(
    { code: "corrupt" },
    "The database holds a record that this program did not write. Restore a backup.",
  );
}
