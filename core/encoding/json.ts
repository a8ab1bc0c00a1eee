/**
 * JSON as serde writes it: integers stay exact beyond 2^53, and `1.0` is told from `1`.
 * Numbers that were parsed are safe integers (`number`), larger integers (`bigint`) or `JsonFloat` (anything with `.`
 * or an exponent).
 */
import { DecodeError } from "./error.ts";

/** A number with a fraction or an exponent, kept as its source text. */
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
  // serde reads `-0` as a float, so that no integer type takes it
  if (/[.eE]/.test(source) || source === "-0") return new JsonFloat(source);
  return Number.isSafeInteger(value) ? value : BigInt(source);
}

/** @throws {DecodeError} `bad_json` · `too_large` when the text is longer than `charactersMax` */
export function parseJson(text: string, charactersMax = 2 * 10_485_760): Json {
  if (text.length > charactersMax) {
    throw new DecodeError("too_large", `JSON text of ${text.length} characters is too long`);
  }
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
