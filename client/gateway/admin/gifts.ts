/**
 * E-cash that strangers give to the gateway. What was spent before guardians refuse, and each such try leaves records
 * in the wallet for good; so those tries are bounded, and notes are taken out of the text that they come in: the same
 * ones in another text are known to be the same.
 */
import type { Address, Clock } from "../../../actors/platform/platform.ts";
import { sourceOf } from "../../../actors/platform/source.ts";
import { toHex } from "../../../core/bytes.ts";
import { Recent } from "../../../core/recent.ts";
import { TokenBucket } from "../../../core/token_bucket.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import type { Ecash } from "../../../modules/mintv2/ecash.ts";
import { ecashNotes, ecashUnit, formatEcash, makeEcash } from "../../../modules/mintv2/ecash.ts";
import { ECASH_REFUSED, ECASH_REFUSED_OF_SOURCE, SOURCES_KEPT_MIN } from "../limits.ts";

/** A try that has begun. */
export type Gift = {
  /** It has left no record of a refusal. */
  giveBack(): void;
};

export class Gifts {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #sources = new Recent<TokenBucket>(SOURCES_KEPT_MIN);

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new TokenBucket(ECASH_REFUSED, clock.monotonicMs());
  }

  /** @returns null when too much of it was refused lately */
  begin(remote: Address): Gift | null {
    const nowMs = this.#clock.monotonicMs(), buckets = [this.#all, ...this.#sourceOf(remote, nowMs)];
    if (buckets.some((bucket) => bucket.left(nowMs) < 1)) return null;
    for (const bucket of buckets) bucket.take(1, nowMs);
    return { giveBack: () => buckets.forEach((bucket) => bucket.give(1)) };
  }

  /** None for those behind whom everybody may stand. */
  #sourceOf(remote: Address, nowMs: number): TokenBucket[] {
    const source = sourceOf(remote);
    if (source === null) return [];
    const bucket = this.#sources.get(source) ?? new TokenBucket(ECASH_REFUSED_OF_SOURCE, nowMs);
    this.#sources.set(source, bucket);
    return [bucket];
  }
}

/** The notes alone, in one order, as text. Secret. */
export function plainText(mint: FederationId, value: Ecash): string {
  const notes = ecashNotes(value).map((note) => ({ note, name: toHex(note.keypair) }));
  notes.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return formatEcash(makeEcash(mint, notes.map(({ note }) => note), { unit: ecashUnit(value) }));
}
