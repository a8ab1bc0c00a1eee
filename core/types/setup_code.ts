/**
 * What guardians exchange before the ceremony, and how their numbers follow from it. `fedimint-core/src/setup_code.rs`,
 * `fedimint-server/src/config/setup.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../bytes.ts";
import { bitcoinNetwork } from "../bitcoin/network.ts";
import type { Bytes } from "../bytes.ts";
import type { BitcoinNetwork } from "../bitcoin/network.ts";
import type { Codec, CodecType } from "../encoding/mod.ts";
import {
  bool,
  bytes,
  closedEnum,
  DecodeError,
  decodeText,
  encode,
  encodeText,
  jsonAsHex,
  map,
  option,
  sortedSet,
  struct,
  text,
  u32,
} from "../encoding/mod.ts";
import type { DkgVersion } from "./dkg_version.ts";
import { dkgVersion } from "./dkg_version.ts";
import type { PeerId, Sha256 } from "./ids.ts";
import { peerId } from "./ids.ts";
import { irohPublicKey } from "./keys.ts";
import { SETUP_CODE_CHARACTERS_MAX } from "./limits.ts";
import { moduleKind } from "./module_kind.ts";
import type { SafeUrl } from "./safe_url.ts";
import { safeUrl } from "./safe_url.ts";

/** Where a guardian will be. `cert`: DER of its TLS certificate. */
export type PeerEndpoints =
  | {
    readonly tag: "Tcp";
    readonly value: { readonly apiUrl: SafeUrl; readonly p2pUrl: SafeUrl; readonly cert: Bytes };
  }
  | { readonly tag: "Iroh"; readonly value: { readonly apiPk: Bytes; readonly p2pPk: Bytes } };
const peerEndpoints: Codec<PeerEndpoints> = closedEnum("PeerEndpoints", {
  Tcp: struct("Tcp", { apiUrl: safeUrl, p2pUrl: safeUrl, cert: jsonAsHex(bytes) }),
  Iroh: struct("Iroh", { apiPk: irohPublicKey, p2pPk: irohPublicKey }),
});

/** What a guardian says of itself before the ceremony. Null but for the leader: what the leader alone decides. */
export type PeerSetupCode = {
  readonly name: string;
  readonly endpoints: PeerEndpoints;
  readonly federationName: string | null;
  readonly disableBaseFees: boolean | null;
  readonly enabledModules: readonly string[] | null;
  readonly federationSize: number | null;
  readonly network: BitcoinNetwork;
  readonly fedimintVersion: DkgVersion;
};
export const peerSetupCode: Codec<PeerSetupCode> = struct("PeerSetupCode", {
  name: text,
  endpoints: peerEndpoints,
  federationName: option(text),
  disableBaseFees: option(bool),
  enabledModules: option(sortedSet(moduleKind)),
  federationSize: option(u32),
  network: bitcoinNetwork,
  fedimintVersion: dkgVersion,
});

/** `fedimint…` */
export function formatSetupCode(code: PeerSetupCode): string {
  return encodeText(peerSetupCode, code);
}

/** @throws {DecodeError} */
export function parseSetupCode(input: string): PeerSetupCode {
  if (input.length > SETUP_CODE_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `Setup code of ${input.length} characters exceeds ${SETUP_CODE_CHARACTERS_MAX}`);
  }
  return decodeText(peerSetupCode, input);
}

/** All guardians' codes; the encoding is what `setupChecksum` hashes. */
export const peerSetupCodes = map(peerId, peerSetupCode);
export type PeerSetupCodes = CodecType<typeof peerSetupCodes>;

/** Peer ids are positions in the sorted set of codes, the own one included; equal codes count once. */
export function assignPeerIds(codes: readonly PeerSetupCode[]): Map<PeerId, PeerSetupCode> {
  const sorted = codes.toSorted(peerSetupCode.compare);
  const distinct = sorted.filter((code, i) => i === 0 || peerSetupCode.compare(sorted[i - 1]!, code) !== 0);
  return new Map(distinct.entries());
}

/** What guardians compare before the ceremony starts. */
export function setupChecksum(codes: PeerSetupCodes): Sha256 {
  return toHex(sha256(encode(peerSetupCodes, codes)));
}
