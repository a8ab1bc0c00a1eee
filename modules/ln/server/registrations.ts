/**
 * Gateways that have registered with this guardian. Anybody may, so there are bounds; a gateway that signs can't be
 * replaced by anybody else. Each guardian keeps its own list. Follows fedimint-ln-server 0.13.0 (`register_gateway`,
 * `remove_gateway`).
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes, toHex } from "../../../core/bytes.ts";
import { schnorrVerify } from "../../../core/crypto/mod.ts";
import { encode } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Sha256 } from "../../../core/types/ids.ts";
import { federationKey } from "../config.ts";
import type { GatewayAnnouncement, GatewayRegistration, RemoveGatewayRequest } from "../gateways.ts";
import {
  anchored,
  announced,
  endMsOf,
  gatewayRegistration,
  isExpired,
  isProofValid,
  lightningGateway,
  removalChallenge,
  removalMessage,
} from "../gateways.ts";
import {
  GATEWAY_FEE_PPM_MAX,
  GATEWAYS_MAX,
  GATEWAYS_PER_SOURCE_MAX,
  REGISTRATION_BYTES_MAX,
  REGISTRATION_TTL_SECS_MAX,
} from "../limits.ts";
import { gatewayEndsMs, gateways } from "./db.ts";
import type { LnEnv } from "./env.ts";

type RegistrationEnv = Pick<LnEnv, "config" | "identity" | "platform">;

/** What needs no store, the cheapest first. */
export function checkAnnouncement(
  { config }: Pick<LnEnv, "config">,
  announcement: GatewayAnnouncement,
): Result<null, string> {
  const { proportionalMillionths } = announcement.info.fees;
  if (proportionalMillionths > GATEWAY_FEE_PPM_MAX) {
    return err(
      `Gateway registration fee of ${proportionalMillionths} proportional millionths exceeds the payment itself`,
    );
  }
  const bytes = encode(gatewayRegistration, anchored(announcement, 0, REGISTRATION_TTL_SECS_MAX)).length;
  if (bytes > REGISTRATION_BYTES_MAX) {
    return err(`Gateway registration of ${bytes} bytes exceeds ${REGISTRATION_BYTES_MAX}`);
  }
  // one that is forged is told so: taken for unsigned, it would hide a gateway's wrong settings
  return isProofValid(federationKey(config), announcement) ? ok(null) : err("Invalid gateway registration signature");
}

/**
 * What a signed registration that is there says about the one that comes. The nonce must grow with each change; where
 * nothing changes the greater one stays, so that nobody brings old settings back by showing old registrations.
 */
function settled(before: GatewayRegistration, now: GatewayAnnouncement): Result<GatewayAnnouncement, string> {
  if (before.auth === null) return ok(now);
  if (now.auth === null) return err("Gateway registration is signed and cannot be replaced by an unsigned one");
  const same = equalBytes(encode(lightningGateway, now.info), encode(lightningGateway, before.info));
  if (now.auth.nonce <= before.auth.nonce && !same) {
    return err(
      `Gateway registration nonce must increase to change settings, got ${now.auth.nonce} but stored ${before.auth.nonce}`,
    );
  }
  return ok(now.auth.nonce < before.auth.nonce ? { ...now, auth: before.auth } : now);
}

function forget(tx: StoreTx, gatewayId: Bytes): void {
  gateways.delete(tx, gatewayId);
  gatewayEndsMs.delete(tx, gatewayId);
}

/** From where gateways were registered since the guardian started, by their ids as hex: those alone that are there. */
export type Sources = Map<string, string>;

/**
 * The store's part, after `checkAnnouncement`.
 * @param source null when it can't be told from others
 */
export async function register(
  { platform: { clock } }: Pick<LnEnv, "platform">,
  tx: StoreTx,
  announcement: GatewayAnnouncement,
  source: string | null,
  sources: Sources,
): Promise<Result<null, string>> {
  const nowMs = clock.nowMs();
  let others = 0, fromThere = 0;
  for await (const [id, endMs] of gatewayEndsMs.entries(tx)) {
    if (endMs < nowMs) {
      forget(tx, id);
      sources.delete(toHex(id));
    } else if (!equalBytes(id, announcement.info.gatewayId)) {
      others++;
      if (source !== null && sources.get(toHex(id)) === source) fromThere++;
    }
  }
  const { gatewayId } = announcement.info;
  const before = await gateways.get(tx, gatewayId);
  if (!before && others >= GATEWAYS_MAX) return err(`${GATEWAYS_MAX} gateways are registered: there is no room`);
  if (!before && fromThere >= GATEWAYS_PER_SOURCE_MAX) {
    return err(`${GATEWAYS_PER_SOURCE_MAX} gateways are registered from this address: there is no room for more`);
  }
  const taken = before ? settled(before, announcement) : ok(announcement);
  if (!taken.ok) return taken;
  // whether a gateway is to be trusted is not for the gateway to say
  const registration = anchored({ ...taken.value, vetted: false }, nowMs, REGISTRATION_TTL_SECS_MAX);
  gateways.set(tx, gatewayId, registration);
  gatewayEndsMs.set(tx, gatewayId, endMsOf(registration));
  if (!before && source !== null) sources.set(toHex(gatewayId), source);
  return ok(null);
}

/** Those whose time is not over, in the order of their keys. */
export async function listGateways(tx: ReadTx, nowMs: number): Promise<GatewayAnnouncement[]> {
  const found: GatewayAnnouncement[] = [];
  for await (const [, registration] of gateways.entries(tx)) {
    if (!isExpired(registration, nowMs)) found.push(announced(registration, nowMs));
  }
  return found;
}

/** What the gateway must sign to be forgotten; null when it isn't registered. */
export async function challengeOf(tx: ReadTx, gatewayId: Bytes): Promise<Sha256 | null> {
  const registration = await gateways.get(tx, gatewayId);
  return registration ? removalChallenge(registration) : null;
}

/** @returns whether the gateway is forgotten: it was there, and has signed for it */
export async function remove(
  { config, identity }: RegistrationEnv,
  tx: StoreTx,
  { gatewayId, signatures }: RemoveGatewayRequest,
  sources: Sources,
): Promise<boolean> {
  const signature = signatures.get(identity);
  if (!signature) return false;
  const challenge = await challengeOf(tx, gatewayId);
  if (challenge === null) return false;
  if (!schnorrVerify(signature, removalMessage(federationKey(config), identity, challenge), gatewayId)) return false;
  forget(tx, gatewayId);
  sources.delete(toHex(gatewayId));
  return true;
}
