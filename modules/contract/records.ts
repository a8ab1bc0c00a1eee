/**
 * What modules keep in their part of the store: single values and tables, each below a first byte of its own. Keys and
 * values are their codecs' encodings.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";

/** One value, or none. */
export interface Slot<T> {
  /** Its key; to wait for a change of it (`store.changed`). */
  readonly key: Bytes;
  /** Its value; undefined when there is none. */
  get(tx: ReadTx): Promise<T | undefined>;
  /** Writes it. */
  set(tx: StoreTx, value: T): void;
  /** Deletes it. */
  delete(tx: StoreTx): void;
}

/** Which entries, and in which order. */
export type EntriesOptions<K> = {
  /** Only keys whose encodings begin with these bytes. */
  readonly beginning?: Uint8Array;
  /** Only keys behind this one: the last one of the page before. It need not be there. */
  readonly after?: K;
  readonly limit?: number;
};

/** Values by key. */
export interface Table<K, V> {
  /** What all its keys begin with; to wait for changes (`store.changed`). */
  readonly prefix: Bytes;
  /** Where an entry is kept; to wait for a change of it (`store.changed`). */
  keyOf(key: K): Bytes;
  /** The value at a key; undefined when there is none. */
  get(tx: ReadTx, key: K): Promise<V | undefined>;
  /** Writes an entry. */
  set(tx: StoreTx, key: K, value: V): void;
  /** Deletes an entry. */
  delete(tx: StoreTx, key: K): void;
  /** In the order of the keys' encodings: that of the numbers, for numbers. */
  entries(tx: ReadTx, options?: EntriesOptions<K>): AsyncIterable<readonly [K, V]>;
}

function prefixOf(byte: number): Bytes {
  assert(Number.isInteger(byte) && byte >= 0 && byte <= 0xff, "a first byte is 00 … ff");
  return Uint8Array.of(byte);
}

/** A value under one byte. @param byte 00 … ff, the slot's own */
export function slot<T>(byte: number, codec: Codec<T>): Slot<T> {
  const key = prefixOf(byte);
  return {
    key,
    get: async (tx) => {
      const value = await tx.get(key);
      return value && decode(codec, value);
    },
    set: (tx, value) => tx.set(key, encode(codec, value)),
    delete: (tx) => tx.delete(key),
  };
}

/** Entries by key, under one byte. @param byte 00 … ff, the table's own */
export function table<K, V>(byte: number, keyCodec: Codec<K>, valueCodec: Codec<V>): Table<K, V> {
  const prefix = prefixOf(byte);
  const at = (key: K): Bytes => concat(prefix, encode(keyCodec, key));
  return {
    prefix,
    keyOf: at,
    get: async (tx, key) => {
      const value = await tx.get(at(key));
      return value && decode(valueCodec, value);
    },
    set: (tx, key, value) => tx.set(at(key), encode(valueCodec, value)),
    delete: (tx, key) => tx.delete(at(key)),
    async *entries(tx, { beginning = new Uint8Array(), after, limit } = {}) {
      const range = {
        prefix: concat(prefix, beginning),
        // no key lies between one and the same with a zero byte behind it
        ...(after !== undefined && { start: concat(at(after), Uint8Array.of(0)) }),
        ...(limit !== undefined && { limit }),
      };
      for await (const { key, value } of tx.range(range)) {
        yield [decode(keyCodec, key.subarray(1)), decode(valueCodec, value)] as const;
      }
    },
  };
}
