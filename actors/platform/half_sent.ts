/**
 * What strangers have sent us in part: messages and bodies that have begun and not ended, and messages that wait to be
 * read. It is bounded over all connections of a server; above the bound whoever began first is cut off, as an honest
 * message ends within a moment.
 */
export type HalfSentEntry = { bytes: number; readonly evict: () => void };

export class HalfSent {
  readonly #bytesMax: number;
  /** Longest under way first. */
  readonly #entries = new Set<HalfSentEntry>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @param evict ends the connection; what it held no longer counts */
  begin(evict: () => void): HalfSentEntry {
    const entry = { bytes: 0, evict };
    this.#entries.add(entry);
    return entry;
  }

  /** So many bytes are held now. May evict, also this one. */
  set(entry: HalfSentEntry, bytes: number): void {
    if (!this.#entries.has(entry)) return;
    this.#bytes += bytes - entry.bytes;
    entry.bytes = bytes;
    for (const oldest of this.#entries) {
      if (this.#bytes <= this.#bytesMax) return;
      this.end(oldest);
      oldest.evict();
    }
  }

  /** Again does nothing. */
  end(entry: HalfSentEntry): void {
    if (this.#entries.delete(entry)) this.#bytes -= entry.bytes;
  }
}
