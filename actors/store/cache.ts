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

type Generation = Map<string, Bytes | null>;

export class Cache {
  readonly #bytesMax: number;
  #young: Generation = new Map();
  #old: Generation = new Map();
  #youngBytes = 0;
  #oldBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#youngBytes + this.#oldBytes;
  }

  /** A value, null for a key that is absent, undefined when it isn't known. */
  get(key: string): Bytes | null | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Bytes | null): void {
    this.#remove(key);
    const bytes = sizeOf(key, value);
    // One value must not empty the cache.
    if (bytes > this.#bytesMax / 16) return;
    if (this.#youngBytes + bytes > this.#bytesMax / 2) {
      this.#old = this.#young;
      this.#oldBytes = this.#youngBytes;
      this.#young = new Map();
      this.#youngBytes = 0;
    }
    this.#young.set(key, value);
    this.#youngBytes += bytes;
  }

  #remove(key: string): void {
    const young = this.#young.get(key);
    if (young !== undefined) {
      this.#young.delete(key);
      this.#youngBytes -= sizeOf(key, young);
    }
    const old = this.#old.get(key);
    if (old !== undefined) {
      this.#old.delete(key);
      this.#oldBytes -= sizeOf(key, old);
    }
  }
}

function sizeOf(key: string, value: Bytes | null): number {
  return key.length + (value?.length ?? 0) + CACHED_OVERHEAD_BYTES;
}
