/**
 * Keys inside the store, and as the backend has them.
 *
 * Inside, a key is a *binary string*: one character a byte. JavaScript compares and hashes those natively, and in the
 * order of the bytes. The backend's keys are bytes, with a first byte for the kind of entry (`Space`).
 *
 * Deno KV doubles zero bytes and takes 2,048 bytes then, so 1,024 zeros would not fit. Bytes after `KEY_PLAIN_BYTES`
 * are therefore packed seven bits a byte with the high bit set, which has no zeros. Order survives: two keys that
 * differ earlier differ as before, and a packed beginning sorts before what it begins.
 */
import type { Bytes } from "../../core/bytes.ts";
import { KEY_PLAIN_BYTES } from "./limits.ts";
import { numberKey } from "./number_key.ts";

/** First byte of a backend key. Never zero, which Deno KV would double. */
export const Space = {
  /** The store's own few records. */
  meta: 1,
  /** key → value, or pointer to chunks */
  data: 2,
  /** id (8 B) · index (4 B) → a piece of a large value */
  chunk: 3,
  /** id (8 B) → how many chunks, and whose */
  large: 4,
  /** index (4 B) → a piece of a large commit */
  journal: 5,
} as const;
export type Space = typeof Space[keyof typeof Space];

export function toBinary(bytes: Uint8Array): string {
  let text = "";
  // One call a block: engines limit the number of arguments.
  for (let i = 0; i < bytes.length; i += 4_096) text += String.fromCharCode(...bytes.subarray(i, i + 4_096));
  return text;
}

export function fromBinary(text: string, from = 0): Bytes {
  const bytes = new Uint8Array(text.length - from);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(from + i);
  return bytes;
}

/** The least key after `key`. */
export function successor(key: string): string {
  return key + "\0";
}

/** The least key after all that begin with `prefix`; undefined when there is none. */
export function prefixEnd(prefix: string): string | undefined {
  let length = prefix.length;
  while (length > 0 && prefix.charCodeAt(length - 1) === 0xff) length--;
  if (length === 0) return undefined;
  return prefix.slice(0, length - 1) + String.fromCharCode(prefix.charCodeAt(length - 1) + 1);
}

/** Backend key of an entry, or of a bound of a range of entries. */
export function dataKey(key: string): Bytes {
  if (key.length <= KEY_PLAIN_BYTES) {
    const raw = new Uint8Array(1 + key.length);
    raw[0] = Space.data;
    for (let i = 0; i < key.length; i++) raw[1 + i] = key.charCodeAt(i);
    return raw;
  }
  const packed = pack(fromBinary(key, KEY_PLAIN_BYTES));
  const raw = new Uint8Array(1 + KEY_PLAIN_BYTES + packed.length);
  raw[0] = Space.data;
  for (let i = 0; i < KEY_PLAIN_BYTES; i++) raw[1 + i] = key.charCodeAt(i);
  raw.set(packed, 1 + KEY_PLAIN_BYTES);
  return raw;
}

/** The entry's key of a backend key made by `dataKey`. */
export function keyOfData(raw: Uint8Array): string {
  if (raw.length <= 1 + KEY_PLAIN_BYTES) return toBinary(raw.subarray(1));
  return toBinary(raw.subarray(1, 1 + KEY_PLAIN_BYTES)) + toBinary(unpack(raw.subarray(1 + KEY_PLAIN_BYTES)));
}

/** First backend key of the space after `space`: the exclusive end of a range over all of it. */
export function spaceEnd(space: Space): Bytes {
  return new Uint8Array([space + 1]);
}

export function chunkKey(id: number, index?: number): Bytes {
  const key = numberKey(Uint8Array.of(Space.chunk), id);
  if (index === undefined) return key;
  const raw = new Uint8Array(13);
  raw.set(key);
  new DataView(raw.buffer).setUint32(9, index);
  return raw;
}

export function largeKey(id: number): Bytes {
  return numberKey(Uint8Array.of(Space.large), id);
}

export function journalKey(index: number): Bytes {
  const raw = new Uint8Array(5);
  raw[0] = Space.journal;
  new DataView(raw.buffer).setUint32(1, index);
  return raw;
}

export function metaKey(name: string): Bytes {
  return new Uint8Array([Space.meta, ...new TextEncoder().encode(name)]);
}

/** Bytes that Deno KV makes of a key: a tag, the bytes with zeros doubled, an end. */
export function encodedBytes(raw: Uint8Array): number {
  let bytes = raw.length + 2;
  for (const byte of raw) if (byte === 0) bytes++;
  return bytes;
}

/** `encodedBytes` of a key's `dataKey`, or a little more for the longest keys; without making it. */
export function encodedDataKeyBytesMax(key: string): number {
  let bytes = key.length + 3;
  for (let i = 0; i < key.length; i++) if (key.charCodeAt(i) === 0) bytes++;
  // A packed byte takes 8/7, and is not doubled; that is less than counted only where there are no zeros.
  return key.length > KEY_PLAIN_BYTES ? bytes + Math.ceil((key.length - KEY_PLAIN_BYTES) / 7) : bytes;
}

function pack(bytes: Uint8Array): Bytes {
  const packed = new Uint8Array(Math.ceil(bytes.length * 8 / 7));
  for (let i = 0; i < packed.length; i++) {
    const bit = i * 7;
    const at = bit >> 3;
    const pair = bytes[at]! << 8 | (bytes[at + 1] ?? 0);
    packed[i] = 0x80 | (pair >> (9 - (bit & 7)) & 0x7f);
  }
  return packed;
}

function unpack(packed: Uint8Array): Bytes {
  const bytes = new Uint8Array(packed.length * 7 >> 3);
  for (let i = 0; i < bytes.length; i++) {
    const bit = i * 8;
    const at = Math.floor(bit / 7);
    const pair = (packed[at]! & 0x7f) << 7 | ((packed[at + 1] ?? 0) & 0x7f);
    bytes[i] = pair >> (6 - bit % 7) & 0xff;
  }
  return bytes;
}
