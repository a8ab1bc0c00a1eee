/**
 * A tar archive of a few small files: GNU headers as the reference's library writes them, mode 0644, no owner, time 0. Written out here
 * because two hundred bytes of format are less than a dependency.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concatAll, utf8 } from "../../core/bytes.ts";

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;
/** Where the fields of a header begin; the others are 0, the type too: a regular file. */
const AT = { mode: 100, size: 124, time: 136, checksum: 148, magic: 257 };

/** Octal digits and a zero byte. */
function octal(value: number, bytes: number): Bytes {
  const digits = value.toString(8).padStart(bytes - 1, "0");
  assert(digits.length < bytes, "the files of this archive are small");
  return utf8(`${digits}\0`);
}

function header(name: string, size: number): Bytes {
  const bytes = new Uint8Array(BLOCK_BYTES);
  assert(utf8(name).length < NAME_BYTES_MAX, "the names in this archive are short");
  bytes.set(utf8(name));
  bytes.set(octal(0o644, 8), AT.mode);
  bytes.set(octal(size, 12), AT.size);
  bytes.set(octal(0, 12), AT.time);
  bytes.set(utf8("ustar  \0"), AT.magic);
  // the checksum is taken with spaces in its own place
  bytes.fill(0x20, AT.checksum, AT.checksum + 8);
  const sum = bytes.reduce((total, byte) => total + byte, 0);
  bytes.set(octal(sum, 8), AT.checksum);
  return bytes;
}

function padding(size: number): Bytes {
  return new Uint8Array((BLOCK_BYTES - size % BLOCK_BYTES) % BLOCK_BYTES);
}

/** @param files content by name, in order; names are ASCII and shorter than 100 bytes */
export function tarArchive(files: ReadonlyMap<string, Uint8Array>): Bytes {
  const parts = [...files].flatMap(([name, bytes]) => [header(name, bytes.length), bytes, padding(bytes.length)]);
  return concatAll([...parts, new Uint8Array(2 * BLOCK_BYTES)]);
}
