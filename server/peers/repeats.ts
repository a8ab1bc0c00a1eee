/** Whether something happens so often in a while that it is no accident. Pure. */

export class Repeats {
  readonly #many: number;
  readonly #windowMs: number;
  /** Of the last times, the oldest first: `#many` at most. */
  #atMs: number[] = [];

  constructor(bounds: { readonly many: number; readonly windowMs: number }) {
    this.#many = bounds.many;
    this.#windowMs = bounds.windowMs;
  }

  /** It has happened. True when it was so often within the window, this time included. */
  note(nowMs: number): boolean {
    this.#atMs = [...this.#atMs, nowMs].slice(-this.#many);
    return this.#atMs.length === this.#many && nowMs - this.#atMs[0]! < this.#windowMs;
  }
}
