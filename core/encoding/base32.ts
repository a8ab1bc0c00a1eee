/**
 * The text form that fedimint's codes share: a prefix, then base32 without padding and checksum.
 * `fedimint-core/src/base32.rs`.
 *
 * The alphabet is RFC 4648's "base32hex", the bit order is not: bits are taken least significant first, and the last
 * character holds what is left. Decoding drops left-over bits unchecked, as the reference does, so several texts may
 * give the same bytes.
 */
import type { Bytes } from "../bytes.ts";
import type { Codec } from "./codec.ts";
import { decode, encode } from "./codec.ts";
import { DecodeError } from "./error.ts";
import { DECODE_BYTES_MAX } from "./io.ts";

/** Begins setup codes, ecash, and the short form of invite codes. */
export const FEDIMINT_PREFIX = "fedimint";

const ALPHABET = "0123456789abcdefghijklmnopqrstuv";
const VALUES: ReadonlyMap<string, number> = new Map([...ALPHABET].map((character, value) => [character, value]));

/** So many characters hold the largest input that is decoded at all. */
export const BASE32_CHARACTERS_MAX: number = Math.ceil(DECODE_BYTES_MAX * 8 / 5);

/** Text of bytes, in the field's own alphabet. */
export function base32Encode(bytes: Uint8Array): string {
  const characters: string[] = [];
  let buffer = 0, bits = 0;
  for (const byte of bytes) {
    buffer |= byte << bits;
    bits += 8;
    for (; bits >= 5; bits -= 5) {
      characters.push(ALPHABET[buffer & 31]!);
      buffer >>= 5;
    }
  }
  if (bits > 0) characters.push(ALPHABET[buffer]!);
  return characters.join("");
}

/** Lower-case text only. @throws {DecodeError} `invalid` · `too_large` */
export function base32Decode(text: string): Bytes {
  if (text.length > BASE32_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `Text of ${text.length} characters exceeds ${BASE32_CHARACTERS_MAX}`);
  }
  const bytes = new Uint8Array(Math.floor(text.length * 5 / 8));
  let buffer = 0, bits = 0, at = 0;
  for (let i = 0; i < text.length; i++) {
    const value = VALUES.get(text[i]!);
    if (value === undefined) throw new DecodeError("invalid", `Character ${i} is not one of base32`);
    buffer |= value << bits;
    bits += 5;
    if (bits >= 8) {
      bytes[at++] = buffer & 0xff;
      buffer >>= 8;
      bits -= 8;
    }
  }
  return bytes;
}

/** The same behind a prefix. */
export function base32EncodePrefixed(bytes: Uint8Array, prefix: string = FEDIMINT_PREFIX): string {
  return prefix + base32Encode(bytes);
}

/** Upper and mixed case are accepted. @throws {DecodeError} `invalid` · `too_large` */
export function base32DecodePrefixed(text: string, prefix: string = FEDIMINT_PREFIX): Bytes {
  const lower = text.toLowerCase();
  if (!lower.startsWith(prefix)) throw new DecodeError("invalid", `Text does not begin with ${prefix}`);
  return base32Decode(lower.slice(prefix.length));
}

/** A value as prefixed text. */
export function encodeText<T>(codec: Codec<T>, value: T): string {
  return base32EncodePrefixed(encode(codec, value));
}

/** A value from prefixed text, whole. @throws {DecodeError} */
export function decodeText<T>(codec: Codec<T>, text: string): T {
  return decode(codec, base32DecodePrefixed(text));
}
