/**
 * SCALE, the encoding of AlephBFT's messages, as codecs. `parity-scale-codec` 3, `aleph-bft-crypto` node.rs;
 * docs/protocol/03-consensus.md §A1.
 *
 * Every value has exactly one encoding and anything else is refused, so that a decoded value encodes to the bytes it
 * came from. These types have no JSON form; theirs here is the hex of the encoding.
 */
import type { Bytes } from "../../core/bytes.ts";
import { compareBytes } from "../../core/bytes.ts";
import type { Codec, Layout } from "../../core/encoding/codec.ts";
import { decodeHex, encode, encodeHex } from "../../core/encoding/codec.ts";
import { DecodeError } from "../../core/encoding/error.ts";
import type { Reader, Writer } from "../../core/encoding/io.ts";

export function scaleCodec<T>(
  name: string,
  layout: Layout,
  write: (writer: Writer, value: T) => void,
  read: (reader: Reader) => T,
): Codec<T> {
  const codec: Codec<T> = {
    name,
    layout,
    write,
    read,
    toJson: (value) => encodeHex(codec, value),
    fromJson: (json) => {
      if (typeof json !== "string") throw new DecodeError("bad_json", `Expected a hex string (${name})`);
      return decodeHex(codec, json);
    },
    compare: (a, b) => compareBytes(encode(codec, a), encode(codec, b)),
  };
  return codec;
}

function leaf(text: string): Layout {
  return { form: "leaf", text };
}

/** A round, u16 little-endian. */
export const round: Codec<number> = scaleCodec(
  "Round",
  leaf("u16 LE"),
  (writer, value) => writer.uint(value, 2, true),
  (reader) => reader.uint16(true),
);

/** A session's index or a salt, u64 little-endian. */
export const u64Le: Codec<bigint> = scaleCodec(
  "u64",
  leaf("u64 LE"),
  (writer, value) => writer.uint(value, 8, true),
  (reader) => reader.uint64(true),
);

/**
 * A guardian's index, u64 little-endian. Whatever a peer writes here names nobody unless it is below the number of
 * guardians, so what doesn't fit a safe integer is refused right away.
 */
export const nodeIndex: Codec<number> = scaleCodec(
  "NodeIndex",
  leaf("u64 LE"),
  (writer, value) => {
    writer.uint(value % 0x1_0000_0000, 4, true);
    writer.uint(Math.floor(value / 0x1_0000_0000), 4, true);
  },
  (reader) => {
    const low = reader.uint32(true);
    const high = reader.uint32(true);
    if (high >= 0x20_0000) reader.fail("out_of_range", "Index exceeds 2^53");
    return high * 0x1_0000_0000 + low;
  },
);

/**
 * A compact length: the two low bits say whether 1, 2 or 4 bytes hold it. Never more than the bytes left, since each
 * element takes one.
 */
export const compactLength: Codec<number> = scaleCodec(
  "Compact",
  leaf("compact length"),
  (writer, value) => {
    if (value < 0x40) writer.u8(value << 2);
    else if (value < 0x4000) writer.uint((value << 2) | 1, 2, true);
    else if (value < 0x4000_0000) writer.uint(value * 4 + 2, 4, true);
    else throw new RangeError(`A length of ${value} is beyond any message`);
  },
  (reader) => {
    const first = reader.u8();
    const mode = first & 3;
    let value = first >> 2;
    if (mode === 1) {
      value += reader.u8() * 0x40;
      if (value < 0x40) reader.fail("not_minimal", "Length is not in its shortest form");
    } else if (mode === 2) {
      value += reader.u8() * 0x40 + reader.uint16(true) * 0x4000;
      if (value < 0x4000) reader.fail("not_minimal", "Length is not in its shortest form");
    } else if (mode === 3) reader.fail("out_of_range", "Length is beyond any message");
    if (value > reader.remaining) {
      reader.fail("end_of_input", `Length ${value} exceeds the ${reader.remaining} bytes left`);
    }
    return value;
  },
);

function fixedBytes(name: string, size: number): Codec<Bytes> {
  return scaleCodec(
    name,
    leaf(`${size} bytes`),
    (writer, value) => {
      if (value.length !== size) throw new RangeError(`${name} has ${size} bytes, not ${value.length}`);
      writer.raw(value);
    },
    (reader) => reader.raw(size),
  );
}

export const hash32: Codec<Bytes> = fixedBytes("Hash", 32);
export const signature64: Codec<Bytes> = fixedBytes("Signature", 64);

export const byteVector: Codec<Bytes> = scaleCodec(
  "Vec<u8>",
  leaf("compact length, bytes"),
  (writer, value) => {
    compactLength.write(writer, value.length);
    writer.raw(value);
  },
  (reader) => reader.raw(compactLength.read(reader)),
);

export function vector<T>(inner: Codec<T>): Codec<T[]> {
  return scaleCodec(
    `Vec<${inner.name}>`,
    { form: "list", text: "Vec (compact length) of", items: [inner.layout] },
    (writer, value) => {
      compactLength.write(writer, value.length);
      for (const item of value) inner.write(writer, item);
    },
    (reader) => {
      const count = compactLength.read(reader);
      const items: T[] = [];
      for (let i = 0; i < count; i++) items.push(inner.read(reader));
      return items;
    },
  );
}

export function option<T>(inner: Codec<T>): Codec<T | null> {
  return scaleCodec(
    `Option<${inner.name}>`,
    { form: "list", text: "Option (00, or 01 and)", items: [inner.layout] },
    (writer, value) => {
      writer.u8(value === null ? 0 : 1);
      if (value !== null) inner.write(writer, value);
    },
    (reader) => {
      const flag = reader.u8();
      if (flag > 1) reader.fail("bad_flag", `Byte ${flag} is not an option's flag`);
      return flag === 1 ? inner.read(reader) : null;
    },
  );
}

/** Something for each guardian, or null: a vector of options by index. */
export type NodeMap<T> = readonly (T | null)[];

export function nodeMap<T>(inner: Codec<T>): Codec<NodeMap<T>> {
  const whole = vector(option(inner));
  return { ...whole, name: `NodeMap<${inner.name}>` } as Codec<NodeMap<T>>;
}

/**
 * A set of guardians as bits, the first guardian in the most significant bit of the first byte; `size` bits, those
 * beyond it 0.
 */
export type NodeSubset = { readonly size: number; readonly bits: Bytes };

export const nodeSubset: Codec<NodeSubset> = scaleCodec(
  "NodeSubset",
  leaf("u32 LE bit count, compact length, bits (most significant first)"),
  (writer, { size, bits }) => {
    writer.uint(size, 4, true);
    byteVector.write(writer, bits);
  },
  (reader) => {
    const size = reader.uint32(true);
    const bits = byteVector.read(reader);
    if (bits.length !== Math.ceil(size / 8)) {
      reader.fail("invalid", `A set of ${size} guardians has ${bits.length} bytes`);
    }
    const used = size % 8;
    if (used !== 0 && (bits.at(-1)! & (0xff >> used)) !== 0) reader.fail("invalid", "Bits beyond the set are not 0");
    return { size, bits };
  },
);

export function subsetOf(size: number, members: Iterable<number>): NodeSubset {
  const bits = new Uint8Array(Math.ceil(size / 8));
  for (const member of members) bits[member >> 3]! |= 0x80 >> (member & 7);
  return { size, bits };
}

/** Members in ascending order. */
export function membersOf({ size, bits }: NodeSubset): number[] {
  const members: number[] = [];
  for (let i = 0; i < size; i++) if ((bits[i >> 3]! & (0x80 >> (i & 7))) !== 0) members.push(i);
  return members;
}

// deno-lint-ignore no-explicit-any -- a codec is contravariant in its type: only `any` accepts every codec here
type AnyFields = { readonly [name: string]: Codec<any> };
type FieldsType<F extends AnyFields> = { readonly [K in keyof F]: F[K] extends Codec<infer T> ? T : never };

/** Fields one after the other, in the order of declaration. */
export function struct<const F extends AnyFields>(name: string, fields: F): Codec<FieldsType<F>> {
  const entries = Object.entries(fields);
  return scaleCodec<FieldsType<F>>(
    name,
    { form: "fields", text: name, fields: entries.map(([field, codec]) => [field, codec.layout] as const) },
    (writer, value) => {
      for (const [field, codec] of entries) codec.write(writer, value[field]);
    },
    (reader) => {
      const value: Record<string, unknown> = {};
      for (const [field, codec] of entries) value[field] = codec.read(reader);
      return value as FieldsType<F>;
    },
  );
}

export type VariantOf<V extends AnyFields> = {
  [K in keyof V & string]: { readonly tag: K; readonly value: V[K] extends Codec<infer T> ? T : never };
}[keyof V & string];

/** A one-byte index by position, then the variant; without a length. */
export function variants<const V extends AnyFields>(name: string, cases: V): Codec<VariantOf<V>> {
  const entries = Object.entries(cases);
  const indexOf = new Map(entries.map(([tag], index) => [tag, index]));
  return scaleCodec<VariantOf<V>>(
    name,
    { form: "fields", text: `${name} (1 byte index)`, fields: entries.map(([t, c], i) => [`${i} ${t}`, c.layout]) },
    (writer, { tag, value }) => {
      const index = indexOf.get(tag);
      if (index === undefined) throw new RangeError(`${name} has no variant ${tag}`);
      writer.u8(index);
      entries[index]![1].write(writer, value);
    },
    (reader) => {
      const index = reader.u8();
      const entry = entries[index];
      if (entry === undefined) return reader.fail("unknown_variant", `${name} has no variant ${index}`);
      return { tag: entry[0], value: entry[1].read(reader) } as VariantOf<V>;
    },
  );
}
