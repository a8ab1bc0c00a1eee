/**
 * Reader and writer under every codec: a growing buffer, and a cursor that never reads past its end.
 * Bounds: input size, nesting depth; nothing is allocated by an announced length.
 */
import type { Bytes } from "../bytes.ts";
import { DecodeError } from "./error.ts";

/** Deepest nesting of enums and embedded values. Fedimint's own types need fewer than ten. */
export const DEPTH_MAX = 64;
/** `MAX_DECODE_SIZE` of fedimint-core: the most one decode call reads. */
export const DECODE_BYTES_MAX = 16_000_000;

/**
 * Room for what is usually encoded; it is lent from one writer to the next, as fresh room costs more than most
 * encodings.
 */
const ROOM_BYTES = 1_024;
/** Writers that are under way at once: encodings nest. */
const ROOMS_MAX = 16;
const rooms: Bytes[] = [];

/** Bytes that grow. */
export class Writer {
  #bytes: Bytes;
  #length = 0;
  /** Whether `bytes` goes back to the others. */
  #isLent: boolean;

  /** An empty one. @param capacity bytes that it will take, as far as is known */
  constructor(capacity = ROOM_BYTES) {
    this.#isLent = capacity <= ROOM_BYTES;
    this.#bytes = this.#isLent ? rooms.pop() ?? new Uint8Array(ROOM_BYTES) : new Uint8Array(capacity);
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  #reserve(count: number): number {
    const at = this.#length;
    const needed = at + count;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, at));
      this.#giveBack();
      this.#bytes = grown;
    }
    this.#length = needed;
    return at;
  }

  /** Appends a byte. */
  u8(value: number): void {
    const at = this.#reserve(1);
    this.#bytes[at] = value;
  }

  /** Appends bytes as they are. */
  raw(bytes: Uint8Array): void {
    const at = this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  /** `bytes` = 2, 4 or 8 bytes of an unsigned integer. */
  uint(value: number | bigint, bytes: 2 | 4 | 8, littleEndian: boolean): void {
    const at = this.#reserve(bytes);
    const view = new DataView(this.#bytes.buffer, this.#bytes.byteOffset + at, bytes);
    if (bytes === 8) view.setBigUint64(0, BigInt(value), littleEndian);
    else if (bytes === 4) view.setUint32(0, Number(value), littleEndian);
    else view.setUint16(0, Number(value), littleEndian);
  }

  /** BigSize: the shortest of 1, 3, 5 or 9 bytes, payload big-endian (`lightning` util/ser.rs). */
  bigSize(value: number | bigint): void {
    if (value < 0xfd) return this.u8(Number(value));
    if (value <= 0xffff) {
      this.u8(0xfd);
      this.uint(value, 2, false);
    } else if (value <= 0xffffffff) {
      this.u8(0xfe);
      this.uint(value, 4, false);
    } else {
      this.u8(0xff);
      this.uint(value, 8, false);
    }
  }

  /** BigSize length, then the bytes. */
  sized(bytes: Uint8Array): void {
    this.bigSize(bytes.length);
    this.raw(bytes);
  }

  /** A copy of what was written. */
  finish(): Bytes {
    const written = this.#bytes.slice(0, this.#length);
    if (this.#isLent) {
      this.#giveBack();
      this.#bytes = written; // full: a further write takes other room
    }
    return written;
  }

  #giveBack(): void {
    if (this.#isLent && rooms.length < ROOMS_MAX) rooms.push(this.#bytes);
    this.#isLent = false;
  }
}

/** Bytes that are read from the front. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #base: number;
  readonly #depth: number;
  /** These very bytes were decoded before: checks that cost much may be left out. */
  readonly wereDecoded: boolean;
  #at = 0;

  /**
   * All of the bytes.
   * @param base where in the outermost input they begin ·
   * @param depth how deep in it ·
   * @param wereDecoded whether these very bytes were decoded before
   * @throws {DecodeError} `too_large` when `bytes` exceeds `DECODE_BYTES_MAX`
   */
  constructor(bytes: Uint8Array, base = 0, depth = 0, wereDecoded = false) {
    if (bytes.length > DECODE_BYTES_MAX) {
      throw new DecodeError("too_large", `Input of ${bytes.length} bytes exceeds ${DECODE_BYTES_MAX}`, base);
    }
    if (depth > DEPTH_MAX) throw new DecodeError("too_deep", `Values nest deeper than ${DEPTH_MAX}`, base);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#base = base;
    this.#depth = depth;
    this.wereDecoded = wereDecoded;
  }

  /** Offset in the outermost input. */
  get offset(): number {
    return this.#base + this.#at;
  }

  /** Bytes that are left. */
  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  /** Refuses the input here. */
  fail(code: DecodeError["facts"]["code"], detail: string): never {
    throw new DecodeError(code, detail, this.offset);
  }

  #take(count: number): number {
    if (count > this.remaining) this.fail("end_of_input", `Expected ${count} bytes, ${this.remaining} are left`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  /** A byte. */
  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** A copy of the next `count` bytes. */
  raw(count: number): Bytes {
    const at = this.#take(count);
    return this.#bytes.slice(at, at + count) as Bytes;
  }

  /** Goes over the next `count` bytes. */
  skip(count: number): void {
    this.#take(count);
  }

  /** Everything that is left. */
  rest(): Bytes {
    return this.raw(this.remaining);
  }

  /** Two bytes. */
  uint16(littleEndian: boolean): number {
    return this.#view.getUint16(this.#take(2), littleEndian);
  }

  /** Four bytes. */
  uint32(littleEndian: boolean): number {
    return this.#view.getUint32(this.#take(4), littleEndian);
  }

  /** Eight bytes. */
  uint64(littleEndian: boolean): bigint {
    return this.#view.getBigUint64(this.#take(8), littleEndian);
  }

  /** BigSize up to 2^64 − 1. @throws {DecodeError} `not_minimal` */
  bigSize(): bigint {
    const first = this.u8();
    if (first < 0xfd) return BigInt(first);
    const value = first === 0xfd
      ? BigInt(this.uint16(false))
      : first === 0xfe
      ? BigInt(this.uint32(false))
      : this.uint64(false);
    const least = first === 0xfd ? 0xfdn : first === 0xfe ? 0x10000n : 0x100000000n;
    if (value < least) this.fail("not_minimal", "BigSize is not in its shortest form");
    return value;
  }

  /** BigSize that must not exceed `max` (at most 2^53 − 1). */
  bigSizeUpTo(max: number): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0xfd && first <= max) {
      this.#at++;
      return first;
    }
    const value = this.bigSize();
    if (value > BigInt(max)) this.fail("out_of_range", `Number ${value} exceeds ${max}`);
    return Number(value);
  }

  /** A length or count: never more than the bytes that are left, since every element takes one at least. */
  length(): number {
    const first = this.#bytes[this.#at];
    if (first !== undefined && first < 0xfd && first < this.remaining) {
      this.#at++;
      return first;
    }
    const value = this.bigSize();
    if (value > BigInt(this.remaining)) {
      this.fail("end_of_input", `Length ${value} exceeds the ${this.remaining} bytes left`);
    }
    return Number(value);
  }

  /** Bytes behind their length. */
  sized(): Bytes {
    return this.raw(this.length());
  }

  /** A reader over the next `count` bytes, one level deeper. The caller must check that it is used up: `end()`. */
  nested(count: number): Reader {
    const base = this.offset;
    const at = this.#take(count);
    return new Reader(this.#bytes.subarray(at, at + count), base, this.#depth + 1, this.wereDecoded);
  }

  /** Refuses bytes that are left over. @throws {DecodeError} `trailing_bytes` */
  end(): void {
    if (this.remaining !== 0) this.fail("trailing_bytes", `${this.remaining} bytes are left over`);
  }
}
