/**
 * JSON as serde writes it: integers stay exact beyond 2^53, and `1.0` is told from `1`.
 * Numbers that were parsed are safe integers (`number`), larger integers (`bigint`) or `JsonFloat` (anything with `.`
 * or an exponent, and integers that 64 bits can't hold).
 */
import { DecodeError } from "./error.ts";

/** Arrays and objects within each other; serde_json's own bound. */
export const JSON_DEPTH_MAX = 127;
/** Of an integer: a u64 has 20 digits, an i64 a sign and 19. Reading one of a million digits would take a second. */
const INTEGER_CHARACTERS_MAX = 20;

/** A number with a fraction or an exponent, or an integer of any length, kept as its source text. */
export class JsonFloat {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  get value(): number {
    return Number(this.source);
  }
}

export type Json = null | boolean | number | bigint | string | JsonFloat | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

type RawJson = { rawJSON(text: string): unknown };
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function revive(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  if (typeof value !== "number") return value;
  const source = context.source!;
  // serde reads `-0` as a float, and integers that don't fit: no integer type takes them
  if (/[.eE]/.test(source) || source === "-0" || source.length > INTEGER_CHARACTERS_MAX) return new JsonFloat(source);
  return Number.isSafeInteger(value) ? value : BigInt(source);
}

const QUOTE = 0x22, BACKSLASH = 0x5c, BRACKET = 0x5b, BRACE = 0x7b, BRACKET_END = 0x5d, BRACE_END = 0x7d;

/** Whether arrays and objects stand deeper in each other than the bound; of a text that is no JSON it says anything. */
function isTooDeep(text: string): boolean {
  if (text.length <= JSON_DEPTH_MAX) return false;
  let depth = 0, inString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === BRACKET || code === BRACE) {
      if (++depth > JSON_DEPTH_MAX) return true;
    } else if (code === BRACKET_END || code === BRACE_END) depth--;
  }
  return false;
}

/** @throws {DecodeError} `bad_json` · `too_deep` · `too_large` when the text is longer than `charactersMax` */
export function parseJson(text: string, charactersMax = 2 * 10_485_760): Json {
  if (text.length > charactersMax) {
    throw new DecodeError("too_large", `JSON text of ${text.length} characters is too long`);
  }
  if (isTooDeep(text)) throw new DecodeError("too_deep", `JSON is nested deeper than ${JSON_DEPTH_MAX}`);
  try {
    return (JSON.parse as (text: string, reviver: SourceReviver) => Json)(text, revive);
  } catch (cause) {
    throw new DecodeError("bad_json", "Text is not JSON", -1, [], { cause });
  }
}

/** `indent` 2 gives serde's pretty form. Map keys are written in the order of the object. */
export function stringifyJson(value: Json, indent?: number): string {
  const raw = (JSON as unknown as RawJson).rawJSON;
  return JSON.stringify(value, (_key, item) => {
    if (typeof item === "bigint") return raw(item.toString());
    if (item instanceof JsonFloat) return raw(item.source);
    return item;
  }, indent);
}

export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof JsonFloat);
}
