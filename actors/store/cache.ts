/**
 * Values of the backend kept for the next read, those that were not used for long thrown out. Its entries are what the
 * backend holds *where the overlay has nothing*: the overlay is asked first, and hands over what it forgets.
 *
 * Two generations: what is used goes into the younger; when that has half of the room the older one is thrown away as a
 * whole and the younger takes its place. A single map in order of use would cost more the fuller it is: finding its
 * oldest entry walks over the places of all that were removed before.
 */
import type { Bytes } from "../../core/bytes.ts";
import { CACHED_OVERHEAD_BYTES } from "./limits.ts";

/** Small values share rooms of so many bytes. */
const ROOM_BYTES = 65_536;
/** A larger value has a room of its own. */
const SHARING_BYTES_MAX = ROOM_BYTES / 8;
/** Before each value: its length. */
const LENGTH_BYTES = 4;
/** The place of a key that is absent. */
const NOWHERE = -1;

/**
 * Values side by side: an array of its own costs some 400 bytes beside a value, half of them in three small pieces of
 * the runtime's heap, which is full of holes when they go. What was put is never written over: a reader may still hold
 * it.
 */
class Generation {
  /** Number of the room × its size + where in it. */
  readonly #places = new Map<string, number>();
  readonly #rooms: Bytes[] = [];
  /** The room that is being filled. */
  #room = NOWHERE;
  #used = ROOM_BYTES;
  #bytes = 0;

  /** What it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  get(key: string): Bytes | null | undefined {
    const place = this.#places.get(key);
    if (place === undefined) return undefined;
    if (place === NOWHERE) return null;
    const room = this.#rooms[Math.floor(place / ROOM_BYTES)]!, at = place % ROOM_BYTES;
    const from = at + LENGTH_BYTES;
    return room.subarray(from, from + new DataView(room.buffer).getUint32(at));
  }

  /** A key that it doesn't have. */
  add(key: string, value: Bytes | null): void {
    this.#places.set(key, value === null ? NOWHERE : this.#put(value));
    this.#bytes += sizeOf(key, value);
  }

  /** What the value took is free when the whole generation goes. */
  delete(key: string): void {
    if (this.#places.delete(key)) this.#bytes -= sizeOf(key, null);
  }

  #put(value: Bytes): number {
    const size = LENGTH_BYTES + value.length;
    if (size > SHARING_BYTES_MAX) return this.#write(this.#rooms.push(new Uint8Array(size)) - 1, 0, value);
    if (this.#used + size > ROOM_BYTES) {
      [this.#room, this.#used] = [this.#rooms.push(new Uint8Array(ROOM_BYTES)) - 1, 0];
    }
    const at = this.#used;
    this.#used += size;
    return this.#write(this.#room, at, value);
  }

  #write(index: number, at: number, value: Bytes): number {
    const room = this.#rooms[index]!;
    new DataView(room.buffer).setUint32(at, value.length);
    room.set(value, at + LENGTH_BYTES);
    return index * ROOM_BYTES + at;
  }
}

export class Cache {
  readonly #bytesMax: number;
  #young = new Generation();
  #old = new Generation();

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#young.bytes + this.#old.bytes;
  }

  /**
   * A value, null for a key that is absent, undefined when it isn't known. Not a copy: whoever keeps it for long makes
   * one, or keeps many others with it.
   */
  get(key: string): Bytes | null | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Bytes | null): void {
    this.#young.delete(key);
    this.#old.delete(key);
    const bytes = sizeOf(key, value);
    // One value must not empty the cache.
    if (bytes > this.#bytesMax / 16) return;
    if (this.#young.bytes + bytes > this.#bytesMax / 2) {
      this.#old = this.#young;
      this.#young = new Generation();
    }
    this.#young.add(key, value);
  }
}

function sizeOf(key: string, value: Bytes | null): number {
  return key.length + CACHED_OVERHEAD_BYTES + (value === null ? 0 : LENGTH_BYTES + value.length);
}
