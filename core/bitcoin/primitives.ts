/**
 * Bitcoin's own numbers, which are little-endian where fedimint's are BigSize. `bitcoin` crate, `consensus/encode.rs`.
 */
import type { Codec, Reader, Writer } from "../encoding/mod.ts";
import { u32, u64 } from "../encoding/mod.ts";

function leaf(text: string): Codec<never>["layout"] {
  return { form: "leaf", text };
}

/** Four bytes; JSON a number. */
export const u32Le: Codec<number> = {
  ...u32,
  layout: leaf("u32 (4 bytes, little-endian)"),
  write: (writer, value) => {
    if (!Number.isInteger(value) || value < 0 || value > 0xffffffff) throw new RangeError(`u32 can't hold ${value}`);
    writer.uint(value, 4, true);
  },
  read: (reader) => reader.uint32(true),
};

/** Eight bytes; JSON a number. */
export const u64Le: Codec<bigint> = {
  ...u64,
  layout: leaf("u64 (8 bytes, little-endian)"),
  write: (writer, value) => {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`u64 can't hold ${value}`);
    writer.uint(value, 8, true);
  },
  read: (reader) => reader.uint64(true),
};

export function writeI32Le(writer: Writer, value: number): void {
  if ((value | 0) !== value) throw new RangeError(`i32 can't hold ${value}`);
  writer.uint(value >>> 0, 4, true);
}

export function readI32Le(reader: Reader): number {
  return reader.uint32(true) | 0;
}

export function writeCompactSize(writer: Writer, value: number | bigint): void {
  if (value < 0xfd) return writer.u8(Number(value));
  const bytes = value <= 0xffff ? 2 : value <= 0xffffffff ? 4 : 8;
  writer.u8(bytes === 2 ? 0xfd : bytes === 4 ? 0xfe : 0xff);
  writer.uint(value, bytes, true);
}

/** @throws {DecodeError} `not_minimal` */
function readCompactSize(reader: Reader): bigint {
  const first = reader.u8();
  if (first < 0xfd) return BigInt(first);
  const value = first === 0xfd
    ? BigInt(reader.uint16(true))
    : first === 0xfe
    ? BigInt(reader.uint32(true))
    : reader.uint64(true);
  const least = first === 0xfd ? 0xfdn : first === 0xfe ? 0x10000n : 0x100000000n;
  if (value < least) reader.fail("not_minimal", "CompactSize is not in its shortest form");
  return value;
}

/**
 * A count of elements that take `bytesLeast` each: refused at once when they can't be there, so nothing is allocated
 * for an announced number.
 */
export function readCount(reader: Reader, bytesLeast = 1): number {
  const count = readCompactSize(reader);
  if (count * BigInt(bytesLeast) > BigInt(reader.remaining)) {
    reader.fail("end_of_input", `Count ${count} exceeds the ${reader.remaining} bytes left`);
  }
  return Number(count);
}

export function compactSizeLength(value: number): number {
  return value < 0xfd ? 1 : value <= 0xffff ? 3 : 5;
}

/** CompactSize ("VarInt"): the shortest of 1, 3, 5 or 9 bytes, payload little-endian. */
export const compactSize: Codec<bigint> = {
  ...u64,
  name: "CompactSize",
  layout: leaf("u64 (CompactSize)"),
  write: (writer, value) => {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new RangeError(`u64 can't hold ${value}`);
    writeCompactSize(writer, value);
  },
  read: readCompactSize,
};
