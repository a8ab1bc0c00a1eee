/** Numbers in keys of the store: u64 big-endian, so that the order of keys is the order of numbers. */
import type { Bytes } from "../../core/bytes.ts";

/** 8 bytes. */
export function numberBytes(number: number | bigint): Bytes {
  return numberKey(new Uint8Array(0), number);
}

export function numberKey(prefix: Uint8Array, number: number | bigint): Bytes {
  const key = new Uint8Array(prefix.length + 8);
  key.set(prefix);
  new DataView(key.buffer).setBigUint64(prefix.length, BigInt(number));
  return key;
}

/** The number that begins at `at`. */
export function bigintIn(key: Uint8Array, at: number): bigint {
  return new DataView(key.buffer, key.byteOffset + at, 8).getBigUint64(0);
}

/** The same, of a number that is known to be at most 2^53 − 1. */
export function numberIn(key: Uint8Array, at: number): number {
  return Number(bigintIn(key, at));
}
