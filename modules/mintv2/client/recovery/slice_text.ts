/**
 * A slice's JSON, packed right from its text: without objects it takes a tenth of the memory, and less time. Only the
 * form that all guardians write is read so: no spaces, members in the protocol's order, no escapes. A text of that form
 * is one whole JSON value, and packs as its objects would; of any other nothing is said, and it is to be parsed.
 */
import { utf8 } from "../../../../core/bytes.ts";
import { HEAD_BYTES, INPUT, NONCE_HASH_BYTES, OUTPUT, OUTPUT_BYTES, TWEAK_BYTES } from "./slice_layout.ts";

const COMMA = 0x2c, ZERO = 0x30, OPEN = 0x5b, CLOSE = 0x5d;
const OUTPUT_BEGIN = utf8('{"Output":{"denomination":'), INPUT_BEGIN = utf8('{"Input":{"nonce_hash":"');
const NONCE_HASH = utf8(',"nonce_hash":"'), TWEAK = utf8('","tweak":['), OUTPUT_END = utf8("]}}");
const INPUT_END = utf8('"}}');
const BYTE_DIGITS_MAX = 3;
/** Characters of an output, and the comma behind it. */
const ITEM_TEXT_MAX = OUTPUT_BEGIN.length + BYTE_DIGITS_MAX + NONCE_HASH.length + 2 * NONCE_HASH_BYTES + TWEAK.length +
  (BYTE_DIGITS_MAX + 1) * TWEAK_BYTES + OUTPUT_END.length;

/** By its code, what a hex digit counts; -1: it is none. */
const HEX_DIGITS = Int8Array.from(
  { length: 256 },
  (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code).toLowerCase()),
);

const encoder = new TextEncoder();
/** The text's bytes. Texts come one after the other, so the room for the next one is the same. */
let room = new Uint8Array(0);

/**
 * Packs items into `bytes`, from `start` on.
 * @returns where they end; null when the text isn't so many items in the usual form: then `bytes` are worth nothing
 */
export function packItemsText(text: string, count: number, bytes: Uint8Array, start: number): number | null {
  if (text.length > 2 + count * ITEM_TEXT_MAX) return null;
  // a byte that is none of the text's ends what is read last
  if (room.length <= text.length) room = new Uint8Array(text.length + 1);
  const { written } = encoder.encodeInto(text, room);
  room[written] = 0;
  const packer = new TextPacker(room, written, bytes, start);
  return packer.items(count) ? packer.end : null;
}

class TextPacker {
  readonly #text: Uint8Array;
  readonly #length: number;
  readonly #bytes: Uint8Array;
  #at = 0;
  #to: number;

  constructor(text: Uint8Array, length: number, bytes: Uint8Array, start: number) {
    this.#text = text;
    this.#length = length;
    this.#bytes = bytes;
    this.#to = start;
  }

  get end(): number {
    return this.#to;
  }

  items(count: number): boolean {
    if (this.#text[this.#at++] !== OPEN) return false;
    for (let i = 0; i < count; i++) {
      if (i > 0 && this.#text[this.#at++] !== COMMA) return false;
      // an item takes no more than the room for an output
      if (this.#to + HEAD_BYTES + OUTPUT_BYTES > this.#bytes.length || !this.#item()) return false;
    }
    return this.#text[this.#at++] === CLOSE && this.#at === this.#length;
  }

  #item(): boolean {
    const isInput = this.#word(INPUT_BEGIN);
    if (!isInput && !this.#word(OUTPUT_BEGIN)) return false;
    this.#bytes[this.#to++] = isInput ? INPUT : OUTPUT;
    this.#bytes[this.#to++] = isInput ? NONCE_HASH_BYTES : OUTPUT_BYTES;
    if (isInput) return this.#nonceHash() && this.#word(INPUT_END);
    return this.#numbers(1) && this.#word(NONCE_HASH) && this.#nonceHash() && this.#word(TWEAK) &&
      this.#numbers(TWEAK_BYTES) && this.#word(OUTPUT_END);
  }

  #word(word: Uint8Array): boolean {
    const text = this.#text, at = this.#at;
    for (let i = 0; i < word.length; i++) if (text[at + i] !== word[i]) return false;
    this.#at = at + word.length;
    return true;
  }

  #nonceHash(): boolean {
    const text = this.#text, bytes = this.#bytes;
    let at = this.#at, to = this.#to, all = 0;
    for (let i = 0; i < NONCE_HASH_BYTES; i++) {
      const byte = HEX_DIGITS[text[at++]!]! << 4 | HEX_DIGITS[text[at++]!]!;
      bytes[to++] = byte;
      all |= byte;
    }
    this.#at = at;
    this.#to = to;
    // of a digit that is none all bits are set
    return all >= 0;
  }

  /** Bytes in decimal, without leading zeros, with commas between them. */
  #numbers(count: number): boolean {
    const text = this.#text;
    let at = this.#at;
    for (let i = 0; i < count; i++) {
      if (i > 0 && text[at++] !== COMMA) return false;
      const start = at;
      let value = 0;
      for (let digit; (digit = text[at]! - ZERO) >= 0 && digit <= 9 && at - start < BYTE_DIGITS_MAX; at++) {
        value = value * 10 + digit;
      }
      if (at === start || value > 0xff || at - start > 1 && text[start] === ZERO) return false;
      this.#bytes[this.#to++] = value;
    }
    this.#at = at;
    return true;
  }
}
