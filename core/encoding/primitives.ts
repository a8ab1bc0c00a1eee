/** Numbers, flags, text and byte strings. `fedimint-core/src/encoding/mod.rs`, `collections.rs`. */
import type { Bytes } from "../bytes.ts";
import { compareBytes, compareUtf8, fromUtf8, toHex, utf8 } from "../bytes.ts";
import type { Codec } from "./codec.ts";
import { parseHex } from "./codec.ts";
import { DecodeError } from "./error.ts";
import type { Json } from "./json.ts";

function leaf(text: string): { form: "leaf"; text: string } {
  return { form: "leaf", text };
}

/** Refuses a JSON value that is none of what was expected. */
export function badJson(expected: string): never {
  throw new DecodeError("bad_json", `Expected ${expected}`);
}

function integerFromJson(json: Json, max: bigint, name: string): bigint {
  if (typeof json !== "number" && typeof json !== "bigint") badJson(`an integer (${name})`);
  if (typeof json === "number" && !Number.isSafeInteger(json)) badJson(`an integer (${name})`);
  const value = BigInt(json);
  if (value < 0n || value > max) throw new DecodeError("out_of_range", `Number ${value} does not fit ${name}`);
  return value;
}

function checkRange(value: number, max: number, name: string): void {
  if (!Number.isInteger(value) || value < 0 || value > max) throw new RangeError(`${name} can't hold ${value}`);
}

function smallUint(name: string, max: number): Codec<number> {
  return {
    name,
    layout: leaf(`${name} (BigSize)`),
    write: (writer, value) => {
      checkRange(value, max, name);
      writer.bigSize(value);
    },
    read: (reader) => reader.bigSizeUpTo(max),
    toJson: (value) => value,
    fromJson: (json) => Number(integerFromJson(json, BigInt(max), name)),
    compare: (a, b) => a - b,
  };
}

/** One raw byte, never BigSize. */
export const u8: Codec<number> = {
  name: "u8",
  layout: leaf("u8 (1 byte)"),
  write: (writer, value) => {
    checkRange(value, 0xff, "u8");
    writer.u8(value);
  },
  read: (reader) => reader.u8(),
  toJson: (value) => value,
  fromJson: (json) => Number(integerFromJson(json, 0xffn, "u8")),
  compare: (a, b) => a - b,
};
/** BigSize, up to 2^16 − 1. */
export const u16: Codec<number> = smallUint("u16", 0xffff);
/** BigSize, up to 2^32 − 1. */
export const u32: Codec<number> = smallUint("u32", 0xffffffff);

const U64_MAX = 0xffff_ffff_ffff_ffffn;

/** BigSize, as a bigint. */
export const u64: Codec<bigint> = {
  name: "u64",
  layout: leaf("u64 (BigSize)"),
  write: (writer, value) => {
    if (value < 0n || value > U64_MAX) throw new RangeError(`u64 can't hold ${value}`);
    writer.bigSize(value);
  },
  read: (reader) => reader.bigSize(),
  toJson: shrink,
  fromJson: (json) => integerFromJson(json, U64_MAX, "u64"),
  compare: (a, b) => a < b ? -1 : a > b ? 1 : 0,
};

/**
 * A u64 that is small in every honest value (a position, a height), but is part of what guardians must all read alike:
 * a number up to 2^53 − 1, a bigint above, so that nothing is refused that the reference takes.
 */
export const u64Exact: Codec<number | bigint> = {
  ...u64,
  write: (writer, value) => u64.write(writer, BigInt(value)),
  read: (reader) => shrink(reader.bigSize()),
  toJson: (value) => shrink(BigInt(value)),
  fromJson: (json) => shrink(integerFromJson(json, U64_MAX, "u64")),
  compare: (a, b) => a < b ? -1 : a > b ? 1 : 0,
};

function shrink(value: bigint): number | bigint {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/**
 * A u64 that counts things which never pass 2^53 (sessions, positions): a plain number here. Larger ones are refused,
 * so it is not for what guardians order (inputs, outputs, consensus items): there `u64Exact`.
 */
export const u64Number: Codec<number> = {
  ...u64,
  write: (writer, value) => {
    checkRange(value, Number.MAX_SAFE_INTEGER, "u64");
    writer.bigSize(value);
  },
  read: (reader) => reader.bigSizeUpTo(Number.MAX_SAFE_INTEGER),
  toJson: (value) => value,
  fromJson: (json) => Number(integerFromJson(json, BigInt(Number.MAX_SAFE_INTEGER), "u64")),
  compare: (a, b) => a - b,
};

/** One byte, 0 or 1. */
export const bool: Codec<boolean> = {
  name: "bool",
  layout: leaf("bool (00 or 01)"),
  write: (writer, value) => writer.u8(value ? 1 : 0),
  read: (reader) => {
    const byte = reader.u8();
    if (byte > 1) reader.fail("bad_flag", `Byte ${byte} is not a bool`);
    return byte === 1;
  },
  toJson: (value) => value,
  fromJson: (json) => typeof json === "boolean" ? json : badJson("a boolean"),
  compare: (a, b) => Number(a) - Number(b),
};

/** `()`: no bytes; JSON null. */
export const unit: Codec<null> = {
  name: "()",
  layout: leaf("nothing"),
  nullable: true,
  write: () => {},
  read: () => null,
  toJson: () => null,
  fromJson: (json) => json === null ? null : badJson("null"),
  compare: () => 0,
};

/** UTF-8 behind its length. */
export const text: Codec<string> = {
  name: "String",
  layout: leaf("String (BigSize length, UTF-8)"),
  write: (writer, value) => {
    // a lone surrogate would silently become U+FFFD: other bytes than were meant, under a hash or a signature
    if (!value.isWellFormed()) throw new RangeError("Text with a lone surrogate has no UTF-8 form");
    writer.sized(utf8(value));
  },
  read: (reader) => {
    const bytes = reader.sized();
    try {
      return fromUtf8(bytes);
    } catch (cause) {
      throw new DecodeError("invalid", "Text is not UTF-8", reader.offset - bytes.length, [], { cause });
    }
  },
  toJson: (value) => value,
  fromJson: (json) => typeof json === "string" && json.isWellFormed() ? json : badJson("a string of whole characters"),
  compare: compareUtf8,
};

function bytesFromJsonArray(json: Json): Bytes {
  if (!Array.isArray(json)) badJson("an array of bytes");
  return Uint8Array.from((json as readonly Json[]).map((item) => u8.fromJson(item)));
}

/** `Vec<u8>`; JSON as serde's default, an array of numbers. */
export const bytes: Codec<Bytes> = {
  name: "Vec<u8>",
  layout: leaf("bytes (BigSize length)"),
  write: (writer, value) => writer.sized(value),
  read: (reader) => reader.sized(),
  toJson: (value) => Array.from(value),
  fromJson: bytesFromJsonArray,
  compare: compareBytes,
};

function hexFromJson(json: Json): Bytes {
  return typeof json === "string" ? parseHex(json) : badJson("a hex string");
}

/** `Vec<u8>`; JSON is hex of the raw bytes, without length. */
export const hexBytes: Codec<Bytes> = { ...bytes, toJson: toHex, fromJson: hexFromJson };

/** `[u8; size]`; JSON as serde's default, an array of numbers. */
export function fixedBytes(size: number): Codec<Bytes> {
  const check = (value: Bytes): Bytes => value.length === size ? value : badJson(`${size} bytes, got ${value.length}`);
  return {
    name: `[u8; ${size}]`,
    layout: leaf(`${size} bytes`),
    write: (writer, value) => {
      if (value.length !== size) throw new RangeError(`Expected ${size} bytes, got ${value.length}`);
      writer.raw(value);
    },
    read: (reader) => reader.raw(size),
    toJson: (value) => Array.from(value),
    fromJson: (json) => check(bytesFromJsonArray(json)),
    compare: compareBytes,
  };
}

/** `[u8; size]`; JSON is hex. For keys, signatures, points. */
export function fixedHex(size: number): Codec<Bytes> {
  const plain = fixedBytes(size);
  return {
    ...plain,
    toJson: toHex,
    fromJson: (json) => {
      const value = hexFromJson(json);
      return value.length === size ? value : badJson(`${size} bytes of hex, got ${value.length}`);
    },
  };
}

/**
 * `[u8; size]` that identifies something: in TypeScript a lower-case hex string of the brand `T`, so that it can be a
 * map's key. `reversed` ids (Bitcoin's) are shown, and kept, byte-reversed.
 */
export function hexId<T extends string>(name: string, size = 32, reversed = false): Codec<T> {
  const show = (raw: Uint8Array): T => toHex(reversed ? raw.slice().reverse() : raw) as T;
  const raw = (id: T): Bytes => {
    const value = parseHex(id);
    if (value.length !== size) throw new DecodeError("invalid", `${name} has ${size} bytes, got ${value.length}`);
    return reversed ? value.reverse() : value;
  };
  return {
    name,
    layout: leaf(`${name} (${size} bytes)`),
    write: (writer, value) => writer.raw(raw(value)),
    read: (reader) => show(reader.raw(size)),
    toJson: (value) => value,
    fromJson: (json) => typeof json === "string" ? show(raw(json as T)) : badJson(`a hex string (${name})`),
    compare: (a, b) => reversed ? compareBytes(raw(a), raw(b)) : a < b ? -1 : a > b ? 1 : 0,
  };
}
