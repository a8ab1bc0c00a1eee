/**
 * What happened in a simulated world, a line an event. All lines go into one running SHA-256, so that two runs are
 * compared by 32 bytes; the last ones are kept for reading.
 */
import { createHash } from "node:crypto";

/** Lines that wait to be hashed at once: a call of the hash costs more than its bytes. */
const BATCH_LINES = 256;

export class EventLog {
  readonly #keepLines: number;
  readonly #hash = createHash("sha256");
  #kept: string[] = [];
  #batch: string[] = [];
  #count = 0;

  constructor(keepLines: number) {
    this.#keepLines = keepLines;
  }

  add(line: string): void {
    this.#count++;
    this.#batch.push(line);
    if (this.#batch.length >= BATCH_LINES) this.#flush();
    this.#kept.push(line);
    if (this.#kept.length > 2 * this.#keepLines) this.#kept = this.#kept.slice(-this.#keepLines);
  }

  /** Lines so far, also those no longer kept. */
  get count(): number {
    return this.#count;
  }

  /** The last lines, oldest first. */
  get lines(): readonly string[] {
    return this.#kept.slice(-this.#keepLines);
  }

  /** SHA-256 of all lines so far, hex: equal exactly when two runs were. */
  hash(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    this.#hash.update(`${this.#batch.join("\n")}\n`);
    this.#batch = [];
  }
}
