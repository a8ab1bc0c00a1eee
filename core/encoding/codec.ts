/**
 * A codec is a value that knows one type whole: its consensus encoding (docs/protocol/01-encoding.md §1, §2, §3;
 * `fedimint-core/src/encoding`), serde's JSON form, its order as a map key, and its printed layout. Types are declared
 * once and the TypeScript type follows:
 *
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { type CodecType, decode, encode, struct, u32, u64 } from "./mod.ts";
 *
 * const idxRange = struct("IdxRange", { start: u32, end: u64 });
 * type IdxRange = CodecType<typeof idxRange>;
 *
 * const range: IdxRange = { start: 7, end: 253n };
 * assertEquals(encode(idxRange, range), Uint8Array.of(7, 0xfd, 0x00, 0xfd));
 * assertEquals(decode(idxRange, encode(idxRange, range)), range);
 * ```
 */
import type { Bytes } from "../bytes.ts";
import { fromHex, toHex } from "../bytes.ts";
import { DecodeError } from "./error.ts";
import { Reader, Writer } from "./io.ts";
import type { Json } from "./json.ts";

/** What a type looks like on the wire, as data: printed by `printLayout`. */
export type Layout =
  | { readonly form: "leaf"; readonly text: string }
  | { readonly form: "list"; readonly text: string; readonly items: readonly Layout[] }
  | { readonly form: "fields"; readonly text: string; readonly fields: readonly (readonly [string, Layout])[] };

/** How one type is written and read, in bytes and in JSON. */
export interface Codec<T> {
  /** Of the type, as the reference calls it. */
  readonly name: string;
  /** Its printed form. */
  readonly layout: Layout;
  /** Set when null is one of its values: `option` couldn't tell such a null from its own. */
  readonly nullable?: true;
  /** Appends a value's bytes. */
  write(writer: Writer, value: T): void;
  /** Reads a value. @throws {DecodeError} */
  read(reader: Reader): T;
  /** A value's JSON. */
  toJson(value: T): Json;
  /** Reads a value's JSON. @throws {DecodeError} */
  fromJson(json: Json): T;
  /** Rust's `Ord` of the type: negative, 0, positive. */
  compare(a: T, b: T): number;
}

/** A codec of any type. */
// deno-lint-ignore no-explicit-any -- a codec is contravariant in T: only `any` accepts every codec here
export type AnyCodec = Codec<any>;
/** The type that a codec is of. */
export type CodecType<C> = C extends Codec<infer T> ? T : never;

/** A value's bytes. */
export function encode<T>(codec: Codec<T>, value: T): Bytes {
  const writer = new Writer();
  codec.write(writer, value);
  return writer.finish();
}

/** Whole decoding. @throws {DecodeError} also when bytes are left over */
export function decode<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return readWhole(codec, new Reader(bytes));
}

/**
 * The same for very bytes that this codec has taken before, however long ago: it doesn't check again what costs much.
 * @throws {DecodeError} as `decode`, if they aren't
 */
export function decodeAgain<T>(codec: Codec<T>, bytes: Uint8Array): T {
  return readWhole(codec, new Reader(bytes, 0, 0, true));
}

function readWhole<T>(codec: Codec<T>, reader: Reader): T {
  const value = codec.read(reader);
  reader.end();
  return value;
}

/** A value's bytes as hex. */
export function encodeHex<T>(codec: Codec<T>, value: T): string {
  return toHex(encode(codec, value));
}

/** The value of hex digits, all of them. @throws {DecodeError} */
export function decodeHex<T>(codec: Codec<T>, hex: string): T {
  return decode(codec, parseHex(hex));
}

/** Bytes of hex digits, as the reference reads them. @throws {DecodeError} `invalid` */
export function parseHex(hex: string): Bytes {
  try {
    return fromHex(hex);
  } catch (cause) {
    throw new DecodeError("invalid", "Text is not hex", -1, [], { cause });
  }
}

/** The layout as indented text, a line a field. */
export function printLayout(codec: AnyCodec): string {
  const lines: string[] = [];
  const walk = (layout: Layout, indent: string, label: string): void => {
    lines.push(`${indent}${label}${layout.text}`);
    if (layout.form === "list") { for (const item of layout.items) walk(item, `${indent}  `, ""); }
    if (layout.form === "fields") { for (const [name, item] of layout.fields) walk(item, `${indent}  `, `${name}: `); }
  };
  walk(codec.layout, "", "");
  return lines.join("\n");
}

/** Another view of a codec's values: bytes as they were, TypeScript value and JSON form as `map` says. */
export function mapCodec<A, B>(
  inner: Codec<A>,
  name: string,
  map: {
    /** @throws {DecodeError} for values that are refused; the reader's offset is added */
    readonly decode: (value: A) => B;
    readonly encode: (value: B) => A;
    readonly toJson?: (value: B) => Json;
    readonly fromJson?: (json: Json) => B;
    readonly compare?: (a: B, b: B) => number;
  },
): Codec<B> {
  return {
    name,
    layout: { form: "list", text: name, items: [inner.layout] },
    write: (writer, value) => inner.write(writer, map.encode(value)),
    read: (reader) => {
      const offset = reader.offset;
      const value = inner.read(reader);
      try {
        return map.decode(value);
      } catch (thrown) {
        if (thrown instanceof DecodeError && thrown.facts.offset < 0) {
          throw new DecodeError(thrown.facts.code, thrown.detail, offset, thrown.facts.path, { cause: thrown.cause });
        }
        throw thrown;
      }
    },
    toJson: map.toJson ?? ((value) => inner.toJson(map.encode(value))),
    fromJson: map.fromJson ?? ((json) => map.decode(inner.fromJson(json))),
    compare: map.compare ?? ((a, b) => inner.compare(map.encode(a), map.encode(b))),
  };
}
