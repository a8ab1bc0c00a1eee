/**
 * What came of registering with guardians, for who asks how the gateway stands with a federation. In memory alone: it
 * begins anew with the gateway. fedimint-gateway-server 0.13.0 (`registration_health.rs`).
 */
import type { Clock } from "../../actors/platform/platform.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { FederationId } from "../../core/types/ids.ts";
import { REGISTRATION_TTL_SECS } from "../../modules/ln/gateway/limits.ts";

/** Milliseconds: of the last try since the epoch, of the last success by the monotonic clock. */
type Known = { readonly triedMs: number; readonly isRegistered: boolean; readonly registeredMs: number | null };

export class Registrations {
  readonly #clock: Clock;
  readonly #known = new Map<FederationId, Known>();
  readonly #isManaged: boolean;
  readonly #hasUrl: boolean;

  /** @param hasUrl whether the gateway has a public URL @param handsOver whether its node hands forwards over */
  constructor(clock: Clock, { hasUrl, handsOver }: { readonly hasUrl: boolean; readonly handsOver: boolean }) {
    this.#clock = clock;
    this.#hasUrl = hasUrl;
    this.#isManaged = hasUrl && handsOver;
  }

  /** Whether the gateway registers itself at all. */
  get isManaged(): boolean {
    return this.#isManaged;
  }

  /** @param isRegistered whether a threshold of guardians took it */
  tried(federationId: FederationId, isRegistered: boolean): void {
    const registeredMs = isRegistered ? this.#clock.monotonicMs() : this.#known.get(federationId)?.registeredMs ?? null;
    this.#known.set(federationId, { triedMs: this.#clock.nowMs(), isRegistered, registeredMs });
  }

  left(federationId: FederationId): void {
    this.#known.delete(federationId);
  }

  /** As the reference's JSON has it. */
  status(federationId: FederationId): Json {
    const known = this.#known.get(federationId);
    const agoSecs = known?.registeredMs == null ? null : (this.#clock.monotonicMs() - known.registeredMs) / 1_000;
    const endpoint = {
      last_attempt: known === undefined ? null : {
        completed_at_unix_secs: Math.floor(known.triedMs / 1_000),
        result: known.isRegistered ? "succeeded" : "failed",
      },
      advertised_ttl_remaining_secs: agoSecs === null
        ? null
        : Math.max(0, Math.floor(Number(REGISTRATION_TTL_SECS) - agoSecs)),
    };
    return {
      mode: "gateway_managed",
      configured: this.#isManaged,
      endpoints: this.#hasUrl ? { http: endpoint } : {},
    };
  }
}
