/**
 * Gateways that the wallet knows: each guardian has a list of its own, of which none is trusted alone.
 * fedimint-ln-client 0.13.0 (`api.rs`, `select_available_gateway`); docs/protocol/06-lightning-meta.md §F.
 */
import { toHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G1 } from "../../../core/crypto/mod.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { gatewayReasons } from "../../../core/lightning/error.ts";
import { MSAT_PER_SAT } from "../../../core/types/amount.ts";
import { gatewayFeeMsat } from "../fees.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import type { GatewayAnnouncement, GatewayRegistration, LightningGateway } from "../gateways.ts";
import { anchored, announced, isExpired, isProofValid, lightningGateway } from "../gateways.ts";
import { REGISTRATION_TTL_SECS_MAX } from "../limits.ts";
import { gatewaysAtMs, knownGateways, replaceGateways } from "./db.ts";
import { LnError } from "./error.ts";
import { GATEWAYS_AT_ONCE, GATEWAYS_FRESH_MS, GATEWAYS_KEPT_MAX } from "./limits.ts";
import type { LnParts } from "./parts.ts";

/** `guardians`: those that tell it; one that tells it often is one. */
type Told = { readonly announcement: GatewayAnnouncement; readonly guardians: ReadonlySet<number> };

function nonceOf({ auth }: GatewayAnnouncement): bigint {
  return auth?.nonce ?? -1n;
}

/** Of two about one gateway: the signed one, then the newer, then the one that more guardians tell. */
function better(a: Told, b: Told): Told {
  if (nonceOf(a.announcement) !== nonceOf(b.announcement)) {
    return nonceOf(a.announcement) > nonceOf(b.announcement) ? a : b;
  }
  return b.guardians.size > a.guardians.size ? b : a;
}

/**
 * One for each gateway, with the longest time that a guardian gives it. What claims to be signed and isn't is dropped
 * before anything else, so that no guardian puts another gateway aside by it. Those that most guardians tell come
 * first, so that none of them alone fills the places.
 */
export function merged(
  lists: readonly (readonly GatewayAnnouncement[])[],
  federationKey: G1,
): GatewayAnnouncement[] {
  const told = new Map<string, Map<string, Told>>(), proofs = new Map<string, boolean>();
  const all = lists.flatMap((list, guardian) => list.map((announcement) => ({ announcement, guardian })));
  for (const { announcement, guardian } of all) {
    const { info, auth } = announcement, settings = toHex(encode(lightningGateway, info));
    const proof = auth ? `${settings} ${auth.nonce} ${toHex(auth.signature)}` : "";
    const isValid = proofs.get(proof) ?? isProofValid(federationKey, announcement);
    proofs.set(proof, isValid);
    if (!isValid) continue;
    const id = toHex(info.gatewayId), ofGateway = told.get(id) ?? new Map<string, Told>();
    told.set(id, ofGateway);
    const known = ofGateway.get(settings);
    const newer = known && nonceOf(known.announcement) > nonceOf(announcement) ? known.announcement : announcement;
    const longest = known && known.announcement.ttl.secs > announcement.ttl.secs ? known.announcement : announcement;
    ofGateway.set(settings, {
      announcement: { ...newer, ttl: longest.ttl, vetted: false },
      guardians: new Set(known?.guardians).add(guardian),
    });
  }
  const chosen = [...told.values()].map((ofGateway) => [...ofGateway.values()].reduce(better));
  return chosen.sort((a, b) => b.guardians.size - a.guardians.size).map(({ announcement }) => announcement);
}

/** A gateway, for people to choose from. */
export type AskedGateway = {
  /** As hex. */
  readonly gatewayId: string;
  readonly api: SafeUrl;
  readonly lightningAlias: string;
  /** What it takes of a payment: msat, and parts per million. */
  readonly fees: { readonly baseMsat: number; readonly proportionalMillionths: number };
  readonly isThere: boolean;
};

/** The cheapest for paying so much first. */
function byFee(gateways: readonly LightningGateway[], amountMsat: bigint): LightningGateway[] {
  const feeOf = ({ fees }: LightningGateway): bigint => gatewayFeeMsat(fees, amountMsat);
  return gateways.toSorted((a, b) => feeOf(a) < feeOf(b) ? -1 : feeOf(a) > feeOf(b) ? 1 : 0);
}

export class Gateways {
  readonly #parts: LnParts;

  constructor(parts: LnParts) {
    this.#parts = parts;
  }

  /** Asks guardians. @throws {LnError} `federation` */
  async update(signal: AbortSignal): Promise<void> {
    const { env, federation } = this.#parts;
    const found = merged(await federation.gatewayLists(signal), env.config.thresholdPubKey);
    const nowMs = Math.floor(env.platform.clock.nowMs());
    const registrations = found.slice(0, GATEWAYS_KEPT_MAX).map((each): GatewayRegistration =>
      anchored(each, nowMs, REGISTRATION_TTL_SECS_MAX)
    );
    const { durable } = await env.store.transact((tx) => replaceGateways(tx, registrations, nowMs));
    await durable;
  }

  async #known(): Promise<GatewayRegistration[]> {
    const { store, platform: { clock } } = this.#parts.env, nowMs = clock.nowMs();
    return await store.read(async (tx) => {
      const found: GatewayRegistration[] = [];
      for await (const [, registration] of knownGateways.entries(tx)) {
        if (!isExpired(registration, nowMs)) found.push(registration);
      }
      return found;
    });
  }

  /** Those that are known, in the order of their keys. Asks nobody. */
  async list(): Promise<GatewayAnnouncement[]> {
    const nowMs = this.#parts.env.platform.clock.nowMs();
    return (await this.#known()).map((registration) => announced(registration, nowMs));
  }

  /** As `list`, after guardians were asked if that was some time ago. @throws {LnError} `federation` */
  async fresh(signal: AbortSignal): Promise<LightningGateway[]> {
    const { store, platform: { clock } } = this.#parts.env;
    const atMs = await store.read((tx) => gatewaysAtMs.get(tx)), sinceMs = clock.nowMs() - (atMs ?? -Infinity);
    // a clock that was set back is no reason to wait
    if (sinceMs < 0 || sinceMs >= GATEWAYS_FRESH_MS) await this.update(signal);
    return (await this.#known()).map(({ info }) => info);
  }

  /**
   * The cheapest first, for a payment of the smallest amount that people pay.
   * @param most gateways that are asked at all
   * @throws {LnError} `federation`
   */
  async asked(most: number, signal: AbortSignal): Promise<AskedGateway[]> {
    const known = byFee(await this.fresh(signal), MSAT_PER_SAT).slice(0, most);
    return await Promise.all(known.map(async ({ gatewayId, api, lightningAlias, fees }) => ({
      gatewayId: toHex(gatewayId),
      api,
      lightningAlias,
      fees,
      isThere: (await this.#parts.gateway.isThere(api, signal)).ok,
    })));
  }

  /** @throws {LnError} `unknown_gateway` · `gateway_failed` · `federation` */
  async named(gatewayId: Bytes, signal: AbortSignal): Promise<LightningGateway> {
    const isIt = ({ gatewayId: id }: LightningGateway): boolean => toHex(id) === toHex(gatewayId);
    let found = (await this.#known()).map(({ info }) => info).find(isIt);
    if (!found) {
      await this.update(signal);
      found = (await this.#known()).map(({ info }) => info).find(isIt);
    }
    if (!found) throw LnError.of("unknown_gateway");
    const there = await this.#parts.gateway.isThere(found.api, signal);
    if (!there.ok) throw LnError.of("gateway_failed", there.error);
    return found;
  }

  /**
   * The cheapest that answers.
   * @param amountMsat what is paid
   * @throws {LnError} `no_gateways` · `gateways_unresponsive` · `federation`
   */
  async select(amountMsat: bigint, signal: AbortSignal): Promise<LightningGateway> {
    const known = await this.fresh(signal);
    if (known.length === 0) throw LnError.of("no_gateways");
    const cheapest = byFee(known, amountMsat);
    const silent: (readonly [string, string])[] = [];
    for (let at = 0; at < cheapest.length; at += GATEWAYS_AT_ONCE) {
      const asked = cheapest.slice(at, at + GATEWAYS_AT_ONCE);
      const there = asked.map((gateway) => this.#parts.gateway.isThere(gateway.api, signal));
      for (const each of there) each.catch(() => {});
      for (const [i, gateway] of asked.entries()) {
        const answer = await there[i]!;
        if (answer.ok) return gateway;
        silent.push([toHex(gateway.gatewayId), `doesn't answer: ${answer.error}`]);
      }
    }
    throw LnError.of("gateways_unresponsive", gatewayReasons(silent));
  }
}
