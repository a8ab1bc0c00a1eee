/**
 * How many invoices strangers may ask for: at gatewayd's rate all together, whoever they are. Beside it lies a reserve
 * for those who ask for few, so that one who takes all of the rate takes nothing from them.
 */
import type { Address, Clock } from "../../actors/platform/platform.ts";
import { sourceOf } from "../../actors/platform/source.ts";
import { Recent } from "../../core/recent.ts";
import { TokenBucket } from "../../core/token_bucket.ts";
import { INVOICES_OF_SOURCE, INVOICES_RESERVED, SOURCES_KEPT_MIN } from "./limits.ts";

export class InvoiceRate {
  readonly #clock: Clock;
  readonly #all: TokenBucket;
  readonly #reserve: TokenBucket;
  readonly #sources = new Recent<TokenBucket>(SOURCES_KEPT_MIN);

  constructor(rate: { readonly burst: number; readonly perSecond: number }, clock: Clock) {
    const nowMs = clock.monotonicMs(), share = (whole: number): number => Math.max(1, whole * INVOICES_RESERVED);
    this.#clock = clock;
    this.#all = new TokenBucket({ burst: rate.burst, tokens: rate.perSecond, ms: 1_000 }, nowMs);
    this.#reserve = new TokenBucket({ burst: share(rate.burst), tokens: share(rate.perSecond), ms: 1_000 }, nowMs);
  }

  /** Whether one invoice more is made. @param remote null for whoever can't be told from others */
  mayAsk(remote: Address | null): boolean {
    const nowMs = this.#clock.monotonicMs(), source = remote && sourceOf(remote);
    const own = source === null ? null : this.#sources.get(source) ?? new TokenBucket(INVOICES_OF_SOURCE, nowMs);
    if (source !== null && own) this.#sources.set(source, own);
    const asksForFew = own !== null && own.tryTake(1, nowMs);
    return this.#all.tryTake(1, nowMs) || asksForFew && this.#reserve.tryTake(1, nowMs);
  }
}
