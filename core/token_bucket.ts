/** What may be spent at a rate, and at most so much at once: the bound of whatever others can bring about. Pure. */

export type BucketTerms = {
  /** What it holds at most, and at first. */
  readonly burst: number;
  /** So many come back … */
  readonly tokens: number;
  /** … in so long. */
  readonly ms: number;
};

export class TokenBucket {
  readonly #terms: BucketTerms;
  #left: number;
  #atMs: number;

  constructor(terms: BucketTerms, nowMs: number) {
    this.#terms = terms;
    this.#left = terms.burst;
    this.#atMs = nowMs;
  }

  /** What there is now; below 0 when more was taken. */
  left(nowMs: number): number {
    if (nowMs > this.#atMs) {
      this.give((nowMs - this.#atMs) * this.#terms.tokens / this.#terms.ms);
      this.#atMs = nowMs;
    }
    return this.#left;
  }

  /**
   * Until there are so many, whole: a clock may not tell a millionth of a millisecond later from now, and would be
   * asked for ever. 0 = now.
   */
  waitMs(tokens: number, nowMs: number): number {
    return Math.max(0, Math.ceil((tokens - this.left(nowMs)) * this.#terms.ms / this.#terms.tokens));
  }

  /** Of what there is by now, as what is full gains nothing; may go below 0. */
  take(tokens: number, nowMs: number): void {
    this.#left = this.left(nowMs) - tokens;
  }

  /** Takes so many if there are. @returns whether there were */
  tryTake(tokens: number, nowMs: number): boolean {
    if (this.left(nowMs) < tokens) return false;
    this.take(tokens, nowMs);
    return true;
  }

  /** What was taken and not needed. */
  give(tokens: number): void {
    this.#left = Math.min(this.#terms.burst, this.#left + tokens);
  }
}
