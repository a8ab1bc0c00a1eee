/**
 * `walletv2.json`: scripts and the filter, sizes and fees, values and configs, addresses, and transactions from
 * unsigned to final.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import {
  addressFromScript,
  bitcoinNetwork,
  bitcoinOutPointText,
  bitcoinScript,
  bitcoinTransaction,
  bitcoinTxidOf,
  descriptorScript,
  descriptorText,
  isBitcoinNetwork,
  scriptFromAddress,
  segwitSighashes,
  uncheckedAddress,
  vbytesOf,
} from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, equalBytes, fromHex, toHex } from "../../core/bytes.ts";
import {
  DerivableSecret,
  ecdsaSign,
  ecdsaToDer,
  ecdsaVerify,
  publicKeyOf,
  tweakPublicKey,
  tweakSecretKey,
} from "../../core/crypto/mod.ts";
import type { AnyCodec } from "../../core/encoding/mod.ts";
import {
  decode,
  decodeHex,
  encode,
  encodeHex,
  isJsonObject,
  parseJson,
  stringifyJson,
  text,
} from "../../core/encoding/mod.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import type { PeerId } from "../../core/types/ids.ts";
import { jsonWithKind } from "../../core/types/json_with_kind.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { serverModuleConsensusConfig } from "../../core/types/server_config.ts";
import { addressAt, addressSearch, searchAddress } from "../../modules/walletv2/client/address_search.ts";
import type { FederationWallet, OutputInfo, TxInfo, WalletConsensusItem } from "../../modules/walletv2/common.ts";
import {
  federationWallet,
  inputErrorText,
  outputErrorText,
  outputInfo,
  txInfo,
  walletConsensusItem,
  walletInput,
  walletInputError,
  walletOutput,
  walletOutputError,
  walletOutputOutcome,
  WALLETV2_CONSENSUS_VERSION,
  WALLETV2_KIND,
} from "../../modules/walletv2/common.ts";
import {
  feeConsensus,
  feeMsatOf,
  newWalletConfig,
  satisfactionWeight,
  walletConfig,
  walletPrivateConfig,
} from "../../modules/walletv2/config.ts";
import type { FederationTx } from "../../modules/walletv2/server/federation_tx.ts";
import {
  finaliseFederationTx,
  SignatureChecker,
  signFederationTx,
  unsignedTransaction,
} from "../../modules/walletv2/server/federation_tx.ts";
import {
  changeTweak,
  depositTweak,
  isPotentialReceive,
  keysHash,
  outputScriptOf,
  tweakedKeys,
  witnessScriptOf,
} from "../../modules/walletv2/scripts.ts";
import { destinationOf, scriptOf, standardScript } from "../../modules/walletv2/standard_script.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

/** As the vectors' README says. */
const WALLETV2_INSTANCE = 3;

const CODECS: { readonly [type: string]: AnyCodec } = {
  WalletInput: walletInput,
  WalletOutput: walletOutput,
  WalletOutputOutcome: walletOutputOutcome,
  WalletConsensusItem: walletConsensusItem,
  WalletInputError: walletInputError,
  WalletOutputError: walletOutputError,
  StandardScript: standardScript,
  FederationWallet: federationWallet,
  TxInfo: txInfo,
  Network: bitcoinNetwork,
  FeeConsensus: feeConsensus,
  WalletClientConfig: walletConfig,
  WalletConfigConsensus: walletConfig,
};

/** Indices before the one that passes of which none does; with the searches of the file it takes about a second. */
const SEARCHED = 10_000;

/** Keys stand in the order of guardians. */
function keysOf(keys: readonly Bytes[]): Map<PeerId, Bytes> {
  return new Map(keys.entries());
}

function filterHash(script: Bytes, hashOfKeys: Bytes): Bytes {
  return sha256(concat(encode(bitcoinScript, script), hashOfKeys)) as Bytes;
}

function checkTweak(report: Report, fields: Fields): void {
  const tweak = fields.text("tweak");
  if (fields.has("deposit_public_key")) {
    const key = fields.bytes("deposit_public_key");
    report.equal("deposit key", publicKeyOf(fields.bytes("deposit_secret_key")), key);
    report.equal("tweak of a deposit", depositTweak(key), tweak);
  }
  if (fields.has("spent_wallet")) {
    const wallet = report.roundTrip(federationWallet, fields.text("spent_wallet"));
    report.json(federationWallet, wallet, fields.text("spent_wallet_json"));
    report.equal("tweak of change", changeTweak(wallet), tweak);
  }
}

function checkScript(report: Report, fields: Fields): void {
  const keys = fields.bytesList("public_keys"), secrets = fields.bytesList("secret_keys");
  const tweak = fields.text("tweak");
  const { threshold } = numPeers(keys.length);
  checkTweak(report, fields);
  report.equal("guardians", keys.length, fields.number("peers"));
  report.equal("keys", secrets.map((secret) => toHex(publicKeyOf(secret))), keys.map(toHex));
  const tweaked = [...tweakedKeys(keysOf(keys), tweak).values()];
  report.equal("tweaked keys", tweaked.map(toHex), fields.texts("tweaked_public_keys"));
  const tweakedSecrets = secrets.map((secret) => toHex(tweakSecretKey(secret, fromHex(tweak))));
  report.equal("tweaked secrets", tweakedSecrets, fields.texts("tweaked_secret_keys"));

  const script = outputScriptOf(keysOf(keys), tweak);
  const descriptor = { kind: "wsh_sortedmulti", threshold, keys: tweaked } as const;
  report.equal("descriptor", descriptorText(descriptor), fields.text("descriptor"));
  report.equal("descriptor encoded", encodeHex(text, descriptorText(descriptor)), fields.text("descriptor_hex"));
  report.equal("descriptor's script", descriptorScript(descriptor), script);
  report.equal("witness script", witnessScriptOf(keysOf(keys), tweak), fields.bytes("witness_script"));
  report.equal("script", script, fields.bytes("script_pubkey"));
  report.equal("script encoded", encode(bitcoinScript, script), fields.bytes("script_pubkey_encoded"));
  for (const [network, address] of fields.textMap("addresses")) {
    if (!isBitcoinNetwork(network)) throw new Mismatch(`${network} is no network`);
    report.equal(`address on ${network}`, addressFromScript(script, network), address);
  }
  report.equal("satisfaction weight", satisfactionWeight(keys.length), fields.number("max_satisfaction_weight"));

  const hashOfKeys = keysHash(keysOf(keys));
  report.equal("keys' hash", hashOfKeys, fields.bytes("pks_hash"));
  report.equal("filter's hash", filterHash(script, hashOfKeys), fields.bytes("filter_hash"));
  report.equal("passes", isPotentialReceive(script, hashOfKeys), fields.bool("is_potential_receive"));
}

function checkSearch(report: Report, fields: Fields): void {
  const keys = keysOf(fields.bytesList("public_keys"));
  const search = addressSearch(keys, DerivableSecret.fromBytes(fields.bytes("module_secret")));
  const hashOfKeys = fields.bytes("pks_hash");
  report.equal("keys' hash", keysHash(keys), hashOfKeys);
  for (const first of fields.objects("first_indices")) {
    const { publicKey, script } = addressAt(search, first.number("index"));
    report.equal("public key", publicKey, first.bytes("public_key"));
    report.equal("script", script, first.bytes("script_pubkey"));
    report.equal("passes", isPotentialReceive(script, hashOfKeys), first.bool("passes"));
  }
  const index = fields.number("first_valid_index");
  const { secret, publicKey, script } = addressAt(search, index);
  report.equal("secret key", secret, fields.bytes("secret_key"));
  report.equal("public key", publicKey, fields.bytes("public_key"));
  report.equal("script", script, fields.bytes("script_pubkey"));
  report.equal("address", addressFromScript(script, "regtest"), fields.text("address_regtest"));
  report.equal("filter's hash", filterHash(script, hashOfKeys), fields.bytes("filter_hash"));
  report.equal("passes", isPotentialReceive(script, hashOfKeys), true);
  // from index 0 it takes some seconds: that is a bench, in tests/bench
  report.equal("next index that passes", searchAddress(search, index - SEARCHED, index + 1), index);
}

/** Signatures of an item with the digests that they sign. */
function checkItemSignatures(report: Report, fields: Fields, item: WalletConsensusItem): void {
  if (item.tag !== "Signatures") throw new Mismatch("Only signatures have an ecdsa list");
  const [, signatures] = item.value;
  const wanted = fields.objects("ecdsa");
  report.equal("number of signatures", signatures.length, wanted.length);
  wanted.forEach((expected, index) => {
    const secret = expected.bytes("secret_key"), digest = expected.bytes("digest");
    const signature = ecdsaSign(digest, secret);
    report.equal("signature", signature, expected.bytes("compact"));
    report.equal("signature in the item", signatures[index]!, signature);
    report.equal("DER", ecdsaToDer(signature), expected.bytes("der"));
    report.equal("signature holds", ecdsaVerify(signature, digest, publicKeyOf(secret)), true);
  });
}

function checkExtras(report: Report, fields: Fields, type: string, value: unknown): void {
  if (fields.has("script_pubkey")) {
    const script = scriptOf(decodeHex(standardScript, fields.text("hex")));
    report.equal("script", script && toHex(script), fields.json("script_pubkey"));
  }
  if (fields.has("ecdsa")) checkItemSignatures(report, fields, value as WalletConsensusItem);
  if (fields.has("sha256")) report.equal("hash", changeTweak(value as FederationWallet), fields.text("sha256"));
  if (fields.has("sats_per_vbyte_rounded_down")) {
    const { fee, vbytes } = value as TxInfo;
    report.equal("fee rate", fee / vbytes, fields.bigint("sats_per_vbyte_rounded_down"));
  }
  if (fields.has("value")) {
    const errorText = type === "WalletInputError"
      ? inputErrorText(decodeHex(walletInputError, fields.text("hex")))
      : outputErrorText(decodeHex(walletOutputError, fields.text("hex")));
    report.equal("text", errorText, fields.text("value"));
  }
}

function checkCase(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "OutputInfo") {
    const json = parseJson(fields.text("json"));
    const info: OutputInfo = outputInfo.fromJson(json);
    report.equal("JSON", outputInfo.toJson(info), json);
    return;
  }
  const codec = codecOf(CODECS, type);
  const value: unknown = report.codecCase(codec, fields);
  checkExtras(report, fields, type, value);
  if (fields.has("dyn")) {
    report.equal("dyn", encodeHex(dyn, toDyn(WALLETV2_INSTANCE, codec, value)), fields.text("dyn"));
    report.roundTrip(dyn, fields.text("dyn"));
  }
}

function checkAddress(report: Report, fields: Fields): void {
  const address = fields.text("address"), network = fields.text("network");
  if (!isBitcoinNetwork(network)) throw new Mismatch(`${network} is no network`);
  const script = scriptFromAddress(address, network);
  report.equal("script", script.ok ? script.value : script.error.code, fields.bytes("script_pubkey"));
  const core = fields.text("address_type_encoding_of_core");
  report.equal("core's encoding", encodeHex(uncheckedAddress, address), core);
  const destination = destinationOf(address, network);
  if (!destination.ok) {
    report.equal("refusal", destination.error.code, "unsupported");
    report.equal("standard script", null, fields.json("standard_script"));
    report.equal("its JSON", null, fields.json("standard_script_json"));
    return;
  }
  report.equal("standard script", encodeHex(standardScript, destination.value), fields.text("standard_script"));
  report.json(standardScript, destination.value, fields.text("standard_script_json"));
  report.equal("script again", scriptOf(destination.value)!, fields.bytes("script_pubkey"));
}

/** What guardians know of the transaction before they sign it. */
function unsignedOf(
  report: Report,
  fields: Fields,
): { readonly unsigned: FederationTx; readonly wallet: FederationWallet } {
  const wallet = decodeHex(federationWallet, fields.text("spent_wallet"));
  const tx = report.roundTrip(bitcoinTransaction, fields.text("unsigned_tx"));
  const inputs = fields.objects("inputs").map((input) => ({
    outpoint: input.text("outpoint"),
    spent: { value: input.bigint("value_sats"), tweak: input.text("tweak") },
  }));
  report.equal(
    "inputs",
    tx.inputs.map(({ outPoint }) => bitcoinOutPointText(outPoint)),
    inputs.map(({ outpoint }) => outpoint),
  );
  report.equal("wallet that is spent", bitcoinOutPointText(wallet.outpoint), inputs[0]!.outpoint);
  report.equal("its value and tweak", { value: wallet.value, tweak: wallet.tweak }, inputs[0]!.spent);
  const rebuilt = unsignedTransaction(tx.inputs.map(({ outPoint }) => outPoint), tx.outputs);
  report.equal("built from its parts", encodeHex(bitcoinTransaction, rebuilt), fields.text("unsigned_tx"));
  const spentTxOuts = inputs.map(({ spent }) => spent);
  const inSat = spentTxOuts.reduce((sum, { value }) => sum + value, 0n);
  const outSat = tx.outputs.reduce((sum, { valueSat }) => sum + valueSat, 0n);
  return { wallet, unsigned: { tx, spentTxOuts, vbytes: fields.bigint("vbytes_of_config"), fee: inSat - outSat } };
}

function checkSigning(report: Report, fields: Fields): void {
  const secrets = fields.bytesList("secret_keys");
  const keys = keysOf(secrets.map(publicKeyOf));
  const { unsigned, wallet } = unsignedOf(report, fields);
  const txid = bitcoinTxidOf(unsigned.tx);
  report.equal("txid", txid, fields.text("txid"));

  const config = newWalletConfig(keys, "regtest");
  const vbytes = unsigned.tx.inputs.length === 1 ? config.sendTxVbytes : config.receiveTxVbytes;
  report.equal("vbytes of the config", vbytes, unsigned.vbytes);
  const tweak = changeTweak(wallet);
  report.equal("change's tweak", tweak, fields.text("change_tweak"));
  const [change] = unsigned.tx.outputs;
  report.equal("change's script", change!.script, outputScriptOf(keys, tweak));
  const next: FederationWallet = { value: change!.valueSat, outpoint: { txid, vout: 0 }, tweak };
  report.equal("wallet afterwards", encodeHex(federationWallet, next), fields.text("next_wallet"));

  const digests = segwitSighashes(
    unsigned.tx,
    unsigned.spentTxOuts.map((spent) => ({
      scriptCode: witnessScriptOf(keys, spent.tweak),
      valueSat: spent.value,
    })),
  );
  report.equal("digests", digests.map(toHex), fields.texts("sighashes"));
  const signatures = secrets.map((secret) => signFederationTx(keys, unsigned, secret));
  const ders = signatures.map((all) => all.map((signature) => toHex(ecdsaToDer(signature))));
  report.equal("signatures", ders, fields.list("signatures_der"));
  const items = signatures.map((all) => encodeHex(walletConsensusItem, { tag: "Signatures", value: [txid, all] }));
  report.equal("items", items, fields.texts("consensus_items"));
  const checker = new SignatureChecker(keys);
  signatures.forEach((all, peer) => {
    report.equal("signatures hold", checker.verify(txid, unsigned, all, peer), true);
    const key = tweakPublicKey(keys.get(peer)!, fromHex(unsigned.spentTxOuts[0]!.tweak));
    report.equal("first digest is signed", ecdsaVerify(all[0]!, digests[0]!, key), true);
  });

  const from = fields.list("finalised_with_peers") as readonly number[];
  const finished = finaliseFederationTx(keys, unsigned, new Map(from.map((peer) => [peer, signatures[peer]!])));
  report.equal("signed transaction", encodeHex(bitcoinTransaction, finished.tx), fields.text("signed_tx"));
  report.equal("its size", vbytesOf(finished.tx), fields.number("vsize"));
}

function checkWholeConfig(report: Report, fields: Fields): void {
  const json = parseJson(fields.text("json"));
  if (!isJsonObject(json)) throw new Mismatch("The config is not an object");
  const { kind, value } = jsonWithKind.fromJson(json.private!);
  const own = walletPrivateConfig.fromJson(value);
  report.equal("private", jsonWithKind.toJson({ kind, value: walletPrivateConfig.toJson(own) }), json.private);
  const consensus = serverModuleConsensusConfig.fromJson(json.consensus!);
  const { config, ...header } = consensus;
  report.equal("header", header, { kind: WALLETV2_KIND, version: WALLETV2_CONSENSUS_VERSION });
  const decoded = decode(walletConfig, config);
  report.equal("config encoded again", encode(walletConfig, decoded), config);
  report.equal("consensus", serverModuleConsensusConfig.toJson(consensus), json.consensus);
  const [identity] = [...decoded.bitcoinPks].find(([, key]) => equalBytes(key, publicKeyOf(own.bitcoinSk))) ?? [];
  report.equal("own key is a guardian's", identity !== undefined, true);
}

function checkConfig(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "ServerModuleConfig") return checkWholeConfig(report, fields);
  if (type === "WalletConfigPrivate") {
    const json = parseJson(fields.text("json"));
    report.equal("private", walletPrivateConfig.toJson(walletPrivateConfig.fromJson(json)), json);
    return;
  }
  const config = report.codecCase(walletConfig, fields);
  if (!Object.hasOwn(CODECS, type)) throw new Mismatch(`${type} is no config`);
  // one guardian's config has another relative fee than any ceremony gives it
  const made = { ...newWalletConfig(config.bitcoinPks, config.network), feeConsensus: config.feeConsensus };
  report.equal("as the ceremony makes it", stringifyJson(walletConfig.toJson(made)), fields.text("json"));
}

async function checkNumbers(file: Fields, report: Report): Promise<void> {
  await report.each(file, "sizes", (fields) => {
    const peers = fields.number("peers");
    const keys = keysOf(Array.from({ length: peers }, () => new Uint8Array(33)));
    const config = newWalletConfig(keys, "regtest");
    report.equal("send", config.sendTxVbytes, fields.bigint("send_tx_vbytes"));
    report.equal("receive", config.receiveTxVbytes, fields.bigint("receive_tx_vbytes"));
    report.equal("fee rate's base", config.feerateBase, fields.bigint("feerate_base"));
    report.equal("dust limit", config.dustLimit, fields.bigint("dust_limit_sats"));
  });
  await report.each(file, "fees", (fields) => {
    const fees = { base: fields.bigint("base_msats"), partsPerMillion: fields.bigint("parts_per_million") };
    report.equal("fee", feeMsatOf(fees, fields.bigint("amount_msats")), fields.bigint("fee_msats"));
  });
  await report.each(file, "filter", (fields) => {
    const script = fields.bytes("script_pubkey"), hashOfKeys = fields.bytes("pks_hash");
    report.equal("hash", filterHash(script, hashOfKeys), fields.bytes("hash"));
    report.equal("passes", isPotentialReceive(script, hashOfKeys), fields.bool("passes"));
  });
}

export const checkWalletv2: Checker = async (file, report) => {
  await report.each(file, "scripts", (fields) => checkScript(report, fields));
  await report.each(file, "address_searches", (fields) => checkSearch(report, fields));
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "configs", (fields) => checkConfig(report, fields));
  await report.each(file, "addresses", (fields) => checkAddress(report, fields));
  await report.each(file, "signing", (fields) => checkSigning(report, fields));
  await checkNumbers(file, report);
  await report.each(file, "rejects", (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    return report.refused(fields.text("hex"), () => decodeHex(codec, fields.text("hex")));
  });
};
