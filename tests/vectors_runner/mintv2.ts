/**
 * `mintv2.json`: notes and their fees, configs, derivation of secrets and notes, issuance from tweak to note, e-cash
 * texts.
 */
import { expand } from "@noble/hashes/hkdf.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { hash160 } from "../../core/bitcoin/script.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex, utf8 } from "../../core/bytes.ts";
import {
  backupSecret,
  bls,
  clientRoot,
  combineShares,
  decodeScalar,
  defaultClientSecret,
  DerivableSecret,
  entropyOfWords,
  globalRoot,
  messageToPoint,
  moduleSecret,
  preRootCheck,
  publicKeyOf,
  publicKeyShareOf,
  scalarFromWide,
  seedOfEntropy,
  signShare,
  verifyNote,
  verifyShare,
  wordsOfEntropy,
} from "../../core/crypto/mod.ts";
import type { AnyCodec, Json } from "../../core/encoding/mod.ts";
import { bytes, decode, decodeHex, encode, encodeHex, isJsonObject, list, parseJson } from "../../core/encoding/mod.ts";
import { g1Point } from "../../core/types/bls.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import { jsonWithKind } from "../../core/types/json_with_kind.ts";
import { formatInviteCode, newInviteCode, parseInviteCode } from "../../core/types/invite_code.ts";
import { serverModuleConsensusConfig } from "../../core/types/server_config.ts";
import {
  mintConsensusItem,
  mintInput,
  mintInputError,
  mintOutput,
  mintOutputError,
  mintOutputOutcome,
  MINTV2_CONSENSUS_VERSION,
  MINTV2_KIND,
  note,
  recoveryItem,
} from "../../modules/mintv2/common.ts";
import { mintConfig, mintPrivateConfig } from "../../modules/mintv2/config.ts";
import {
  CLIENT_DENOMINATIONS,
  CONSENSUS_DENOMINATIONS,
  denomination,
  denominationAmount,
  denominationText,
} from "../../modules/mintv2/denomination.ts";
import {
  ecash,
  ecashAmount,
  ecashInvite,
  ecashMint,
  ecashNotes,
  ecashUnit,
  formatEcash,
  makeEcash,
  nonceOf,
  noteOf,
  parseEcash,
  spendableNote,
} from "../../modules/mintv2/ecash.ts";
import { feeConsensus, feeOf } from "../../modules/mintv2/fees.ts";
import {
  blindedNonce,
  finishNote,
  isOutputOf,
  noteIssuanceRequest,
  noteRequest,
  noteSecret,
  passesFilter,
  requestNonce,
  requestOutput,
  tweakFilter,
} from "../../modules/mintv2/client/issuance.ts";
import type { NoteIssuanceRequest } from "../../modules/mintv2/client/issuance.ts";
import { OwnNotes } from "../../modules/mintv2/client/recovery/own_notes.ts";
import { sliceCall } from "../../modules/mintv2/client/recovery/slice.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

/** As the vectors' README says. */
const MINTV2_INSTANCE = 2;

const CODECS: { readonly [type: string]: AnyCodec } = {
  Note: note,
  MintInput: mintInput,
  MintOutput: mintOutput,
  MintOutputOutcome: mintOutputOutcome,
  MintConsensusItem: mintConsensusItem,
  MintOutputBlindSignature: g1Point,
  RecoveryItem: recoveryItem,
  MintInputError: mintInputError,
  MintOutputError: mintOutputError,
  FeeConsensus: feeConsensus,
  MintClientConfig: mintConfig,
  MintConfigConsensus: mintConfig,
};

/** The key set that signs all notes of the file. */
type Keys = {
  readonly aggregate: Bytes;
  readonly shares: readonly Bytes[];
  readonly secrets: readonly Bytes[];
  readonly threshold: number;
};

async function readKeys(file: Fields, report: Report): Promise<Keys> {
  const fields = file.object("keys");
  const keys: Keys = {
    aggregate: fields.bytes("aggregate_public_key"),
    shares: fields.bytesList("public_key_shares"),
    secrets: fields.bytesList("secret_key_shares"),
    threshold: fields.number("threshold"),
  };
  await report.one(fields, () => {
    keys.secrets.forEach((secret, peer) =>
      report.equal(`public key share ${peer}`, publicKeyShareOf(decodeScalar(secret)), keys.shares[peer]!)
    );
  });
  return keys;
}

function checkNote(report: Report, fields: Fields): void {
  const value = decodeHex(note, fields.text("hex"));
  const message = messageToPoint(value.nonce);
  report.equal("message", message, fields.bytes("message"));
  report.equal("nonce", publicKeyOf(fields.bytes("spend_secret_key")), value.nonce);
  report.equal("amount", Number(denominationAmount(value.denomination)), fields.number("amount_msats"));
  const key = bls.g2.decode(fields.bytes("aggregate_public_key"));
  report.equal("signature holds", verifyNote(message, value.signature, key), true);
}

function checkCase(report: Report, fields: Fields): void {
  const type = fields.text("type");
  const codec = codecOf(CODECS, type);
  const value = report.codecCase(codec, fields);
  if (fields.has("value")) fields.ignore("the reference's text of an error, or no fields at all", "value");
  if (type === "Note") checkNote(report, fields);
  if (fields.has("dyn")) {
    report.equal("dyn", encodeHex(dyn, toDyn(MINTV2_INSTANCE, codec, value)), fields.text("dyn"));
    report.roundTrip(dyn, fields.text("dyn"));
  }
}

function checkWholeConfig(report: Report, fields: Fields): void {
  const json = parseJson(fields.text("json"));
  if (!isJsonObject(json)) throw new Mismatch("The config is not an object");
  const { kind, value } = jsonWithKind.fromJson(json.private!);
  const own = mintPrivateConfig.fromJson(value);
  report.equal("private", jsonWithKind.toJson({ kind, value: mintPrivateConfig.toJson(own) }), json.private);
  const consensus = serverModuleConsensusConfig.fromJson(json.consensus!);
  const { config, ...header } = consensus;
  report.equal("header", header, { kind: MINTV2_KIND, version: MINTV2_CONSENSUS_VERSION });
  report.equal("config encoded again", encode(mintConfig, decode(mintConfig, config)), config);
  report.equal("consensus", serverModuleConsensusConfig.toJson(consensus), json.consensus);
}

function checkConfig(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "ServerModuleConfig") return checkWholeConfig(report, fields);
  if (type !== "MintConfigPrivate") return void report.codecCase(codecOf(CODECS, type), fields);
  const json = parseJson(fields.text("json"));
  report.equal("private", mintPrivateConfig.toJson(mintPrivateConfig.fromJson(json)), json);
}

/** `root/child(3)/tweak(ab)` from a root. */
function follow(root: DerivableSecret, path: string): DerivableSecret {
  const [first, ...steps] = path.split("/");
  if (first !== "root") throw new Mismatch(`Path ${path} does not begin at the root`);
  return steps.reduce((secret, step) => {
    const [, name, argument] = /^([a-z_]+)\((.*)\)$/.exec(step) ?? [];
    if (name === "child") return secret.child(BigInt(argument!));
    if (name === "tweak") return secret.tweak(fromHex(argument!));
    if (name === "federation_key") return secret.federationKey(argument!);
    throw new Mismatch(`Unknown step ${step}`);
  }, root);
}

/** What HKDF-Expand gives with the infos that the file names: the definition, without our tree. */
function checkExpansion(report: Report, secret: DerivableSecret, infos: ReadonlyMap<string, string>): void {
  const key = secret.toBytes().slice(-64);
  const computed: { readonly [name: string]: (info: Bytes) => readonly [Uint8Array, Uint8Array] } = {
    bls12_381: (info) => [scalarFromWide(expand(sha512, key, info, 64)), secret.blsScalar()],
    chacha20_poly1305: (info) => [expand(sha512, key, info, 32), secret.chachaKey()],
    random_bytes: (info) => [expand(sha512, key, info, 32), secret.randomBytes(32)],
    child_0: (info) => [expand(sha512, key, info, 64), secret.child(0).toBytes().slice(-64)],
    // of 2^128 keys one is invalid and would take the next info
    secp256k1: (info) => [expand(sha512, key, info, 32), secret.secpKey()],
  };
  report.equal("infos", [...infos.keys()].sort(), Object.keys(computed).sort());
  for (const [name, info] of infos) report.equal(name, ...computed[name]!(fromHex(info)));
}

function checkDerivation(report: Report, fields: Fields, root: DerivableSecret): void {
  const secret = follow(root, fields.text("path"));
  report.equal("encoded", secret.toBytes(), fields.bytes("encoded"));
  report.equal("encoded again", DerivableSecret.fromBytes(fields.bytes("encoded")).toBytes(), fields.bytes("encoded"));
  report.equal("level", secret.level, fields.bigint("level"));
  report.equal("random 32", secret.randomBytes(32), fields.bytes("random_bytes_32"));
  report.equal("random 8", secret.randomBytes(8), fields.bytes("random_bytes_8"));
  report.equal("BLS scalar", secret.blsScalar(), fields.bytes("bls12_381_scalar"));
  report.equal("AEAD key", secret.chachaKey(), fields.bytes("chacha20_poly1305_key"));
  report.equal("secret key", secret.secpKey(), fields.bytes("secp256k1_secret_key"));
  report.equal("public key", publicKeyOf(secret.secpKey()), fields.bytes("secp256k1_public_key"));
  checkExpansion(report, secret, fields.textMap("hkdf_info"));
}

function checkWallet(report: Report, fields: Fields): void {
  const words = fields.text("words"), id = fields.text("federation_id");
  const entropy = entropyOfWords(words);
  const root = globalRoot(entropy);
  const preRoot = defaultClientSecret(root, id);
  const client = clientRoot(preRoot, id);
  report.equal("entropy", entropy, fields.bytes("entropy"));
  report.equal("words", wordsOfEntropy(entropy), words);
  report.equal("stored", encode(bytes, entropy), fields.bytes("stored_mnemonic"));
  report.equal("seed", seedOfEntropy(entropy), fields.bytes("seed"));
  report.equal("global root", root.toBytes(), fields.bytes("global_root"));
  report.equal("default client secret", preRoot.toBytes(), fields.bytes("default_client_secret"));
  report.equal("pre-root check", preRootCheck(preRoot), fields.bytes("pre_root_secret_hash"));
  report.equal("client root", client.toBytes(), fields.bytes("client_root"));
  const module = moduleSecret(client, fields.number("module_instance"));
  report.equal("module secret", module.toBytes(), fields.bytes("module_secret"));
  report.equal("backup secret", backupSecret(client).toBytes(), fields.bytes("backup_secret"));
}

/** The same output in a guardian's log is found if its tweak passes the filter, and only by its own wallet. */
function checkRecovered(
  report: Report,
  secret: DerivableSecret,
  request: NoteIssuanceRequest,
  nonceHash: Bytes,
): void {
  const { denomination, tweak } = request;
  const log = list(recoveryItem).toJson([
    { tag: "Input", value: { nonceHash } },
    { tag: "Output", value: { denomination, nonceHash, tweak } },
  ]);
  const { bytes } = sliceCall({ start: 0, end: 2 }).result.fromJson(log);
  const slice = { start: 0, items: 2, bytes };
  const recovered = (owner: DerivableSecret): Json[] => {
    const notes = new OwnNotes([{ derivation: "standard", secret: owner }]);
    return notes.candidates(slice).map((candidate) => {
      const own = notes.ownOutput(slice, candidate);
      return own && [own.index, encodeHex(noteIssuanceRequest, own.request), toHex(own.spentAs)];
    });
  };
  const own = [1, encodeHex(noteIssuanceRequest, request), toHex(hash160(requestNonce(request)))];
  report.equal("recovered", recovered(secret), passesFilter(tweak, tweakFilter(secret)) ? [own] : []);
  report.equal("recovered by others", recovered(secret.child(0)).filter((found) => found !== null), []);
}

function checkIssuance(report: Report, fields: Fields, keys: Keys): void {
  const root = DerivableSecret.fromBytes(fields.bytes("module_secret"));
  const exponent = fields.number("denomination"), tweak = fields.bytes("tweak");
  const request = noteRequest(root, exponent, tweak);
  report.equal("secret", noteSecret(root, exponent, tweak).toBytes(), fields.bytes("output_secret"));
  report.equal("spend key", request.keypair, fields.bytes("spend_secret_key"));
  report.equal("blinding key", request.blindingKey, fields.bytes("blinding_key"));
  report.equal("nonce", requestNonce(request), fields.bytes("nonce"));
  report.equal("request", report.roundTrip(noteIssuanceRequest, fields.text("request")), request);

  const message = messageToPoint(requestNonce(request)), blinded = blindedNonce(request);
  report.equal("message", message, fields.bytes("message"));
  report.equal("blinded", blinded, fields.bytes("blinded_message"));
  report.equal("nonce hash", hash160(blinded), fields.bytes("nonce_hash"));
  report.equal("is ours", isOutputOf(request, fields.bytes("nonce_hash")), true);
  report.equal("output", encode(mintOutput, requestOutput(request)), fields.bytes("output"));
  checkRecovered(report, root, request, fields.bytes("nonce_hash"));

  const shares = keys.secrets.map((secret) => signShare(blinded, decodeScalar(secret)));
  report.equal("shares", shares.map(toHex), fields.texts("blind_signature_shares"));
  shares.forEach((share, peer) =>
    report.equal(`share ${peer} holds`, verifyShare(blinded, share, bls.g2.decode(keys.shares[peer]!)), true)
  );
  const from = fields.list("combined_from_peers") as readonly number[];
  report.equal("number of combined shares", from.length, keys.threshold);
  const combined = combineShares(new Map(from.map((peer) => [peer, shares[peer]!])), keys.threshold);
  report.equal("combined", combined, fields.bytes("blind_signature"));

  const spendable = finishNote(request, combined);
  report.equal("spendable note", encode(spendableNote, spendable), fields.bytes("spendable_note"));
  report.equal("note", encode(note, noteOf(spendable)), fields.bytes("note"));
  report.equal("note holds", verifyNote(message, spendable.signature, bls.g2.decode(keys.aggregate)), true);
}

function checkEcash(report: Report, fields: Fields): void {
  const value = report.roundTrip(ecash, fields.text("hex"));
  report.equal("text", formatEcash(value), fields.text("text"));
  report.equal("from text", encode(ecash, parseEcash(fields.text("text"))), fields.bytes("hex"));
  report.equal("from upper case", encode(ecash, parseEcash(fields.text("text").toUpperCase())), fields.bytes("hex"));
  report.equal("amount", ecashAmount(value), fields.bigint("amount_msats"));
  report.equal("mint", ecashMint(value), fields.json("mint"));
  report.equal("unit", ecashUnit(value), fields.bigint("unit"));

  const invite = ecashInvite(value);
  report.equal("invite", invite && formatInviteCode(newInviteCode(invite)), fields.json("invite"));
  const wanted = fields.objects("notes"), notes = ecashNotes(value);
  report.equal("number of notes", notes.length, wanted.length);
  notes.forEach((found, index) => {
    const expected = wanted[index]!;
    report.equal("note", encode(spendableNote, found), expected.bytes("hex"));
    report.equal("denomination", found.denomination, expected.number("denomination"));
    report.equal("nonce", nonceOf(found), expected.bytes("nonce"));
    report.equal("secret key", found.keypair, expected.bytes("secret_key"));
    report.equal("signature", found.signature, expected.bytes("signature"));
  });

  // made from its parts it is the same, where it has just the parts that a wallet writes, in their order
  const mint = ecashMint(value);
  const usual = mint !== null && value.every(({ tag }) => tag !== "Default") && value[0]!.tag === "Mint" &&
    value.filter(({ tag }) => tag === "Mint").length === 1 &&
    value.every((field) => field.tag !== "Invite" || field.value.peerApis.length === 1);
  if (usual) {
    const code = fields.json("invite");
    const made = makeEcash(mint, notes, {
      unit: ecashUnit(value),
      ...(typeof code === "string" ? { invite: parseInviteCode(code) } : {}),
    });
    report.equal("made from its parts", encode(ecash, made), fields.bytes("hex"));
  }
}

async function checkNumbers(file: Fields, report: Report): Promise<void> {
  await report.case("mintv2.json client_denominations", () => {
    report.equal("denominations", [...CLIENT_DENOMINATIONS], file.list("client_denominations"));
  });
  let next = 0;
  await report.each(file, "consensus_denominations", (fields) => {
    const exponent = report.roundTrip(denomination, fields.text("hex"));
    report.equal("denomination", exponent, fields.number("denomination"));
    report.equal("in order", CONSENSUS_DENOMINATIONS[next++], exponent);
    report.equal("value", denominationAmount(exponent), fields.bigint("msats"));
    report.equal("text", denominationText(exponent), fields.text("display"));
  });
  await report.case("mintv2.json consensus_denominations whole", () => {
    report.equal("number", next, CONSENSUS_DENOMINATIONS.length);
  });
  await report.each(file, "fees", (fields) => {
    const fees = feeConsensus.fromJson({
      base: fields.json("base_msats"),
      parts_per_million: fields.json("parts_per_million"),
    });
    report.equal("fee", feeOf(fees, fields.bigint("amount_msats")), fields.bigint("fee_msats"));
  });
}

async function checkRejects(file: Fields, report: Report): Promise<void> {
  await report.each(file, "rejects", async (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    await report.refused(fields.text("hex"), () => decodeHex(codec, fields.text("hex")));
    if (!fields.has("base_msats")) return;
    const json = { base: fields.json("base_msats"), parts_per_million: fields.json("parts_per_million") };
    await report.refused("fees", () => codec.fromJson(json));
  });
  await report.each(file, "ecash_rejects", (fields) => {
    return report.refused(fields.text("text"), () => parseEcash(fields.text("text")));
  });
}

export const checkMintv2: Checker = async (file, report) => {
  const keys = await readKeys(file, report);
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "configs", (fields) => checkConfig(report, fields));
  await checkNumbers(file, report);
  let root: DerivableSecret | undefined;
  await report.each(file, "derivations", (fields) => {
    if (fields.has("ikm")) {
      const salt = fields.has("salt") ? fields.bytes("salt") : utf8(fields.text("salt_text"));
      root = DerivableSecret.root(fields.bytes("ikm"), salt);
    }
    if (!root) throw new Mismatch("The first path has no root");
    checkDerivation(report, fields, root);
  });
  await report.each(file, "wallets", (fields) => checkWallet(report, fields));
  await report.each(file, "tweaks", (fields) => {
    const tweak = fields.bytes("tweak"), filter = fields.bytes("filter");
    report.equal("hash", sha256(concat(tweak, filter)), fields.bytes("hash"));
    report.equal("passes", passesFilter(tweak, filter), fields.bool("passes"));
  });
  await report.each(file, "issuance", (fields) => checkIssuance(report, fields, keys));
  await report.each(file, "ecash", (fields) => checkEcash(report, fields));
  await checkRejects(file, report);
};
