/**
 * Gateways, which make themselves known to each guardian for a while, and how they sign for it. Follows
 * fedimint-ln-common 0.13.0 (`lib.rs`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { concatAll, fromHex, toHex, utf8 } from "../../core/bytes.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import { schnorrVerify } from "../../core/crypto/mod.ts";
import type { Codec, CodecType, JsonObject } from "../../core/encoding/mod.ts";
import {
  bool,
  encode,
  list,
  map,
  mapCodec,
  option,
  parseJson,
  stringifyJson,
  struct,
  text,
  u16,
  u64,
} from "../../core/encoding/mod.ts";
import { routeHint, routingFees } from "../../core/lightning/route_hint.ts";
import type { Duration, SystemTime } from "../../core/types/duration.ts";
import { duration, systemTime } from "../../core/types/duration.ts";
import type { PeerId, Sha256 } from "../../core/types/ids.ts";
import { peerId } from "../../core/types/ids.ts";
import { publicKey, schnorrSignature } from "../../core/types/keys.ts";
import { safeUrl } from "../../core/types/safe_url.ts";

/** What a gateway says of itself. Keys are 33 bytes. */
export const lightningGateway = struct("LightningGateway", {
  /** Number of this federation in the gateway: channel id of the last hop in invoices that it takes money for. */
  federationIndex: u64,
  /** Claims outgoing contracts, takes incoming ones back. */
  gatewayRedeemKey: publicKey,
  nodePubKey: publicKey,
  lightningAlias: text,
  api: safeUrl,
  /** Ways to its node. */
  routeHints: list(routeHint),
  fees: routingFees,
  /** Signs its registration. */
  gatewayId: publicKey,
  supportsPrivatePayments: bool,
}, { federationIndex: "mint_channel_id" });
export type LightningGateway = CodecType<typeof lightningGateway>;

/** Signature (64 bytes) over what is registered; the nonce grows with each change of settings. */
const registrationAuth = struct("GatewayRegistrationAuth", { nonce: u64, signature: schnorrSignature });
export type RegistrationAuth = CodecType<typeof registrationAuth>;

/** JSON has no `auth` where there is none. */
function withoutNoAuth<T>(inner: Codec<T>): Codec<T> {
  return {
    ...inner,
    toJson: (value) => {
      const { auth, ...others } = inner.toJson(value) as JsonObject;
      return auth === null ? others : { ...others, auth: auth! };
    },
  };
}

/** A registration as it is told: it holds for `ttl`. JSON only. */
export const gatewayAnnouncement = withoutNoAuth(struct("LightningGatewayAnnouncement", {
  info: lightningGateway,
  /** Somebody's judgement of it, never a gateway's own. */
  vetted: bool,
  ttl: duration,
  auth: option(registrationAuth),
}));
export type GatewayAnnouncement = CodecType<typeof gatewayAnnouncement>;

const registrationJson = withoutNoAuth(struct("LightningGatewayRegistration", {
  info: lightningGateway,
  vetted: bool,
  validUntil: systemTime,
  auth: option(registrationAuth),
}));
export type GatewayRegistration = CodecType<typeof registrationJson>;

/** The same as it is stored: encoded as a String of its JSON. */
export const gatewayRegistration: Codec<GatewayRegistration> = mapCodec(text, "LightningGatewayRegistration", {
  decode: (written) => registrationJson.fromJson(parseJson(written)),
  encode: (registration) => stringifyJson(registrationJson.toJson(registration)),
  toJson: registrationJson.toJson,
  fromJson: registrationJson.fromJson,
});

/** A gateway's wish to be forgotten, signed for each guardian. JSON only. */
export const removeGatewayRequest = struct("RemoveGatewayRequest", {
  gatewayId: publicKey,
  signatures: map(peerId, schnorrSignature),
});
export type RemoveGatewayRequest = CodecType<typeof removeGatewayRequest>;

/** 32 bytes: what a gateway signs to be registered with a federation, whose key this is. */
export function registrationMessage(federationKey: G1, nonce: bigint, info: LightningGateway): Bytes {
  const parts = [utf8("register-gateway"), federationKey, encode(u64, nonce), encode(lightningGateway, info)];
  return sha256(concatAll(parts)) as Bytes;
}

/** Whether a registration is its gateway's own, as far as it claims to be: one without a signature claims nothing. */
export function isProofValid(federationKey: G1, { info, auth }: Pick<GatewayAnnouncement, "info" | "auth">): boolean {
  if (auth === null) return true;
  return schnorrVerify(auth.signature, registrationMessage(federationKey, auth.nonce, info), info.gatewayId);
}

/** 32 bytes of hex: another one after each registration, so that no old wish to be forgotten comes true again. */
export function removalChallenge({ info, validUntil }: Pick<GatewayRegistration, "info" | "validUntil">): Sha256 {
  return toHex(sha256(concatAll([info.gatewayId, encode(systemTime, validUntil)]))) as Sha256;
}

/** 32 bytes: what a gateway signs to be forgotten by a guardian. */
export function removalMessage(federationKey: G1, peer: PeerId, challenge: Sha256): Bytes {
  const parts = [utf8("remove-gateway"), federationKey, encode(u16, peer), fromHex(challenge)];
  return sha256(concatAll(parts)) as Bytes;
}

const NANOS_PER_MS = 1_000_000;
const NANOS_PER_SECOND = 1_000_000_000n;

function toNanos({ secs, nanos }: Duration): bigint {
  return secs * NANOS_PER_SECOND + BigInt(nanos);
}

function fromNanos(value: bigint): Duration {
  return { secs: value / NANOS_PER_SECOND, nanos: Number(value % NANOS_PER_SECOND) };
}

function nowNanos(nowMs: number): bigint {
  return BigInt(Math.trunc(nowMs * NANOS_PER_MS));
}

function untilNanos({ secsSinceEpoch, nanosSinceEpoch }: SystemTime): bigint {
  return toNanos({ secs: secsSinceEpoch, nanos: nanosSinceEpoch });
}

/** From now on for so long as it says, a day at most. */
export function anchored(
  { ttl, ...others }: GatewayAnnouncement,
  nowMs: number,
  ttlSecsMax: bigint,
): GatewayRegistration {
  const nanosMax = ttlSecsMax * NANOS_PER_SECOND, wanted = toNanos(ttl);
  const { secs, nanos } = fromNanos(nowNanos(nowMs) + (wanted < nanosMax ? wanted : nanosMax));
  return { ...others, validUntil: { secsSinceEpoch: secs, nanosSinceEpoch: nanos } };
}

/** With what is left of its time. */
export function announced({ validUntil, ...others }: GatewayRegistration, nowMs: number): GatewayAnnouncement {
  const left = untilNanos(validUntil) - nowNanos(nowMs);
  return { ...others, ttl: fromNanos(left > 0n ? left : 0n) };
}

/** When its time is over, Unix ms, rounded down. */
export function endMsOf({ validUntil }: Pick<GatewayRegistration, "validUntil">): number {
  return Number(untilNanos(validUntil) / BigInt(NANOS_PER_MS));
}

export function isExpired({ validUntil }: Pick<GatewayRegistration, "validUntil">, nowMs: number): boolean {
  return untilNanos(validUntil) < nowNanos(nowMs);
}
