/**
 * Reads JSON whose numbers need their source text: RFC 8259, no bounds of its own (`json.ts` has looked at depth and
 * size).
 */
import type { Json } from "./json_value.ts";
import { JsonFloat } from "./json_value.ts";

/** Of an integer: a u64 has 20 digits, an i64 a sign and 19. Reading one of a million digits would take a second. */
const INTEGER_CHARACTERS_MAX = 20;
/** Every integer of so many digits is below 2^53. */
const SAFE_DIGITS = 15;

const INTEGER = /^-?(0|[1-9][0-9]*)$/;
const NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;
const PLUS = 0x2b, MINUS = 0x2d, POINT = 0x2e, ZERO = 0x30, NINE = 0x39, LARGE_E = 0x45, SMALL_E = 0x65;

function isNumberCode(code: number): boolean {
  if (code >= ZERO && code <= NINE) return true;
  return code === POINT || code === MINUS || code === PLUS || code === SMALL_E || code === LARGE_E;
}

/** Behind the last character that a number from `start` on can hold; what is there may be no number. */
export function numberEnd(text: string, start: number): number {
  let end = start + 1;
  while (end < text.length && isNumberCode(text.charCodeAt(end))) end++;
  return end;
}

/** Whether the runtime's parser gives this number as this module does. */
export function isSafeInteger(text: string, start: number, end: number): boolean {
  const first = text.charCodeAt(start) === MINUS ? start + 1 : start;
  if (end - first > SAFE_DIGITS) return false;
  for (let at = first; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code < ZERO || code > NINE) return false;
  }
  return first === start || text.charCodeAt(first) !== ZERO; // `-0`
}

function bad(at: number): never {
  throw new SyntaxError(`Unexpected text at ${at}`);
}

function toNumber(source: string, at: number): Json {
  // serde reads `-0` as a float, and integers that don't fit: no integer type takes them
  if (source.length <= INTEGER_CHARACTERS_MAX && source !== "-0" && INTEGER.test(source)) {
    const value = Number(source);
    return Number.isSafeInteger(value) ? value : BigInt(source);
  }
  return NUMBER.test(source) ? new JsonFloat(source) : bad(at);
}

class ExactReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  whole(): Json {
    const value = this.#value();
    this.#skipSpace();
    return this.#at < this.#text.length ? bad(this.#at) : value;
  }

  #skipSpace(): void {
    for (;; this.#at++) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }

  /** Whether it is the next character, which is then behind us. */
  #take(character: string): boolean {
    this.#skipSpace();
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #expect(character: string): void {
    if (!this.#take(character)) bad(this.#at);
  }

  #value(): Json {
    this.#skipSpace();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#object();
      case "[":
        return this.#array();
      case '"':
        return this.#string();
      case "t":
        return this.#word("true", true);
      case "f":
        return this.#word("false", false);
      case "n":
        return this.#word("null", null);
      default:
        return this.#number();
    }
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#at)) bad(this.#at);
    this.#at += word.length;
    return value;
  }

  #number(): Json {
    const start = this.#at;
    if (start >= this.#text.length) bad(start);
    this.#at = numberEnd(this.#text, start);
    return toNumber(this.#text.slice(start, this.#at), start);
  }

  #string(): string {
    const start = this.#at;
    let end = start;
    do {
      end = this.#text.indexOf('"', end + 1);
      if (end < 0) bad(start);
    } while (this.#isEscaped(start, end));
    this.#at = end + 1;
    // escapes, and what may stand unescaped, by the runtime
    return JSON.parse(this.#text.slice(start, this.#at)) as string;
  }

  #isEscaped(start: number, at: number): boolean {
    let escapes = 0;
    while (at - 1 - escapes > start && this.#text[at - 1 - escapes] === "\\") escapes++;
    return escapes % 2 === 1;
  }

  #array(): Json[] {
    this.#at++;
    const items: Json[] = [];
    if (this.#take("]")) return items;
    do items.push(this.#value()); while (this.#take(","));
    this.#expect("]");
    return items;
  }

  #object(): Json {
    this.#at++;
    const object: Record<string, Json> = {};
    if (this.#take("}")) return object;
    do {
      this.#skipSpace();
      if (this.#text[this.#at] !== '"') bad(this.#at);
      const key = this.#string();
      this.#expect(":");
      const value = this.#value();
      if (key !== "__proto__") object[key] = value;
      // an ordinary property, as the runtime's parser makes it
      else Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
    } while (this.#take(","));
    this.#expect("}");
    return object;
  }
}

/** @throws {SyntaxError} for what is no JSON */
export function readJsonExactly(text: string): Json {
  return new ExactReader(text).whole();
}
