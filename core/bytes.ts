/** Byte strings: hex, order, joining, comparison in constant time. */
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";

/** Bytes that nobody else shares. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return bytesToHex(bytes);
}

/**
 * Bytes of hex digits of either case.
 * @throws {Error} when `hex` has an odd length or another character than 0-9 a-f A-F
 */
export function fromHex(hex: string): Bytes {
  return hexToBytes(hex) as Bytes;
}

export function isHex(text: string, bytes?: number): boolean {
  return (bytes === undefined ? text.length % 2 === 0 : text.length === bytes * 2) && /^[0-9a-fA-F]*$/.test(text);
}

/** One after the other. */
export function concat(...parts: Uint8Array[]): Bytes {
  return concatBytes(...parts) as Bytes;
}

/** As `concat`, for a list of any length: a call takes some ten thousand arguments at most. */
export function concatAll(parts: readonly Uint8Array[]): Bytes {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** A big-endian number of any length; of no bytes 0. */
export function bigEndian(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => sum << 8n | BigInt(byte), 0n);
}

/** Order of raw bytes, a prefix before what it begins: negative, 0, positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!;
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** For public values. Secrets are compared by `equalBytesConstantTime`. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0;
}

/** Takes the same time wherever two byte strings of one length differ; the length itself is not hidden. */
export function equalBytesConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of a text. */
export function utf8(text: string): Bytes {
  return utf8Encoder.encode(text) as Bytes;
}

/** The text of UTF-8. @throws {TypeError} when the bytes are not UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  return utf8Decoder.decode(bytes);
}

/** Order of two strings by their UTF-8 bytes, as Rust compares them (JavaScript compares UTF-16 units). */
export function compareUtf8(a: string, b: string): number {
  return compareBytes(utf8(a), utf8(b));
}
