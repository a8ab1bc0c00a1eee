/**
 * Items of the recovery log as JSON, from the bytes that are stored: what `recoveryItem` decodes and writes, without
 * the ten thousand objects and their texts in between. A slice is asked for by everybody who recovers.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { utf8 } from "../../../core/bytes.ts";

const OUTPUT = 0, INPUT = 1;
const NONCE_HASH_BYTES = 20, TWEAK_BYTES = 16;
const OUTPUT_BODY_BYTES = 1 + NONCE_HASH_BYTES + TWEAK_BYTES;

const DIGITS = utf8("0123456789abcdef");
/** The decimal digits of each byte. */
const DECIMALS: readonly Bytes[] = Array.from({ length: 256 }, (_, byte) => utf8(String(byte)));
const OPEN_OUTPUT = utf8('{"Output":{"denomination":');
const OPEN_NONCE = utf8(',"nonce_hash":"');
const OPEN_TWEAK = utf8('","tweak":[');
const CLOSE_TWEAK = utf8("]}}");
const OPEN_INPUT = utf8('{"Input":{"nonce_hash":"');
const CLOSE_INPUT = utf8('"}}');
const COMMA = 0x2c, OPEN_LIST = 0x5b, CLOSE_LIST = 0x5d;

/** The longest item: three digits for the denomination, and for each byte of the tweak with its comma. */
const ITEM_CHARACTERS_MAX = OPEN_OUTPUT.length + 3 + OPEN_NONCE.length + 2 * NONCE_HASH_BYTES + OPEN_TWEAK.length +
  4 * TWEAK_BYTES + CLOSE_TWEAK.length + 1;

/** Writes at the end of a buffer that is large enough. */
class Text {
  readonly #bytes: Bytes;
  #at = 0;

  constructor(bytesMax: number) {
    this.#bytes = new Uint8Array(bytesMax);
  }

  put(byte: number): void {
    this.#bytes[this.#at++] = byte;
  }

  text(bytes: Bytes): void {
    // most are short: faster than a view of them
    for (let i = 0; i < bytes.length; i++) this.#bytes[this.#at++] = bytes[i]!;
  }

  hex(bytes: Bytes, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      this.put(DIGITS[bytes[i]! >> 4]!);
      this.put(DIGITS[bytes[i]! & 15]!);
    }
  }

  finish(): Bytes {
    return this.#bytes.slice(0, this.#at);
  }
}

/** @param slice items as they are stored, one behind the other @returns UTF-8 */
export function itemsJson({ items, bytes }: { readonly items: number; readonly bytes: Bytes }): Bytes {
  const text = new Text(2 + items * ITEM_CHARACTERS_MAX);
  text.put(OPEN_LIST);
  let at = 0;
  for (let item = 0; item < items; item++) {
    if (item > 0) text.put(COMMA);
    const variant = bytes[at], body = at + 2;
    if (variant === OUTPUT) {
      assert(bytes[at + 1] === OUTPUT_BODY_BYTES, "an output in the log has a denomination, a hash and a tweak");
      outputJson(text, bytes, body);
      at = body + OUTPUT_BODY_BYTES;
    } else {
      assert(variant === INPUT && bytes[at + 1] === NONCE_HASH_BYTES, "an input in the log is a hash");
      text.text(OPEN_INPUT);
      text.hex(bytes, body, body + NONCE_HASH_BYTES);
      text.text(CLOSE_INPUT);
      at = body + NONCE_HASH_BYTES;
    }
  }
  assert(at === bytes.length, "a slice has its items and nothing else");
  text.put(CLOSE_LIST);
  return text.finish();
}

function outputJson(text: Text, bytes: Bytes, body: number): void {
  text.text(OPEN_OUTPUT);
  text.text(DECIMALS[bytes[body]!]!);
  text.text(OPEN_NONCE);
  text.hex(bytes, body + 1, body + 1 + NONCE_HASH_BYTES);
  text.text(OPEN_TWEAK);
  for (let i = 0; i < TWEAK_BYTES; i++) {
    if (i > 0) text.put(COMMA);
    text.text(DECIMALS[bytes[body + 1 + NONCE_HASH_BYTES + i]!]!);
  }
  text.text(CLOSE_TWEAK);
}
