/** What clients know of a federation. `fedimint-core/src/config.rs`. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { toHex } from "../bytes.ts";
import type { Codec, Json } from "../encoding/mod.ts";
import {
  badJson,
  encode,
  encodeHex,
  flattenJson,
  isJsonObject,
  jsonAsHex,
  map,
  option,
  parseJson,
  struct,
  text,
  tryDecoding,
} from "../encoding/mod.ts";
import { broadcastKeys } from "./broadcast_keys.ts";
import type { Dyn } from "./dyn.ts";
import { dyn } from "./dyn.ts";
import type { ModuleInstanceId, PeerId, Sha256 } from "./ids.ts";
import { moduleInstanceId } from "./ids.ts";
import type { JsonForm, JsonWithKind } from "./json_with_kind.ts";
import { modulesWithKind } from "./json_with_kind.ts";
import { moduleKind } from "./module_kind.ts";
import type { PeerUrl } from "./peer_url.ts";
import { peerUrls } from "./peer_url.ts";
import type { Version } from "./version.ts";
import { version } from "./version.ts";

/** A module of a federation. `config` repeats the instance id; it stays undecoded, so unknown modules are kept. */
export type ClientModuleConfig = { readonly kind: string; readonly version: Version; readonly config: Dyn };
/** JSON: hex of the config's encoding. */
export const clientModuleConfig: Codec<ClientModuleConfig> = struct("ClientModuleConfig", {
  kind: moduleKind,
  version,
  config: jsonAsHex(dyn),
});

/** What is the whole federation's: its guardians, and texts about it. */
export type GlobalClientConfig = {
  readonly apiEndpoints: ReadonlyMap<PeerId, PeerUrl>;
  /** 33 bytes each, compressed. Federations older than 0.4 have none in it. */
  readonly broadcastPublicKeys: ReadonlyMap<PeerId, Bytes> | null;
  readonly consensusVersion: Version;
  readonly meta: ReadonlyMap<string, string>;
};
export const globalClientConfig: Codec<GlobalClientConfig> = struct("GlobalClientConfig", {
  apiEndpoints: peerUrls,
  broadcastPublicKeys: option(broadcastKeys),
  consensusVersion: version,
  meta: map(text, text),
});

/** What clients know of a federation, as its guardians agree on it. */
export type ClientConfig = {
  readonly global: GlobalClientConfig;
  readonly modules: ReadonlyMap<ModuleInstanceId, ClientModuleConfig>;
};
/** JSON: the global part's members stand beside `modules`. */
export const clientConfig: Codec<ClientConfig> = flattenJson(
  struct("ClientConfig", { global: globalClientConfig, modules: map(moduleInstanceId, clientModuleConfig) }),
  "global",
);

/** What clients compare between guardians. URLs count in their consensus form. */
export function configHash(config: ClientConfig): Sha256 {
  return toHex(sha256(encode(clientConfig, config)));
}

/**
 * Text of a meta field. Values are JSON text; one that is not a JSON string is taken as it stands, as older federations
 * wrote them.
 */
export function metaText(meta: ReadonlyMap<string, string>, key: string): string | null {
  const value = meta.get(key);
  if (value === undefined) return null;
  const json = tryDecoding(() => parseJson(value));
  return json.ok && typeof json.value === "string" ? json.value : value;
}

/** The name as the ceremony wrote it: plain text. */
export function federationName(config: ClientConfig): string | null {
  return config.global.meta.get("federation_name") ?? null;
}

/** The config with readable modules: for other programs, can't be verified. Answer to `client_config_json`. */
export type JsonClientConfig = {
  readonly global: GlobalClientConfig;
  readonly modules: ReadonlyMap<ModuleInstanceId, JsonWithKind>;
};

/** JSON: `{"global":{…},"modules":{"0":{"kind":"lnv2", …}}}`. */
export const jsonClientConfig: JsonForm<JsonClientConfig> = {
  toJson: ({ global, modules }) => ({
    global: globalClientConfig.toJson(global),
    modules: modulesWithKind.toJson(modules),
  }),
  fromJson: (json) => {
    if (!isJsonObject(json)) return badJson("an object with global and modules");
    return {
      global: globalClientConfig.fromJson(json.global ?? null),
      modules: modulesWithKind.fromJson(json.modules ?? null),
    };
  },
};

/**
 * @param describe a module's config as JSON, null if it has no fields; undefined for kinds that are not known, which
 * are shown as hex
 */
export function toJsonClientConfig(
  config: ClientConfig,
  describe: (kind: string, value: Dyn) => Json | undefined,
): JsonClientConfig {
  const modules = [...config.modules].map(([id, { kind, config: value }]): [ModuleInstanceId, JsonWithKind] => {
    const described = describe(kind, value);
    return [id, { kind, value: described === undefined ? { unknown_module_hex: encodeHex(dyn, value) } : described }];
  });
  return { global: config.global, modules: new Map(modules) };
}
