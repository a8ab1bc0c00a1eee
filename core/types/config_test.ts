/** Client and server configuration: what the golden vectors don't show. */
import { assertEquals, assertThrows } from "@std/assert";
import { publicKeyOf } from "../crypto/mod.ts";
import { DecodeError } from "../encoding/mod.ts";
import type { ClientConfig } from "./client_config.ts";
import { clientConfig, configHash, jsonClientConfig, metaText, toJsonClientConfig } from "./client_config.ts";
import { jsonWithKind } from "./json_with_kind.ts";
import {
  clientEndpoints,
  consensusConfigHash,
  legacyConsensusConfigHash,
  serverConfigConsensus,
  serverConfigPrivate,
} from "./server_config.ts";

const SECRET = new Uint8Array(32).fill(3);

const CONSENSUS = serverConfigConsensus.fromJson({
  code_version: "0.13",
  version: { major: 2, minor: 1 },
  broadcast_public_keys: {},
  api_endpoints: { 0: { url: "wss://a.example", name: "a" } },
  tls_certs: {},
  modules: {},
  meta: {},
});

Deno.test("an old guardian's config has the default length of a session and no iroh endpoints", () => {
  assertEquals(CONSENSUS.broadcastRoundsPerSession, 3_600);
  assertEquals(CONSENSUS.irohEndpoints, new Map());
  // the map that is missing in the old hash takes one byte in the new one
  assertEquals(consensusConfigHash(CONSENSUS) === legacyConsensusConfigHash(CONSENSUS), false);
  assertEquals(clientEndpoints(CONSENSUS), CONSENSUS.apiEndpoints);
});

Deno.test("private configs keep each module's JSON beside its kind", () => {
  const json = {
    tls_key: "00",
    iroh_api_sk: null,
    iroh_p2p_sk: Array(32).fill(7),
    broadcast_secret_key: "03".repeat(32),
    modules: { 0: { kind: "lnv2", sk: "01" }, 1: { kind: "meta" } },
  };
  const config = serverConfigPrivate.fromJson(json);
  assertEquals(config.broadcastSecretKey, SECRET);
  assertEquals(config.modules.get(1), { kind: "meta", value: null });
  assertEquals(serverConfigPrivate.toJson(config), json);
  const { iroh_api_sk: _, iroh_p2p_sk: __, ...older } = json;
  assertEquals(serverConfigPrivate.fromJson(older).irohP2pSk, null);
  for (
    const bad of [{ ...json, modules: null }, { ...json, modules: { x: { kind: "meta" } } }, {
      ...json,
      modules: { 0: {} },
    }]
  ) {
    assertThrows(() => serverConfigPrivate.fromJson(bad), DecodeError);
  }
  assertThrows(() => jsonWithKind.toJson({ kind: "x", value: [1] }), RangeError);
});

const CONFIG: ClientConfig = {
  global: {
    apiEndpoints: new Map([[0, { url: "wss://u:p@a.example/?q", name: "a" }]]),
    broadcastPublicKeys: new Map([[0, publicKeyOf(SECRET)]]),
    consensusVersion: { major: 2, minor: 1 },
    meta: new Map([["quoted", '"text"'], ["plain", "text"], ["number", "5"], ["object", '{"a":1}']]),
  },
  modules: new Map([[7, { kind: "strange", version: { major: 0, minor: 1 }, config: { instance: 7, body: SECRET } }]]),
};

Deno.test("a meta value is JSON text, or taken as it stands", () => {
  const { meta } = CONFIG.global;
  const texts = ["quoted", "plain", "number", "object", "absent"].map((key) => metaText(meta, key));
  assertEquals(texts, ["text", "text", "5", '{"a":1}', null]);
});

Deno.test("a config's hash doesn't depend on credentials, and does on everything else", () => {
  const { global, modules } = CONFIG;
  const withUrl = (url: string) =>
    configHash({ modules, global: { ...global, apiEndpoints: new Map([[0, { url, name: "a" }]]) } });
  assertEquals(withUrl("wss://x:y@a.example/"), configHash(CONFIG));
  assertEquals(withUrl("wss://x:y@b.example/") === configHash(CONFIG), false);
  assertEquals(configHash({ global, modules: new Map() }) === configHash(CONFIG), false);
});

Deno.test("a config in JSON has the global members at its top, and reads back with its credentials", () => {
  const json = clientConfig.toJson(CONFIG) as { readonly [name: string]: unknown };
  assertEquals(Object.keys(json), ["api_endpoints", "broadcast_public_keys", "consensus_version", "meta", "modules"]);
  assertEquals(clientConfig.fromJson(clientConfig.toJson(CONFIG)), CONFIG);
});

Deno.test("a readable config shows unknown modules in hex", () => {
  const readable = toJsonClientConfig(CONFIG, () => undefined);
  assertEquals(readable.modules.get(7), { kind: "strange", value: { unknown_module_hex: `0720${"03".repeat(32)}` } });
  assertEquals(jsonClientConfig.fromJson(jsonClientConfig.toJson(readable)), readable);
  assertThrows(() => jsonClientConfig.fromJson({ global: null, modules: {} }), DecodeError);
});
