/** One object of a vector file that remembers which of its fields were read, so that none is skipped in silence. */
import type { Bytes } from "../../core/bytes.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { isJsonObject } from "../../core/encoding/mod.ts";

/** Say what a case is about; nothing to compute. */
const INFORMATIVE: ReadonlySet<string> = new Set(["name", "why", "rust_error", "note"]);

export class Fields {
  /** Where in the file, for messages: `types.json cases[3] "msat"`. */
  readonly place: string;
  readonly #source: JsonObject;
  readonly #read = new Set<string>();
  readonly #children: Fields[] = [];

  constructor(place: string, source: JsonObject) {
    const { name } = source;
    this.place = typeof name === "string" ? `${place} "${name}"` : place;
    this.#source = source;
  }

  get names(): string[] {
    return Object.keys(this.#source);
  }

  /** Looks without counting as read. */
  has(name: string): boolean {
    return Object.hasOwn(this.#source, name);
  }

  /** The field without counting as read. */
  peek(name: string): Json | undefined {
    return this.#source[name];
  }

  wasRead(name: string): boolean {
    return this.#read.has(name);
  }

  /** The field as it stands. @throws {TypeError} when it is absent */
  json(name: string): Json {
    this.#read.add(name);
    const value = this.#source[name];
    if (value === undefined) throw new TypeError(`${this.place} has no field ${name}`);
    return value;
  }

  text(name: string): string {
    return this.#typed(name, "a string", (value) => typeof value === "string");
  }

  /** Hex as bytes. */
  bytes(name: string): Bytes {
    return fromHex(this.text(name));
  }

  number(name: string): number {
    return this.#typed(name, "a number", (value) => typeof value === "number");
  }

  /** A number, or a decimal string. */
  bigint(name: string): bigint {
    return BigInt(
      this.#typed<string | number | bigint>(
        name,
        "an integer",
        (value) => typeof value === "number" || typeof value === "bigint" || typeof value === "string",
      ),
    );
  }

  bool(name: string): boolean {
    return this.#typed(name, "a boolean", (value) => typeof value === "boolean");
  }

  list(name: string): readonly Json[] {
    return this.#typed(name, "a list", (value) => Array.isArray(value));
  }

  texts(name: string): string[] {
    return this.list(name).map((item) => {
      if (typeof item !== "string") throw new TypeError(`${this.place}.${name} holds other things than strings`);
      return item;
    });
  }

  /** A list of hex strings. */
  bytesList(name: string): Bytes[] {
    return this.texts(name).map(fromHex);
  }

  /** Members of an object whose values are strings, in the file's order. */
  textMap(name: string): Map<string, string> {
    const value = this.#typed<JsonObject>(name, "an object", isJsonObject);
    return new Map(
      Object.entries(value).map(([key, item]) => {
        if (typeof item !== "string") throw new TypeError(`${this.place}.${name}.${key} is not a string`);
        return [key, item];
      }),
    );
  }

  /** A nested object; its own unread fields count too. */
  object(name: string): Fields {
    return this.#child(`${this.place} ${name}`, this.json(name));
  }

  /** A nested list of objects; their unread fields count too. */
  objects(name: string): Fields[] {
    return this.list(name).map((item, index) => this.#child(`${this.place} ${name}[${index}]`, item));
  }

  /** Drops fields that can't be computed; `why` is for the reader of the checker. */
  ignore(why: string, ...names: string[]): void {
    if (why === "") throw new TypeError("A field is ignored for a reason");
    for (const name of names) this.#read.add(name);
  }

  /** Names of fields that nobody read, nested ones with their place. */
  unread(): string[] {
    const own = this.names.filter((name) => !this.#read.has(name) && !INFORMATIVE.has(name));
    return [...own, ...this.#children.flatMap((child) => child.unread().map((name) => `${child.place}.${name}`))];
  }

  #typed<T extends Json>(name: string, expected: string, holds: (value: Json) => boolean): T {
    const value = this.json(name);
    if (!holds(value)) throw new TypeError(`${this.place}.${name} is not ${expected}`);
    return value as T;
  }

  #child(place: string, value: Json): Fields {
    if (!isJsonObject(value)) throw new TypeError(`${place} is not an object`);
    const child = new Fields(place, value);
    this.#children.push(child);
    return child;
  }
}
