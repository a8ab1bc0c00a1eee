/**
 * A guardian's configuration: the part all share, the local part, the private part.
 * `fedimint-server/src/config/mod.rs`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { toHex } from "../bytes.ts";
import type { CodecType, JsonObject } from "../encoding/mod.ts";
import { encode, hexBytes, isJsonObject, jsonDefault, map, option, struct, text, u16, u32 } from "../encoding/mod.ts";
import { broadcastKeys } from "./broadcast_keys.ts";
import type { ClientConfig, ClientModuleConfig } from "./client_config.ts";
import type { ModuleInstanceId, Sha256 } from "./ids.ts";
import { moduleInstanceId, peerId } from "./ids.ts";
import type { JsonForm, JsonWithKind } from "./json_with_kind.ts";
import { modulesWithKind } from "./json_with_kind.ts";
import { irohPublicKey, irohSecretKey, secretKey } from "./keys.ts";
import { moduleKind } from "./module_kind.ts";
import type { PeerUrls } from "./peer_url.ts";
import { peerUrls } from "./peer_url.ts";
import { parseSafeUrl } from "./safe_url.ts";
import { version } from "./version.ts";

/** `config` is the raw encoding of the module's consensus config; JSON its hex, without a length. */
export const serverModuleConsensusConfig = struct("ServerModuleConsensusConfig", {
  kind: moduleKind,
  version,
  config: hexBytes,
});
export type ServerModuleConsensusConfig = CodecType<typeof serverModuleConsensusConfig>;

const peerIrohEndpoints = struct("PeerIrohEndpoints", {
  name: text,
  apiPk: irohPublicKey,
  p2pPk: irohPublicKey,
});

/** About three minutes; what configs older than the field mean. */
export const ROUNDS_PER_SESSION_DEFAULT = 3_600;

const before = {
  /** `major.minor`, with a vendor behind a plus. */
  codeVersion: text,
  version,
  broadcastPublicKeys: broadcastKeys,
  broadcastRoundsPerSession: jsonDefault(u16, () => ROUNDS_PER_SESSION_DEFAULT),
  /** Empty when guardians are reached by iroh. */
  apiEndpoints: peerUrls,
};
const after = {
  /** Hex of DER; empty when guardians are reached by iroh. */
  tlsCerts: map(peerId, text),
  modules: map(moduleInstanceId, serverModuleConsensusConfig),
  meta: map(text, text),
};

/** Equal on all guardians: the ceremony compares `consensusConfigHash` at its end. File `consensus.json`. */
export const serverConfigConsensus = struct("ServerConfigConsensus", {
  ...before,
  irohEndpoints: jsonDefault(map(peerId, peerIrohEndpoints), () => new Map()),
  ...after,
});
export type ServerConfigConsensus = CodecType<typeof serverConfigConsensus>;

const withoutIroh = struct("ServerConfigConsensus", { ...before, ...after });

export function consensusConfigHash(config: ServerConfigConsensus): Sha256 {
  return toHex(sha256(encode(serverConfigConsensus, config)));
}

/** The hash before there was iroh: the API's `server_config_consensus_hash`. */
export function legacyConsensusConfigHash(config: ServerConfigConsensus): Sha256 {
  return toHex(sha256(encode(withoutIroh, config)));
}

/** The endpoints that clients are given, and the federation's id is the hash of. */
export function clientEndpoints(config: ServerConfigConsensus): PeerUrls {
  if (config.irohEndpoints.size === 0) return config.apiEndpoints;
  return new Map(
    [...config.irohEndpoints].map(([peer, { name, apiPk }]) => [
      peer,
      { url: parseSafeUrl(`iroh://${toHex(apiPk)}`), name },
    ]),
  );
}

/** @param moduleConfig a module's part for clients, made by the module */
export function clientConfigOf(
  config: ServerConfigConsensus,
  moduleConfig: (instance: ModuleInstanceId, config: ServerModuleConsensusConfig) => ClientModuleConfig,
): ClientConfig {
  return {
    global: {
      apiEndpoints: clientEndpoints(config) as Map<number, { url: string; name: string }>,
      broadcastPublicKeys: config.broadcastPublicKeys,
      consensusVersion: config.version,
      meta: config.meta,
    },
    modules: new Map([...config.modules].map(([id, module]) => [id, moduleConfig(id, module)])),
  };
}

/** What a guardian may change without the others. File `local.json`. */
export const serverConfigLocal = struct("ServerConfigLocal", {
  p2pEndpoints: peerUrls,
  identity: peerId,
  maxConnections: u32,
  broadcastRoundDelayMs: u16,
});
export type ServerConfigLocal = CodecType<typeof serverConfigLocal>;

/** Secret. File `private.json`. */
export type ServerConfigPrivate = {
  /** Hex of the PKCS#8 DER of the TLS key; null with iroh. */
  readonly tlsKey: string | null;
  readonly irohApiSk: Bytes | null;
  readonly irohP2pSk: Bytes | null;
  readonly broadcastSecretKey: Bytes;
  /** Each module's private config as JSON. */
  readonly modules: ReadonlyMap<ModuleInstanceId, JsonWithKind>;
};

const privateKeys = struct("ServerConfigPrivate", {
  tlsKey: option(text),
  irohApiSk: option(irohSecretKey),
  irohP2pSk: option(irohSecretKey),
  broadcastSecretKey: secretKey,
});

export const serverConfigPrivate: JsonForm<ServerConfigPrivate> = {
  toJson: (config) => ({
    ...privateKeys.toJson(config) as JsonObject,
    modules: modulesWithKind.toJson(config.modules),
  }),
  fromJson: (json) => ({
    ...privateKeys.fromJson(json),
    modules: modulesWithKind.fromJson(isJsonObject(json) ? json.modules ?? null : null),
  }),
};
