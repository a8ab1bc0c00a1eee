/**
 * Option, Result, lists, maps, tuples, structs. `fedimint-core/src/encoding/{mod,collections}.rs`, `fedimint-derive`.
 */
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";
import type { AnyCodec, Codec, CodecType } from "./codec.ts";
import { DecodeError, rethrowWithin } from "./error.ts";
import type { Reader, Writer } from "./io.ts";
import type { Json } from "./json.ts";
import { isJsonObject } from "./json.ts";
import { badJson } from "./primitives.ts";

/**
 * `00`, or `01` and the value; JSON null or the value. @throws {RangeError} for a type that has null itself: use
 * `nestedOption`
 */
export function option<T>(inner: Codec<T>): Codec<T | null> {
  if (inner.nullable) throw new RangeError(`An option of ${inner.name} can't tell none from null`);
  const nested = nestedOption(inner);
  return {
    ...nested,
    nullable: true,
    write: (writer, value) => nested.write(writer, value === null ? null : { some: value }),
    read: (reader) => {
      const value = nested.read(reader);
      return value === null ? null : value.some;
    },
    toJson: (value) => value === null ? null : inner.toJson(value),
    fromJson: (json) => json === null ? null : inner.fromJson(json),
    compare: (a, b) => a === null ? (b === null ? 0 : -1) : b === null ? 1 : inner.compare(a, b),
  };
}

/** An option whose value may be null: `{ some: null }` is not none. serde's JSON has null for both, and reads none. */
export function nestedOption<T>(inner: Codec<T>): Codec<{ readonly some: T } | null> {
  return {
    name: `Option<${inner.name}>`,
    layout: { form: "list", text: "Option (00, or 01 and)", items: [inner.layout] },
    nullable: true,
    write: (writer, value) => {
      writer.u8(value === null ? 0 : 1);
      if (value !== null) inner.write(writer, value.some);
    },
    read: (reader) => {
      const flag = reader.u8();
      if (flag > 1) reader.fail("bad_flag", `Byte ${flag} is not an option's flag`);
      return flag === 1 ? { some: inner.read(reader) } : null;
    },
    toJson: (value) => value === null ? null : inner.toJson(value.some),
    fromJson: (json) => json === null ? null : { some: inner.fromJson(json) },
    compare: (a, b) => a === null ? (b === null ? 0 : -1) : b === null ? 1 : inner.compare(a.some, b.some),
  };
}

/** Ok = `01` and the value, Err = `00` and the error. */
export function result<T, E>(value: Codec<T>, error: Codec<E>): Codec<Result<T, E>> {
  return {
    name: `Result<${value.name}, ${error.name}>`,
    layout: { form: "fields", text: "Result (00 Err, 01 Ok)", fields: [["Err", error.layout], ["Ok", value.layout]] },
    write: (writer, item) => {
      writer.u8(item.ok ? 1 : 0);
      if (item.ok) value.write(writer, item.value);
      else error.write(writer, item.error);
    },
    read: (reader) => {
      const flag = reader.u8();
      if (flag > 1) reader.fail("bad_flag", `Byte ${flag} is not a result's flag`);
      return flag === 1 ? ok(value.read(reader)) : err(error.read(reader));
    },
    toJson: (item) => item.ok ? { Ok: value.toJson(item.value) } : { Err: error.toJson(item.error) },
    fromJson: (json) => {
      if (isJsonObject(json) && json.Ok !== undefined) return ok(value.fromJson(json.Ok));
      if (isJsonObject(json) && json.Err !== undefined) return err(error.fromJson(json.Err));
      return badJson("an object with Ok or Err");
    },
    // Rust orders by declaration: Ok first
    compare: (a, b) => {
      if (a.ok) return b.ok ? value.compare(a.value, b.value) : -1;
      return b.ok ? 1 : error.compare(a.error, b.error);
    },
  };
}

function compareLists<T>(inner: Codec<T>, a: readonly T[], b: readonly T[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = inner.compare(a[i]!, b[i]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function writeItems<T>(writer: Writer, inner: Codec<T>, items: readonly T[]): void {
  for (const item of items) inner.write(writer, item);
}

function readItems<T>(reader: Reader, inner: Codec<T>, count: number): T[] {
  const items: T[] = [];
  for (let i = 0; i < count; i++) items.push(readItem(reader, inner, i));
  return items;
}

function readItem<T>(reader: Reader, inner: Codec<T>, index: number): T {
  const before = reader.offset;
  let item: T;
  try {
    item = inner.read(reader);
  } catch (thrown) {
    rethrowWithin(thrown, `[${index}]`);
  }
  if (reader.offset === before) reader.fail("zero_sized", `A list of ${inner.name}, which takes no bytes, is refused`);
  return item;
}

function itemsFromJson<T>(inner: Codec<T>, json: Json): T[] {
  if (!Array.isArray(json)) badJson("an array");
  return (json as readonly Json[]).map((item, index) => {
    try {
      return inner.fromJson(item);
    } catch (thrown) {
      return rethrowWithin(thrown, `[${index}]`);
    }
  });
}

/** `Vec<T>`. Bytes have their own codec. */
export function list<T>(inner: Codec<T>): Codec<T[]> {
  return {
    name: `Vec<${inner.name}>`,
    layout: { form: "list", text: "Vec (BigSize count) of", items: [inner.layout] },
    write: (writer, value) => {
      writer.bigSize(value.length);
      writeItems(writer, inner, value);
    },
    read: (reader) => readItems(reader, inner, reader.length()),
    toJson: (value) => value.map((item) => inner.toJson(item)),
    fromJson: (json) => itemsFromJson(inner, json),
    compare: (a, b) => compareLists(inner, a, b),
  };
}

/** `Vec<T>` of which nobody honest sends more than `countMax` elements: of a longer one no element is read. */
export function boundedList<T>(inner: Codec<T>, countMax: number): Codec<T[]> {
  const whole = list(inner);
  return {
    ...whole,
    read: (reader) => {
      const count = reader.length();
      if (count > countMax) return reader.fail("too_large", `${count} elements exceed ${countMax}`);
      return readItems(reader, inner, count);
    },
    fromJson: (json) => {
      if (Array.isArray(json) && json.length > countMax) {
        throw new DecodeError("too_large", `${json.length} elements exceed ${countMax}`);
      }
      return whole.fromJson(json);
    },
  };
}

/** `[T; size]`: elements without a count. Of JSON with another count no element is read. */
export function fixedList<T>(inner: Codec<T>, size: number): Codec<T[]> {
  const whole = list(inner);
  return {
    ...whole,
    name: `[${inner.name}; ${size}]`,
    layout: { form: "list", text: `${size} times`, items: [inner.layout] },
    write: (writer, value) => {
      if (value.length !== size) throw new RangeError(`Expected ${size} elements, got ${value.length}`);
      writeItems(writer, inner, value);
    },
    read: (reader) => readItems(reader, inner, size),
    fromJson: (json) =>
      Array.isArray(json) && json.length === size
        ? itemsFromJson(inner, json)
        : badJson(`an array of ${size} elements`),
  };
}

/**
 * `BTreeSet<T>`: in TypeScript an array; encoding sorts it and refuses nothing but doubles, decoding wants it strictly
 * ascending.
 */
export function sortedSet<T>(inner: Codec<T>): Codec<T[]> {
  const whole = list(inner);
  const sorted = (value: readonly T[]): T[] => value.toSorted(inner.compare);
  return {
    ...whole,
    name: `BTreeSet<${inner.name}>`,
    layout: { form: "list", text: "Set (BigSize count, ascending) of", items: [inner.layout] },
    write: (writer, value) => {
      const items = sorted(value);
      if (items.some((item, i) => i > 0 && inner.compare(items[i - 1]!, item) === 0)) {
        throw new RangeError("A set holds no element twice");
      }
      whole.write(writer, items);
    },
    read: (reader) => {
      const items = whole.read(reader);
      for (let i = 1; i < items.length; i++) {
        if (inner.compare(items[i - 1]!, items[i]!) >= 0) {
          reader.fail("not_ascending", "Set elements are not strictly ascending");
        }
      }
      return items;
    },
    toJson: (value) => whole.toJson(sorted(value)),
    // serde fills a set: in any order, doubles once
    fromJson: (json) =>
      sorted(whole.fromJson(json)).filter((item, i, all) => i === 0 || inner.compare(all[i - 1]!, item) !== 0),
    compare: (a, b) => compareLists(inner, sorted(a), sorted(b)),
  };
}

function keyText(json: Json): string {
  return typeof json === "string" ? json : String(json);
}

function keyFromText<K>(codec: Codec<K>, key: string): K {
  const sample = /^(0|[1-9][0-9]*)$/.test(key);
  // serde writes numeric keys as decimal strings; which of both a codec wants is seen by trying the number first
  if (sample) {
    try {
      const number = BigInt(key);
      return codec.fromJson(number <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(number) : number);
    } catch (thrown) {
      if (!(thrown instanceof DecodeError) || thrown.facts.code !== "bad_json") throw thrown;
    }
  }
  return codec.fromJson(key);
}

/**
 * `BTreeMap<K, V>`: keys are numbers, bigints or strings in TypeScript. Encoding sorts by the key's order, decoding
 * wants strictly ascending keys.
 */
export function map<K extends number | bigint | string, V>(key: Codec<K>, value: Codec<V>): Codec<Map<K, V>> {
  const sorted = (entries: ReadonlyMap<K, V>): [K, V][] => [...entries].sort((a, b) => key.compare(a[0], b[0]));
  return {
    name: `BTreeMap<${key.name}, ${value.name}>`,
    layout: {
      form: "fields",
      text: "Map (BigSize count, keys ascending)",
      fields: [["key", key.layout], ["value", value.layout]],
    },
    write: (writer, entries) => {
      writer.bigSize(entries.size);
      for (const [k, v] of sorted(entries)) {
        key.write(writer, k);
        value.write(writer, v);
      }
    },
    read: (reader) => {
      const count = reader.length();
      const entries = new Map<K, V>();
      let last: K | undefined;
      for (let i = 0; i < count; i++) {
        const before = reader.offset;
        try {
          const k = key.read(reader);
          if (last !== undefined && key.compare(last, k) >= 0) {
            reader.fail("not_ascending", "Map keys are not strictly ascending");
          }
          last = k;
          entries.set(k, value.read(reader));
        } catch (thrown) {
          rethrowWithin(thrown, `[${i}]`);
        }
        if (reader.offset === before) reader.fail("zero_sized", "A map whose entries take no bytes is refused");
      }
      return entries;
    },
    toJson: (entries) => Object.fromEntries(sorted(entries).map(([k, v]) => [keyText(key.toJson(k)), value.toJson(v)])),
    fromJson: (json) => {
      if (!isJsonObject(json)) badJson("an object");
      const entries = Object.entries(json).map(([k, v]): [K, V] => {
        try {
          return [keyFromText(key, k), value.fromJson(v)];
        } catch (thrown) {
          return rethrowWithin(thrown, k);
        }
      });
      return new Map(entries.sort((a, b) => key.compare(a[0], b[0])));
    },
    compare: (a, b) => {
      const left = sorted(a), right = sorted(b);
      for (let i = 0; i < left.length && i < right.length; i++) {
        const order = key.compare(left[i]![0], right[i]![0]) || value.compare(left[i]![1], right[i]![1]);
        if (order !== 0) return order;
      }
      return left.length - right.length;
    },
  };
}

/** Fields in order, without names; JSON an array. */
export function tuple<C extends readonly AnyCodec[]>(
  ...items: C
): Codec<{ -readonly [I in keyof C]: CodecType<C[I]> }> {
  type T = { -readonly [I in keyof C]: CodecType<C[I]> };
  return {
    name: `(${items.map((item) => item.name).join(", ")})`,
    layout: { form: "list", text: "tuple", items: items.map((item) => item.layout) },
    write: (writer, value) => items.forEach((item, i) => item.write(writer, value[i])),
    read: (reader) =>
      items.map((item, i) => {
        try {
          return item.read(reader);
        } catch (thrown) {
          return rethrowWithin(thrown, String(i));
        }
      }) as T,
    toJson: (value) => items.map((item, i) => item.toJson(value[i])),
    fromJson: (json) => {
      if (!Array.isArray(json) || json.length !== items.length) badJson(`an array of ${items.length} elements`);
      return items.map((item, i) => item.fromJson((json as readonly Json[])[i]!)) as T;
    },
    compare: (a, b) => {
      for (let i = 0; i < items.length; i++) {
        const order = items[i]!.compare(a[i], b[i]);
        if (order !== 0) return order;
      }
      return 0;
    },
  };
}

/** Fields by name, in their order on the wire. */
export type StructFields = { readonly [name: string]: AnyCodec };
/** The type of a struct. */
export type StructType<F extends StructFields> = { [K in keyof F]: CodecType<F[K]> };

/** `fedimintName` in TypeScript is `fedimint_name` in JSON. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/**
 * Fields in declaration order, no framing. JSON: an object with snake_case members, or those of `jsonNames`; unknown
 * members are ignored and an absent one reads as null, which only `option` accepts.
 */
export function struct<const F extends StructFields>(
  name: string,
  fields: F,
  jsonNames: { readonly [K in keyof F]?: string } = {},
): Codec<StructType<F>> {
  const entries = Object.entries(fields).map(([key, codec]) => ({
    key: key as keyof F & string,
    codec,
    json: jsonNames[key] ?? snakeCase(key),
  }));
  return {
    name,
    layout: { form: "fields", text: name, fields: entries.map(({ key, codec }) => [key, codec.layout] as const) },
    write: (writer, value) => {
      for (const { key, codec } of entries) codec.write(writer, value[key]);
    },
    read: (reader) => {
      const value: Partial<StructType<F>> = {};
      let at = "";
      try {
        for (const { key, codec } of entries) {
          at = key;
          value[key] = codec.read(reader);
        }
      } catch (thrown) {
        rethrowWithin(thrown, at);
      }
      return value as StructType<F>;
    },
    toJson: (value) => Object.fromEntries(entries.map(({ key, codec, json }) => [json, codec.toJson(value[key])])),
    fromJson: (json) => {
      if (!isJsonObject(json)) badJson(`an object (${name})`);
      const value: Partial<StructType<F>> = {};
      for (const { key, codec, json: member } of entries) {
        try {
          value[key] = codec.fromJson(json[member] ?? null);
        } catch (thrown) {
          rethrowWithin(thrown, member);
        }
      }
      return value as StructType<F>;
    },
    compare: (a, b) => {
      for (const { key, codec } of entries) {
        const order = codec.compare(a[key], b[key]);
        if (order !== 0) return order;
      }
      return 0;
    },
  };
}
