/** `config.json`: configurations, invite codes, setup codes, keys of iroh, versions. */
import { sha256 } from "@noble/hashes/sha2.js";
import { toHex } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import {
  base32DecodePrefixed,
  decodeHex,
  encode,
  encodeHex,
  hexBytes,
  parseJson,
  stringifyJson,
} from "../../core/encoding/mod.ts";
import type { ClientConfig } from "../../core/types/client_config.ts";
import {
  clientConfig,
  clientModuleConfig,
  configHash,
  federationName,
  globalClientConfig,
  jsonClientConfig,
  toJsonClientConfig,
} from "../../core/types/client_config.ts";
import { dkgCompatibility, dkgVersion, dkgVersionText, parseDkgVersion } from "../../core/types/dkg_version.ts";
import type { Dyn } from "../../core/types/dyn.ts";
import { dyn } from "../../core/types/dyn.ts";
import { federationIdOf, federationIdPrefix, federationIdPrefixOf } from "../../core/types/federation_id.ts";
import { federationId } from "../../core/types/ids.ts";
import type { InviteCode } from "../../core/types/invite_code.ts";
import {
  formatInviteCode,
  formatInviteCodeBase32,
  inviteCode,
  inviteCodeFor,
  newInviteCode,
  parseInviteCode,
} from "../../core/types/invite_code.ts";
import { irohPublicKey, irohPublicKeyOf, irohSecretKey } from "../../core/types/keys.ts";
import { peerUrls } from "../../core/types/peer_url.ts";
import {
  clientConfigOf,
  clientEndpoints,
  consensusConfigHash,
  legacyConsensusConfigHash,
  serverConfigConsensus,
  serverConfigLocal,
} from "../../core/types/server_config.ts";
import type { PeerSetupCode } from "../../core/types/setup_code.ts";
import {
  assignPeerIds,
  formatSetupCode,
  parseSetupCode,
  peerSetupCode,
  peerSetupCodes,
  setupChecksum,
} from "../../core/types/setup_code.ts";
import type { Checker, Report } from "./checker.ts";
import type { Fields } from "./fields.ts";
import { configFromJson, describeConfig } from "./modules.ts";

/** A value with URLs: what the JSON says of credentials is not in the encoding. Returns the JSON's value. */
function checkFromJson<T>(report: Report, codec: Codec<T>, hex: string, text: string): T {
  const json = parseJson(text);
  const value = codec.fromJson(json);
  report.equal(`${codec.name} from JSON`, encodeHex(codec, value), hex);
  report.equal(`${codec.name} as JSON`, codec.toJson(value), json);
  const decoded = report.roundTrip(codec, hex);
  const plain = encodeHex(codec, codec.fromJson(codec.toJson(decoded)));
  report.equal(`${codec.name} decoded, through JSON`, plain, hex);
  return value;
}

/** Both ways: known modules' configs are encoded again from their JSON, unknown ones from their hex. */
function checkReadable(report: Report, fields: Fields, config: ClientConfig): void {
  const json = parseJson(fields.text("client_config_json"));
  report.equal("readable form", jsonClientConfig.toJson(toJsonClientConfig(config, describeConfig)), json);
  const read = jsonClientConfig.fromJson(json);
  report.equal("readable form again", jsonClientConfig.toJson(read), json);
  const global = encodeHex(globalClientConfig, read.global);
  report.equal("its global part", global, encodeHex(globalClientConfig, config.global));
  for (const [id, { kind, value }] of read.modules) {
    const expected = config.modules.get(id)!;
    report.equal(`kind of ${id}`, kind, expected.kind);
    report.equal(`config of ${id}`, encodeHex(dyn, configFromJson(kind, id, value)), encodeHex(dyn, expected.config));
  }
}

function checkClientConfig(report: Report, fields: Fields): void {
  const config = checkFromJson(report, clientConfig, fields.text("hex"), fields.text("json"));
  const { apiEndpoints } = config.global;
  const id = federationIdOf(apiEndpoints);
  report.equal("config hash", configHash(config), fields.text("config_hash"));
  report.equal("federation id", id, fields.text("federation_id"));
  if (fields.has("client_config_json")) checkReadable(report, fields, config);
  if (fields.has("federation_id_json")) report.json(federationId, id, fields.text("federation_id_json"));
  if (fields.has("federation_name")) report.equal("name", federationName(config), fields.json("federation_name"));
  if (fields.has("api_endpoints")) {
    report.equal("endpoints", encodeHex(peerUrls, apiEndpoints), fields.text("api_endpoints"));
    report.equal("their hash", sha256(fields.bytes("api_endpoints")), fields.text("federation_id"));
  }
  if (fields.has("federation_id_prefix")) {
    const prefix = federationIdPrefixOf(id);
    report.equal("prefix", prefix, fields.text("federation_id_prefix"));
    report.json(federationIdPrefix, prefix, fields.text("federation_id_prefix_json"));
  }
  for (const module of fields.has("modules") ? fields.objects("modules") : []) {
    const value = checkFromJson(report, clientModuleConfig, module.text("hex"), module.text("json"));
    report.equal("kind", value.kind, module.text("kind"));
    report.equal("instance", value.config.instance, module.number("instance"));
    report.equal(
      "module of the config",
      encodeHex(clientModuleConfig, config.modules.get(value.config.instance)!),
      module.text("hex"),
    );
  }
}

function checkServerConfig(report: Report, fields: Fields): void {
  const hex = fields.text("consensus_hex");
  const config = checkFromJson(report, serverConfigConsensus, hex, fields.text("consensus_json"));
  report.equal("hash", consensusConfigHash(config), fields.text("consensus_sha256"));
  report.equal("hash without iroh", legacyConsensusConfigHash(config), fields.text("api_hash_without_iroh"));
  const endpoints = clientEndpoints(config);
  report.equal("clients' endpoints", encodeHex(peerUrls, endpoints), fields.text("client_api_endpoints"));
  report.equal("federation id", federationIdOf(endpoints), fields.text("federation_id"));
  const client = clientConfigOf(config, (instance, { kind, version, config: body }) => {
    const value: Dyn = { instance, body };
    return { kind, version, config: value };
  });
  report.equal(
    "client config's endpoints",
    encodeHex(peerUrls, client.global.apiEndpoints),
    fields.text("client_api_endpoints"),
  );
  report.equal("client config's modules", [...client.modules.keys()], [...config.modules.keys()]);
  const local = parseJson(fields.text("local_json"));
  report.equal("local config", serverConfigLocal.toJson(serverConfigLocal.fromJson(local)), local);
}

function checkInvite(report: Report, fields: Fields): void {
  const hex = fields.text("hex"), bech32m = fields.text("bech32m"), base32 = fields.text("base32");
  const code = report.roundTrip(inviteCode, hex);
  const peers = fields.list("peers") as readonly (readonly [number, string])[];
  report.json(inviteCode, code, fields.text("json"));
  report.equal("bech32m", formatInviteCode(code), bech32m);
  report.equal("base32", formatInviteCodeBase32(code), base32);
  report.equal("base32's bytes", base32DecodePrefixed(base32), hex);
  for (const text of [bech32m, base32]) report.equal(text, encode(inviteCode, parseInviteCode(text)), hex);
  report.equal("url", code.url, fields.text("url"));
  report.equal("peer", code.peer, fields.number("peer"));
  report.equal("guardians", [...code.guardians], peers);
  report.equal("federation id", code.federationId, fields.text("federation_id"));
  report.equal("api secret", code.apiSecret, fields.json("api_secret"));
  checkMade(report, code, hex);
}

/** Codes of known parts in the usual order are made again from what they say. */
function checkMade(report: Report, code: InviteCode, hex: string): void {
  const tags = code.parts.map((part) => part.tag).join(" ");
  if (!/^(Api )+FederationId( ApiSecret)?$/.test(tags)) return;
  const count = code.guardians.size;
  if (count === 1) report.equal("made again", encodeHex(inviteCode, newInviteCode(code)), hex);
  // f + 1 guardians stand for 3f + 1, of which the others don't show
  const urls = new Map(code.guardians);
  for (let peer = 65_535; urls.size < 3 * count - 2; peer--) urls.set(peer, code.url);
  const made = inviteCodeFor(urls, code.federationId, code.apiSecret);
  report.equal("made again for all", encodeHex(inviteCode, made), hex);
}

function checkSetupCode(report: Report, fields: Fields): PeerSetupCode {
  const code = checkFromJson(report, peerSetupCode, fields.text("hex"), fields.text("json"));
  const text = fields.text("text");
  report.equal("text", formatSetupCode(code), text);
  report.equal("text read", encode(peerSetupCode, parseSetupCode(text)), fields.text("hex"));
  report.equal("upper case read", encode(peerSetupCode, parseSetupCode(text.toUpperCase())), fields.text("hex"));
  return code;
}

function checkSetupOrder(report: Report, order: Fields, codes: readonly PeerSetupCode[]): void {
  const tcp = codes.filter((code) => code.endpoints.tag === "Tcp");
  for (const given of [tcp, tcp.toReversed(), [...tcp, ...tcp]]) {
    const peers = assignPeerIds(given);
    report.equal("peer ids", [...peers.keys()], tcp.map((_, i) => i));
    report.equal("order", [...peers.values()].map(({ name }) => name), order.texts("names_in_peer_order"));
    report.equal("encoded", encode(peerSetupCodes, peers), order.text("encoded_map_of_peers"));
    report.equal("checksum", setupChecksum(peers), order.text("checksum"));
  }
  report.roundTrip(peerSetupCodes, order.text("encoded_map_of_peers"));
}

function checkIrohKeys(report: Report, fields: Fields): void {
  for (const use of ["api", "p2p"]) {
    const secret = report.roundTrip(irohSecretKey, fields.text(`${use}_secret_key`));
    const key = report.roundTrip(irohPublicKey, fields.text(`${use}_public_key`));
    report.equal(`${use} public key`, irohPublicKeyOf(secret), key);
    report.json(irohPublicKey, key, stringifyJson(toHex(key)));
  }
  // the text forms are the plain hex
  report.equal(
    "text of the public key",
    irohPublicKey.fromJson(fields.text("api_public_key_hex")),
    fields.text("api_public_key"),
  );
  report.equal(
    "text of the secret key",
    hexBytes.fromJson(fields.text("api_secret_key_hex")),
    fields.text("api_secret_key"),
  );
}

export const checkConfig: Checker = async (file, report) => {
  await report.each(file, "client_configs", (fields) => checkClientConfig(report, fields));
  await report.each(file, "server_configs", (fields) => checkServerConfig(report, fields));
  await report.each(file, "iroh_keys", (fields) => checkIrohKeys(report, fields));
  await report.each(file, "invites", (fields) => checkInvite(report, fields));
  await report.each(file, "invites_accepted", (fields) => {
    report.equal("canonical", formatInviteCode(parseInviteCode(fields.text("text"))), fields.text("canonical"));
  });
  await report.each(file, "invite_rejects", (fields) => {
    const text = fields.text("text");
    return report.refused(text, () => parseInviteCode(text));
  });
  const codes: PeerSetupCode[] = [];
  await report.each(file, "setup_codes", (fields) => {
    codes.push(checkSetupCode(report, fields));
  });
  await report.one(file.object("setup_order"), (order) => checkSetupOrder(report, order, codes));
  await report.each(file, "dkg_versions", async (fields) => {
    const text = fields.text("text");
    if (!fields.has("hex")) return await report.refused(text, () => parseDkgVersion(text));
    const version = parseDkgVersion(text);
    report.equal("in the setup code", dkgVersionText(version), fields.text("setup_code_version"));
    report.equal("encoding", encodeHex(dkgVersion, version), fields.text("hex"));
    report.equal("compatibility", dkgCompatibility(version), fields.text("compatibility"));
    report.equal(
      "decoded",
      dkgVersionText(decodeHex(dkgVersion, fields.text("hex"))),
      fields.text("setup_code_version"),
    );
  });
};
