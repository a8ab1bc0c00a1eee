/**
 * JSON as serde writes it: integers stay exact beyond 2^53, and `1.0` is told from `1`.
 * Numbers that were parsed are safe integers (`number`), larger integers (`bigint`) or `JsonFloat` (anything with `.`
 * or an exponent, and integers that 64 bits can't hold).
 *
 * Texts come from strangers. One pass over the characters finds how deep and how many the values are, and whether all numbers are safe
 * integers: then the runtime's parser reads the text at its full speed. A reviver would be called for every value, forty times as dear.
 */
import { DecodeError } from "./error.ts";
import { isSafeInteger, numberEnd, readJsonExactly } from "./json_exact.ts";
import type { Json, JsonObject } from "./json_value.ts";
import { JsonFloat, rawJson } from "./json_value.ts";

export { type Json, JsonFloat, type JsonObject } from "./json_value.ts";

/** Arrays and objects within each other; serde_json's own bound. */
export const JSON_DEPTH_MAX = 127;
/** Values of one text: a block of Bitcoin with all its transactions has some 300,000. A million take 50 ms. */
export const JSON_VALUES_MAX = 1_000_000;

const QUOTE = 0x22, COMMA = 0x2c, MINUS = 0x2d, ZERO = 0x30, NINE = 0x39;
const BRACKET = 0x5b, BACKSLASH = 0x5c, BRACKET_END = 0x5d, BRACE = 0x7b, BRACE_END = 0x7d;

/** Where the string whose opening quote is at `start` ends: behind its closing quote, or the text's end. */
function stringEnd(text: string, start: number): number {
  for (let at = start + 1;;) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return text.length;
    let escapes = 0;
    while (text.charCodeAt(quote - 1 - escapes) === BACKSLASH && quote - 1 - escapes > start) escapes++;
    if (escapes % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

/**
 * Whether every number is a safe integer as it stands there. Of a text that is no JSON it says anything, but within its bounds.
 * @throws {DecodeError} `too_deep` · `too_large`
 */
function isPlain(text: string, valuesMax: number): boolean {
  let depth = 0, values = 1, isPlain = true;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = stringEnd(text, at);
      continue;
    }
    if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = numberEnd(text, at);
      isPlain &&= isSafeInteger(text, at, end);
      at = end;
      continue;
    }
    if (code === COMMA || code === BRACKET || code === BRACE) {
      if (++values > valuesMax) throw new DecodeError("too_large", `JSON holds more than ${valuesMax} values`);
      if (code !== COMMA && ++depth > JSON_DEPTH_MAX) {
        throw new DecodeError("too_deep", `JSON is nested deeper than ${JSON_DEPTH_MAX}`);
      }
    } else if (code === BRACKET_END || code === BRACE_END) depth--;
    at++;
  }
  return isPlain;
}

/**
 * Reads JSON with exact numbers.
 * @param valuesMax of arrays, objects and what is in them
 * @throws {DecodeError} `bad_json` · `too_deep` · `too_large` when the text is longer than `charactersMax` or holds more values
 */
export function parseJson(text: string, charactersMax = 2 * 10_485_760, valuesMax = JSON_VALUES_MAX): Json {
  if (text.length > charactersMax) {
    throw new DecodeError("too_large", `JSON text of ${text.length} characters is too long`);
  }
  const plain = isPlain(text, valuesMax);
  try {
    return plain ? JSON.parse(text) as Json : readJsonExactly(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new DecodeError("bad_json", "Text is not JSON", -1, [], { cause });
  }
}

/** `indent` 2 gives serde's pretty form. Map keys are written in the order of the object. */
export function stringifyJson(value: Json, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent); // at the runtime's full speed, unless there is a bigint: that it refuses
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
  }
  return JSON.stringify(value, (_key, item) => typeof item === "bigint" ? rawJson(item.toString()) : item, indent);
}

/** Whether it is an object. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat);
}
