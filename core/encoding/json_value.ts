/** Values of JSON, and its numbers that no `number` or `bigint` stands for. */

/** What `JSON.stringify` writes out as it stands: the text of a number, string, true, false or null. */
export function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

/** A number with a fraction or an exponent, or an integer of any length, kept as its source text. */
export class JsonFloat {
  /** Its text. */
  readonly source: string;

  /** Takes a number's text as it is. */
  constructor(source: string) {
    this.source = source;
  }

  /** As a floating-point number. */
  get value(): number {
    return Number(this.source);
  }

  /** For `JSON.stringify`: the text as it came. */
  toJSON(): unknown {
    return rawJson(this.source);
  }
}

/** A JSON value. Integers of any size are exact. */
export type Json = null | boolean | number | bigint | string | JsonFloat | readonly Json[] | JsonObject;
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };
