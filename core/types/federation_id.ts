/**
 * A federation's id: SHA-256 of the encoded API endpoints, as the ceremony fixed them; later announcements don't change
 * it. `fedimint-core/src/config.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../bytes.ts";
import type { Codec } from "../encoding/mod.ts";
import { encode, fixedBytes, hexId } from "../encoding/mod.ts";
import type { FederationId } from "./ids.ts";
import type { PeerUrls } from "./peer_url.ts";
import { peerUrls } from "./peer_url.ts";

export function federationIdOf(endpoints: PeerUrls): FederationId {
  return toHex(sha256(encode(peerUrls, endpoints)));
}

/** The first 4 bytes of a federation's id as 8 hex digits, for people; JSON an array of numbers. */
export type FederationIdPrefix = string;
const plainPrefix = hexId<FederationIdPrefix>("FederationIdPrefix", 4);
const prefixBytes = fixedBytes(4);
export const federationIdPrefix: Codec<FederationIdPrefix> = {
  ...plainPrefix,
  toJson: (prefix) => [0, 2, 4, 6].map((at) => parseInt(prefix.slice(at, at + 2), 16)),
  fromJson: (json) => toHex(prefixBytes.fromJson(json)),
};

export function federationIdPrefixOf(id: FederationId): FederationIdPrefix {
  return id.slice(0, 8);
}
