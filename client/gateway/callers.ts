/**
 * How much strangers may ask: a request costs the gateway up to ten milliseconds of signatures and pairings, before it
 * knows whether there is any money behind it.
 */
import type { Address, Clock } from "../../actors/platform/platform.ts";
import { sourceOf, UNNAMED_SOURCE } from "../../actors/platform/source.ts";
import { Recent } from "../../core/recent.ts";
import { TokenBucket } from "../../core/token_bucket.ts";
import { REQUESTS_OF_PROXY, REQUESTS_OF_SOURCE, SOURCES_KEPT_MIN } from "./limits.ts";

export class Callers {
  readonly #clock: Clock;
  readonly #buckets = new Recent<TokenBucket>(SOURCES_KEPT_MIN);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether one request more of this address is looked at. */
  mayAsk(remote: Address): boolean {
    const nowMs = this.#clock.monotonicMs(), source = sourceOf(remote);
    // behind a private address stands a proxy, and behind that everybody
    const terms = source === null ? REQUESTS_OF_PROXY : REQUESTS_OF_SOURCE;
    const bucket = this.#buckets.get(source ?? UNNAMED_SOURCE) ?? new TokenBucket(terms, nowMs);
    this.#buckets.set(source ?? UNNAMED_SOURCE, bucket);
    return bucket.tryTake(1, nowMs);
  }
}
