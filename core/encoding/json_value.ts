/** Values of JSON, and its numbers that no `number` or `bigint` stands for. */

type RawJson = { rawJSON(text: string): unknown };

/** A number with a fraction or an exponent, or an integer of any length, kept as its source text. */
export class JsonFloat {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }

  get value(): number {
    return Number(this.source);
  }

  /** For `JSON.stringify`: the text as it came. */
  toJSON(): unknown {
    return (JSON as unknown as RawJson).rawJSON(this.source);
  }
}

export type Json = null | boolean | number | bigint | string | JsonFloat | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };
