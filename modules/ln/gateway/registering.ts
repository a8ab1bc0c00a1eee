/**
 * Registration with guardians, of which each keeps a list of its own: clients find gateways there. Follows
 * fedimint-gw-client 0.13.0 (`try_register_with_federation`, `remove_from_federation`).
 */
import type { Bytes } from "../../../core/bytes.ts";
import { publicKeyOf, schnorrSign } from "../../../core/crypto/mod.ts";
import { bool, option, unit } from "../../../core/encoding/mod.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import { sha256Hash } from "../../../core/types/ids.ts";
import { publicKey } from "../../../core/types/keys.ts";
import type { ApiCall } from "../../contract/federation_api.ts";
import { ApiError } from "../../contract/federation_api.ts";
import { orLate } from "../../contract/waiting.ts";
import type { LightningGateway } from "../gateways.ts";
import { gatewayAnnouncement, registrationMessage, removalMessage, removeGatewayRequest } from "../gateways.ts";
import { REGISTER_MS, REGISTRATION_TTL_SECS } from "./limits.ts";
import type { LnGatewayWallet } from "./own.ts";

/** What the gateway says of itself, but for what the module knows. */
export type Announced = Omit<LightningGateway, "gatewayRedeemKey" | "gatewayId" | "supportsPrivatePayments">;

/**
 * Registers the gateway with every guardian that answers.
 * @param gatewayKey 32 bytes, secret: its public key is the gateway's id, and nobody else can replace what it signed
 * @returns how many guardians have it
 */
export async function register(
  wallet: LnGatewayWallet,
  announced: Announced,
  gatewayKey: Bytes,
  signal: AbortSignal,
): Promise<number> {
  const { env: { config, platform }, publicKey: gatewayRedeemKey } = wallet;
  const info: LightningGateway = {
    ...announced,
    gatewayRedeemKey,
    gatewayId: publicKeyOf(gatewayKey),
    supportsPrivatePayments: false,
  };
  // it grows over all lives of the gateway without a record of it
  const nonce = BigInt(Math.floor(platform.clock.nowMs()));
  const message = registrationMessage(config.thresholdPubKey, nonce, info);
  const auth = { nonce, signature: schnorrSign(message, gatewayKey, platform.dice.bytes(32)) };
  const params = gatewayAnnouncement.toJson({
    info,
    vetted: false,
    ttl: { secs: REGISTRATION_TTL_SECS, nanos: 0 },
    auth,
  });
  const call: ApiCall<null> = { method: "register_gateway", params, result: unit };
  const taken = await atEach(wallet, signal, (peer, until) => wallet.env.api.one(peer, call, { signal: until }));
  return taken.length;
}

/** Has every guardian that answers forget the gateway. @returns how many had it, and forgot it */
export async function unregister(wallet: LnGatewayWallet, gatewayKey: Bytes, signal: AbortSignal): Promise<number> {
  const { env: { api, config, platform } } = wallet, gatewayId = publicKeyOf(gatewayKey);
  const challengeOf: ApiCall<string | null> = {
    method: "remove_gateway_challenge",
    params: publicKey.toJson(gatewayId),
    result: option(sha256Hash),
  };
  const forgotten = await atEach(wallet, signal, async (peer, until) => {
    const challenge = await api.one(peer, challengeOf, { signal: until });
    if (challenge === null) return false;
    const message = removalMessage(config.thresholdPubKey, peer, challenge);
    const signature = schnorrSign(message, gatewayKey, platform.dice.bytes(32));
    const params = removeGatewayRequest.toJson({ gatewayId, signatures: new Map([[peer, signature]]) });
    const call: ApiCall<boolean> = { method: "remove_gateway", params, result: bool };
    return await api.one(peer, call, { signal: until });
  });
  return forgotten.filter((isForgotten) => isForgotten).length;
}

/** Answers of the guardians that gave one in time. */
async function atEach<T>(
  { env: { api, platform: { clock }, log } }: LnGatewayWallet,
  signal: AbortSignal,
  ask: (peer: PeerId, until: AbortSignal) => Promise<T>,
): Promise<T[]> {
  const answers = await Promise.all(api.peerIds.map(async (peer) => {
    const late = () => new ApiError({ code: "federation", method: "registration", peers: {} }, "too late");
    try {
      const answer = await orLate({ clock, deadlineMs: REGISTER_MS, signal, late }, (until) => ask(peer, until));
      return { answer };
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      log.debug("A guardian took no registration", { peer, reason: thrown.message });
      return null;
    }
  }));
  return answers.flatMap((told) => told === null ? [] : [told.answer]);
}
