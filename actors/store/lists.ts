/**
 * Answers to small lists of the backend, kept until something is written where they looked: whoever looks again and
 * again whether there is anything to do (a module that is asked for proposals, say) costs no read. Only what the
 * backend holds counts here; what isn't written yet is the overlay's.
 *
 * An answer is kept only if no write there was under way or began while it was read: then it is the backend's content
 * before that write and after it.
 */
import { LIST_KEPT_BYTES_MAX, LISTS_KEPT_MAX } from "./limits.ts";

/** low ≤ key < high; without `high` there is no end. */
export type Listing = {
  readonly low: string;
  readonly high: string | undefined;
  readonly limit: number;
  readonly reverse: boolean;
};

/** What the backend has: values of any size, as they are stored. */
type Stored = { readonly key: string; readonly value: unknown };
type Kept<P> = { readonly listing: Listing; readonly pieces: readonly P[] };
type Reading = { readonly listing: Listing; isTouched: boolean };

export class Lists<P extends Stored> {
  /** The longest not asked for comes first. */
  readonly #kept = new Map<string, Kept<P>>();
  readonly #readings = new Set<Reading>();
  /** Keys that are being written. */
  #writing: readonly string[] = [];

  get size(): number {
    return this.#kept.size;
  }

  async get(listing: Listing, read: () => Promise<P[]>): Promise<readonly P[]> {
    const name = nameOf(listing);
    const kept = this.#kept.get(name);
    if (kept !== undefined) {
      this.#kept.delete(name);
      this.#kept.set(name, kept);
      return kept.pieces;
    }
    const reading: Reading = { listing, isTouched: isTouchedBy(listing, this.#writing) };
    this.#readings.add(reading);
    try {
      const pieces = await read();
      if (!reading.isTouched && bytesOf(pieces) <= LIST_KEPT_BYTES_MAX) this.#keep(name, { listing, pieces });
      return pieces;
    } finally {
      this.#readings.delete(reading);
    }
  }

  #keep(name: string, kept: Kept<P>): void {
    this.#kept.set(name, kept);
    if (this.#kept.size <= LISTS_KEPT_MAX) return;
    const [oldest] = this.#kept.keys();
    this.#kept.delete(oldest!);
  }

  /** `write` changes these keys: what was read of them counts no more from now on, and what is read only afterwards. */
  async around(keys: readonly string[], write: () => Promise<void>): Promise<void> {
    this.#writing = keys;
    for (const [name, { listing }] of this.#kept) if (isTouchedBy(listing, keys)) this.#kept.delete(name);
    for (const reading of this.#readings) reading.isTouched ||= isTouchedBy(reading.listing, keys);
    await write();
    // after a failure nobody knows what is there
    this.#writing = [];
  }
}

function isTouchedBy({ low, high }: Listing, keys: readonly string[]): boolean {
  return keys.some((key) => key >= low && (high === undefined || key < high));
}

function nameOf({ low, high, limit, reverse }: Listing): string {
  return `${limit}${reverse ? "<" : ">"}${low.length}:${low}${high === undefined ? "" : `=${high}`}`;
}

function bytesOf(pieces: readonly Stored[]): number {
  let bytes = 0;
  for (const { key, value } of pieces) bytes += key.length + (value instanceof Uint8Array ? value.length : 0);
  return bytes;
}
