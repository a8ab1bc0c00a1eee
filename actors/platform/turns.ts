/**
 * Whose turn it is to cost something, where many strangers wait: so many turns in a time, source by source, whoever has waited
 * longest of each. Sources that are trusted have turns of their own besides, so that a crowd of strangers doesn't keep them
 * waiting. Pure.
 */
import type { BucketTerms } from "../../core/token_bucket.ts";
import { TokenBucket } from "../../core/token_bucket.ts";

export type Waiting = { readonly source: string; readonly begin: () => void };

/** Sources without a name, behind which may be anybody, are one. */
const UNNAMED = "";

export class Turns {
  readonly #all: TokenBucket;
  readonly #trusted: TokenBucket;
  readonly #trustedMax: number;
  /** By source, in the order of their next turns. */
  readonly #waiting = new Map<string, Set<Waiting>>();
  /** The longest trusted first. */
  readonly #sources = new Set<string>();

  constructor(
    terms: { readonly all: BucketTerms; readonly trusted: BucketTerms; readonly trustedMax: number },
    nowMs: number,
  ) {
    this.#all = new TokenBucket(terms.all, nowMs);
    this.#trusted = new TokenBucket(terms.trusted, nowMs);
    this.#trustedMax = terms.trustedMax;
  }

  trust(source: string | null): void {
    const name = source ?? UNNAMED;
    this.#sources.delete(name);
    this.#sources.add(name);
    if (this.#sources.size > this.#trustedMax) this.#sources.delete([...this.#sources][0]!);
  }

  enter(source: string | null, begin: () => void): Waiting {
    const waiting: Waiting = { source: source ?? UNNAMED, begin };
    const group = this.#waiting.get(waiting.source) ?? new Set();
    this.#waiting.set(waiting.source, group.add(waiting));
    return waiting;
  }

  /** Who has had its turn has left already. */
  leave(waiting: Waiting): void {
    const group = this.#waiting.get(waiting.source);
    group?.delete(waiting);
    if (group?.size === 0) this.#waiting.delete(waiting.source);
  }

  /** Whoever has its turn; null while nobody has. */
  next(nowMs: number): Waiting | null {
    const trusted = this.#firstTrusted();
    if (trusted !== undefined && this.#trusted.waitMs(1, nowMs) === 0) return this.#take(trusted, this.#trusted, nowMs);
    const [first] = this.#waiting.keys();
    return first !== undefined && this.#all.waitMs(1, nowMs) === 0 ? this.#take(first, this.#all, nowMs) : null;
  }

  #firstTrusted(): string | undefined {
    for (const source of this.#sources) if (this.#waiting.has(source)) return source;
    return undefined;
  }

  #take(source: string, bucket: TokenBucket, nowMs: number): Waiting {
    bucket.take(1, nowMs);
    const group = this.#waiting.get(source)!;
    const [waiting] = group;
    this.leave(waiting!);
    // its next turn comes after those of the others
    if (this.#waiting.delete(source)) this.#waiting.set(source, group);
    return waiting!;
  }

  /** After how long to ask for the next again; null when nobody waits. */
  waitMs(nowMs: number): number | null {
    if (this.#waiting.size === 0) return null;
    const all = this.#all.waitMs(1, nowMs);
    return Math.ceil(this.#firstTrusted() === undefined ? all : Math.min(all, this.#trusted.waitMs(1, nowMs)));
  }
}
