/**
 * Values of the backend kept for the next read, the least recently used thrown out first. Its entries are what the backend holds
 * *where the overlay has nothing*: the overlay is asked first, and hands over what it forgets.
 */
import type { Bytes } from "../../core/bytes.ts";
import { ENTRY_OVERHEAD_BYTES } from "./limits.ts";

export class Cache {
  // A Map keeps the order of insertion; a read inserts again.
  readonly #entries = new Map<string, Bytes | null>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** A value, null for a key that is absent, undefined when it isn't known. */
  get(key: string): Bytes | null | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  set(key: string, value: Bytes | null): void {
    this.#remove(key);
    const bytes = sizeOf(key, value);
    // One value must not empty the cache.
    if (bytes > this.#bytesMax / 16) return;
    this.#entries.set(key, value);
    this.#bytes += bytes;
    if (this.#bytes <= this.#bytesMax) return;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(oldest);
    }
  }

  #remove(key: string): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#entries.delete(key);
    this.#bytes -= sizeOf(key, value);
  }
}

function sizeOf(key: string, value: Bytes | null): number {
  return key.length + (value?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
}
