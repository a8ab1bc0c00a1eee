/**
 * A slice's JSON, packed right from its text: without objects it takes a tenth of the memory, and less time. Only the
 * form that all guardians write is read so: no spaces, members in the protocol's order, no escapes. A text of that form
 * is one whole JSON value, and packs as its objects would; of any other nothing is said, and it is to be parsed.
 */
import { HEAD_BYTES, INPUT, NONCE_HASH_BYTES, OUTPUT, OUTPUT_BYTES, TWEAK_BYTES } from "./slice_layout.ts";

const QUOTE = 0x22, COMMA = 0x2c, ZERO = 0x30, NINE = 0x39, OPEN = 0x5b, CLOSE = 0x5d;
const OUTPUT_BEGIN = '{"Output":{"denomination":', INPUT_BEGIN = '{"Input":{"nonce_hash":"';
const NONCE_HASH = ',"nonce_hash":"', TWEAK = '","tweak":[', OUTPUT_END = "]}}", INPUT_END = '"}}';
const BYTE_DIGITS_MAX = 3;

/**
 * Packs items into `bytes`, from `start` on.
 * @returns where they end; null when the text isn't so many items in the usual form: then `bytes` are worth nothing
 */
export function packItemsText(text: string, count: number, bytes: Uint8Array, start: number): number | null {
  const packer = new TextPacker(text, bytes, start);
  return packer.items(count) ? packer.end : null;
}

class TextPacker {
  readonly #text: string;
  readonly #bytes: Uint8Array;
  #at = 0;
  #to: number;

  constructor(text: string, bytes: Uint8Array, start: number) {
    this.#text = text;
    this.#bytes = bytes;
    this.#to = start;
  }

  get end(): number {
    return this.#to;
  }

  items(count: number): boolean {
    if (!this.#code(OPEN)) return false;
    for (let i = 0; i < count; i++) {
      if (i > 0 && !this.#code(COMMA)) return false;
      if (!this.#item()) return false;
    }
    return this.#code(CLOSE) && this.#at === this.#text.length;
  }

  #item(): boolean {
    const isInput = this.#word(INPUT_BEGIN);
    if (!isInput && !this.#word(OUTPUT_BEGIN)) return false;
    // an item takes no more than the room for an output
    if (this.#to + HEAD_BYTES + OUTPUT_BYTES > this.#bytes.length) return false;
    this.#bytes[this.#to++] = isInput ? INPUT : OUTPUT;
    this.#bytes[this.#to++] = isInput ? NONCE_HASH_BYTES : OUTPUT_BYTES;
    if (isInput) return this.#nonceHash() && this.#word(INPUT_END);
    return this.#byte() && this.#word(NONCE_HASH) && this.#nonceHash() && this.#word(TWEAK) && this.#tweak() &&
      this.#word(OUTPUT_END);
  }

  #code(code: number): boolean {
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #word(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false;
    this.#at += word.length;
    return true;
  }

  #nonceHash(): boolean {
    for (let i = 0; i < NONCE_HASH_BYTES; i++) {
      const high = hexDigit(this.#text.charCodeAt(this.#at++)), low = hexDigit(this.#text.charCodeAt(this.#at++));
      if (high < 0 || low < 0) return false;
      this.#bytes[this.#to++] = high << 4 | low;
    }
    return this.#text.charCodeAt(this.#at) === QUOTE;
  }

  #tweak(): boolean {
    for (let i = 0; i < TWEAK_BYTES; i++) {
      if (i > 0 && !this.#code(COMMA)) return false;
      if (!this.#byte()) return false;
    }
    return true;
  }

  /** A number without a leading zero. */
  #byte(): boolean {
    const start = this.#at, first = this.#text.charCodeAt(start);
    let value = 0;
    for (; this.#at - start <= BYTE_DIGITS_MAX; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (!(code >= ZERO && code <= NINE)) break;
      value = value * 10 + code - ZERO;
    }
    const digits = this.#at - start;
    if (digits === 0 || digits > BYTE_DIGITS_MAX || digits > 1 && first === ZERO || value > 0xff) return false;
    this.#bytes[this.#to++] = value;
    return true;
  }
}

/** 0 … 15, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
