/**
 * Things that were used lately, as many as stay within a number of bytes; what was used longest ago is forgotten first.
 * Which bytes count whoever adds a thing says. For many small things with a bounded number, `recent.ts` costs less.
 */
type Entry<T> = { readonly value: T; readonly bytes: number };

export class UsedLately<T> {
  // a Map keeps the order of insertion; a use inserts again
  readonly #entries = new Map<string, Entry<T>>();
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Of all that is kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** A use. */
  get(key: string): T | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry.value;
  }

  /** Forgets it, and says what it was. */
  take(key: string): Entry<T> | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
    return entry;
  }

  /** What is kept already stays as it is. A thing above the bound drives out all others, and isn't kept either. */
  add(key: string, { value, bytes }: Entry<T>): void {
    if (this.#entries.has(key)) return;
    this.#entries.set(key, { value, bytes });
    this.#bytes += bytes;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.take(oldest);
    }
  }
}
