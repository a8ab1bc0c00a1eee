/**
 * What came from one guardian and was not handled yet: whole messages as bytes, of which one at a time is handed on.
 * Its link reads no further frame before it is empty, so that it holds the frames of one piece of the stream at most.
 */
import type { Bytes } from "../../core/bytes.ts";

export class Lane {
  #waiting: Bytes[] = [];
  /** Next of `#waiting`. */
  #at = 0;
  #nextId: number;
  #offered: number | null = null;

  /** @param firstId other than in a life before: what was handed on there may be taken late */
  constructor(firstId: number) {
    this.#nextId = firstId;
  }

  /** Nothing waits, and nothing is being handled. */
  get isEmpty(): boolean {
    return this.#offered === null && this.#at === this.#waiting.length;
  }

  put(payloads: readonly Bytes[]): void {
    this.#waiting = [...this.#waiting.slice(this.#at), ...payloads];
    this.#at = 0;
  }

  /** The next message; null while one is being handled, and when none waits. */
  offer(): { readonly id: number; readonly payload: Bytes } | null {
    if (this.#offered !== null) return null;
    const payload = this.#waiting[this.#at];
    if (payload === undefined) return null;
    this.#at++;
    if (this.#at === this.#waiting.length) {
      this.#waiting = [];
      this.#at = 0;
    }
    this.#offered = this.#nextId++;
    return { id: this.#offered, payload };
  }

  /** True when it was the one being handled. */
  taken(id: number): boolean {
    if (this.#offered !== id) return false;
    this.#offered = null;
    return true;
  }

  /** Nobody will take what was handed on. */
  giveUp(): void {
    this.#offered = null;
  }

  clear(): void {
    this.#waiting = [];
    this.#at = 0;
    this.#offered = null;
  }
}
