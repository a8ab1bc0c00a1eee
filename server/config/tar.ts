/**
 * A tar archive of a few small files: GNU headers as the reference's library writes them, mode 0644, no owner, time 0.
 * Written out here because two hundred bytes of format are less than a dependency.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concatAll, fromUtf8, utf8 } from "../../core/bytes.ts";
import { FedimintError } from "../../core/result.ts";

const BLOCK_BYTES = 512;
const NAME_BYTES_MAX = 100;
/** Where the fields of a header begin; the others are 0, the type too: a regular file. */
const AT = { mode: 100, size: 124, time: 136, checksum: 148, type: 156, magic: 257 };
/** Types of a regular file: in headers of today and of old. */
const REGULAR = ["0", "\0"];

export class TarError
  extends FedimintError<{ readonly code: "damaged" | "not_a_file" | "twice"; readonly name: string }> {}

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

/** A field of a header up to its first zero. */
function fieldText(header: Bytes, at: number, length: number): string {
  const field = header.slice(at, at + length);
  const end = field.indexOf(0);
  try {
    return fromUtf8(end < 0 ? field : field.slice(0, end));
  } catch (thrown) {
    if (thrown instanceof TypeError) throw damaged("");
    throw thrown;
  }
}

function damaged(name: string): TarError {
  return new TarError({ code: "damaged", name }, "The archive is damaged, or it is none");
}

function octalIn(header: Bytes, at: number, length: number): number {
  const text = fieldText(header, at, length).trim();
  if (!/^[0-7]{1,11}$/.test(text)) throw damaged("");
  return parseInt(text, 8);
}

/**
 * The regular files of an archive, by name; nothing is cut off or left over.
 * @throws {TarError} `damaged` · `not_a_file` for a link or a folder · `twice`
 */
export function readTar(archive: Bytes): Map<string, Bytes> {
  const files = new Map<string, Bytes>();
  let at = 0;
  for (;;) {
    const header = archive.slice(at, at + BLOCK_BYTES);
    if (header.length < BLOCK_BYTES) throw damaged("");
    if (header.every((byte) => byte === 0)) return files;
    const told = octalIn(header, AT.checksum, 8);
    if (told !== header.fill(0x20, AT.checksum, AT.checksum + 8).reduce((sum, byte) => sum + byte, 0)) {
      throw damaged("");
    }
    const name = fieldText(header, 0, NAME_BYTES_MAX).replace(/^\.\//, "");
    if (!REGULAR.includes(String.fromCharCode(header[AT.type]!))) {
      throw new TarError(
        { code: "not_a_file", name },
        `The archive holds something that is no file: ${JSON.stringify(name)}`,
      );
    }
    if (files.has(name)) throw new TarError({ code: "twice", name }, `The archive holds ${JSON.stringify(name)} twice`);
    const size = octalIn(header, AT.size, 12);
    const from = at + BLOCK_BYTES;
    if (from + size > archive.length) throw damaged(name);
    files.set(name, archive.slice(from, from + size));
    at = from + size + padding(size).length;
  }
}
