/** `types.json`: core types, transactions, consensus items, sessions. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import {
  bitcoinDescriptor,
  bitcoinNetwork,
  bitcoinOutPoint,
  bitcoinScript,
  bitcoinTransaction,
  blockHeader,
  legacyNetwork,
  partialMerkleTree,
  psbt,
  txOut,
  txOutProof,
  uncheckedAddress,
} from "../../core/bitcoin/mod.ts";
import { keychainTag, publicKeyOf } from "../../core/crypto/mod.ts";
import type { AnyCodec, Json } from "../../core/encoding/mod.ts";
import { decodeHex, encode, encodeHex, hexId, moduleEncoding, parseJson, u64 } from "../../core/encoding/mod.ts";
import { amount, amounts, amountSat } from "../../core/types/amount.ts";
import { formatAmount, parseAmount } from "../../core/types/amount_text.ts";
import {
  multiApiVersion,
  supportedApiVersionsSummary,
  supportedCoreApiVersions,
  supportedModuleApiVersions,
} from "../../core/types/api_versions.ts";
import {
  backupRequest,
  backupRequestHash,
  clientBackupSnapshot,
  signBackupRequest,
  signedBackupRequest,
  verifyBackupRequest,
} from "../../core/types/backup.ts";
import { broadcastKeys } from "../../core/types/broadcast_keys.ts";
import { systemTime } from "../../core/types/duration.ts";
import { dyn } from "../../core/types/dyn.ts";
import { checkedFee, feerate, vbytesOf, wrappingFee } from "../../core/types/feerate.ts";
import {
  amountUnit,
  bitcoinTxid,
  blockHash,
  inPoint,
  moduleInstanceId,
  operationId,
  outPoint,
  outPointRange,
  peerId,
  sha256Hash,
  transactionId,
} from "../../core/types/ids.ts";
import {
  ecdsaSignature,
  keypair,
  publicKey,
  schnorrSignature,
  secretKey,
  xOnlyPublicKey,
} from "../../core/types/keys.ts";
import { moduleKind } from "../../core/types/module_kind.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import { peerUrl } from "../../core/types/peer_url.ts";
import { tiered, tieredMulti } from "../../core/types/tiered.ts";
import { transaction, transactionError, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import { transactionErrorText } from "../../core/types/transaction_error_text.ts";
import { version } from "../../core/types/version.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf } from "./checker.ts";
import type { Fields } from "./fields.ts";
import type { Instances } from "./modules.ts";
import { checkDyn, decodeDyn, dynKindOf, moduleErrorText } from "./modules.ts";
import { checkConsensusItem, checkSession, checkSessionStatus, checkVerification } from "./sessions.ts";
import type { KnownKeys } from "./transactions.ts";
import { checkTransaction } from "./transactions.ts";

const CODECS: { readonly [type: string]: AnyCodec } = {
  Amount: amount,
  AmountUnit: amountUnit,
  Amounts: amounts,
  PeerId: peerId,
  ModuleKind: moduleKind,
  ModuleInstanceId: moduleInstanceId,
  TransactionId: transactionId,
  OutPoint: outPoint,
  InPoint: inPoint,
  OutPointRange: outPointRange,
  OperationId: operationId,
  ChainId: blockHash,
  PeerUrl: peerUrl,
  "Tiered<u64>": tiered(u64),
  "TieredMulti<u64>": tieredMulti(u64),
  CoreConsensusVersion: version,
  ModuleConsensusVersion: version,
  ApiVersion: version,
  MultiApiVersion: multiApiVersion,
  SupportedCoreApiVersions: supportedCoreApiVersions,
  SupportedModuleApiVersions: supportedModuleApiVersions,
  SupportedApiVersionsSummary: supportedApiVersionsSummary,
  Network: bitcoinNetwork,
  NetworkLegacyEncodingWrapper: legacyNetwork,
  Txid: bitcoinTxid,
  "bitcoin::OutPoint": bitcoinOutPoint,
  "bitcoin::Amount": amountSat,
  ScriptBuf: bitcoinScript,
  TxOut: txOut,
  Feerate: feerate,
  sha256: sha256Hash,
  hash160: hexId("hash160", 20),
  PublicKey: publicKey,
  XOnlyPublicKey: xOnlyPublicKey,
  SecretKey: secretKey,
  Keypair: keypair,
  "schnorr::Signature": schnorrSignature,
  "ecdsa::Signature": ecdsaSignature,
  BlockHash: blockHash,
  Header: blockHeader,
  "bitcoin::Transaction": bitcoinTransaction,
  PartialMerkleTree: partialMerkleTree,
  Psbt: psbt,
  TxOutProof: txOutProof,
  Address: uncheckedAddress,
  Descriptor: bitcoinDescriptor,
  "SerdeModuleEncoding<Transaction>": moduleEncoding(transaction),
};

/** A case's `value`: numbers as they are or in decimal, bytes in hex, pairs for maps. */
function comparableValue(value: unknown): Json {
  if (value instanceof Map) return [...value].map((pair) => pair.map((item) => Number(item)));
  if (typeof value === "bigint") return value.toString();
  return value as Json;
}

function checkCase(report: Report, fields: Fields): void {
  const codec = codecOf(CODECS, fields.text("type"));
  const hex = fields.text("hex");
  const value = report.roundTrip(codec, hex);
  if (fields.has("json")) {
    const json = parseJson(fields.text("json"));
    const given = codec.fromJson(json);
    report.equal("encoding of the JSON", encodeHex(codec, given), hex);
    report.equal("JSON again", codec.toJson(given), json);
    // a URL's credentials and query are in the JSON only
    if (codec !== peerUrl) report.equal("JSON of the encoding", codec.toJson(value), json);
  }
  if (fields.has("value")) report.equal("value", comparableValue(value), fields.json("value"));
  if (fields.has("display")) report.equal("display", formatAmount(value), fields.text("display"));
  if (fields.has("of")) report.equal("hash", sha256(fields.bytes("of")), hex);
  // the hex helper of a single Bitcoin txid shows it as Bitcoin does
  if (fields.has("consensus_encode_to_hex")) report.equal("shown", value, fields.text("consensus_encode_to_hex"));
}

function checkBackup(report: Report, fields: Fields): void {
  if (fields.text("type") === "ClientBackupSnapshot") {
    report.codecCase(clientBackupSnapshot, fields);
    return;
  }
  report.equal("type", "BackupRequest", fields.text("type"));
  const request = report.codecCase(backupRequest, fields);
  const secret = fields.bytes("secret_key");
  report.equal("id", publicKeyOf(secret), request.id);
  report.equal("digest", backupRequestHash(request), fields.text("digest"));
  const signed = signBackupRequest(request.payload, request.timestamp, secret, fields.bytes("aux_rand"));
  report.equal("request", encode(backupRequest, signed.request), fields.text("hex"));
  report.equal("signature", signed.signature, fields.text("signature"));
  report.json(signedBackupRequest, signed, fields.text("signed_json"));
  report.equal("verification", verifyBackupRequest(signed), true);
  const later = { ...request.timestamp, secsSinceEpoch: request.timestamp.secsSinceEpoch + 1n };
  report.equal(
    "verification of another time",
    verifyBackupRequest({ ...signed, request: { ...request, timestamp: later } }),
    false,
  );
  report.roundTrip(systemTime, encodeHex(systemTime, request.timestamp));
}

function checkFeerate(report: Report, fields: Fields): void {
  const rate = { satsPerKvb: fields.bigint("sats_per_kvb") }, weight = fields.bigint("weight");
  if (fields.has("vbytes")) report.equal("vbytes", vbytesOf(weight), fields.bigint("vbytes"));
  if (fields.has("fee_sats")) {
    report.equal("fee", checkedFee(rate, weight), fields.bigint("fee_sats"));
    report.equal("wrapping fee", wrappingFee(rate, weight), fields.bigint("fee_sats"));
  }
  if (fields.has("checked_fee")) report.equal("checked fee", checkedFee(rate, weight), fields.json("checked_fee"));
  if (fields.has("wrapping_fee_sats")) {
    report.equal("wrapping fee", wrappingFee(rate, weight), fields.bigint("wrapping_fee_sats"));
  }
}

function checkTransactionError(report: Report, fields: Fields, instances: Instances): void {
  const hex = fields.text("as_submission_outcome");
  const outcome = report.roundTrip(transactionSubmissionOutcome, hex);
  report.json(moduleEncoding(transactionSubmissionOutcome), outcome, fields.text("outcome_json"));
  report.equal("accepted", outcome.ok, fields.has("txid"));
  if (outcome.ok) return report.equal("txid", outcome.value, fields.text("txid"));
  report.equal("error", encodeHex(transactionError, outcome.error), fields.text("hex"));
  report.roundTrip(transactionError, fields.text("hex"));
  report.equal(
    "text",
    transactionErrorText(outcome.error, (kind, value) => moduleErrorText(instances, kind, value)),
    fields.text("text"),
  );
}

async function checkSessions(file: Fields, report: Report, instances: Instances): Promise<void> {
  const sessionKeys = file.object("session_keys");
  const publicKeys = sessionKeys.bytesList("broadcast_public_keys");
  const secretKeys = sessionKeys.bytesList("broadcast_secret_keys");
  const keys = new Map<number, Bytes>(publicKeys.entries());
  await report.one(sessionKeys, (fields) => {
    secretKeys.forEach((secret, i) => report.equal(`public key ${i}`, publicKeyOf(secret), publicKeys[i]));
    report.equal("encoded", encode(broadcastKeys, keys), fields.text("encoded"));
    report.roundTrip(broadcastKeys, fields.text("encoded"));
    report.equal("tag", keychainTag(publicKeys), fields.text("tag"));
  });
  await report.each(file, "sessions", (fields) => checkSession(report, fields, secretKeys));
  await report.each(file, "session_verifications", (fields) => checkVerification(report, fields, instances));
  await report.each(file, "session_statuses", (fields) => checkSessionStatus(report, fields));
}

export const checkTypes: Checker = async (file, report) => {
  const instances = file.json("module_instances") as Instances;
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "json_rejects", (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    const json = fields.text("json");
    return report.refused(json, () => codec.fromJson(parseJson(json)));
  });
  await report.each(file, "backups", (fields) => checkBackup(report, fields));
  await report.each(file, "dyn", (fields) => {
    const value = report.roundTrip(dyn, fields.text("hex"));
    const expected = fields.object("value");
    report.equal("instance", value.instance, expected.number("instance"));
    report.equal("body", value.body, expected.text("body"));
    const kind = dynKindOf(fields.text("type"));
    checkDyn(instances, kind, value);
  });
  await report.each(file, "dyn_rejects", (fields) => {
    const kind = dynKindOf(fields.text("type")), hex = fields.text("hex");
    return report.refused(hex, () => decodeDyn(instances, kind, decodeHex(dyn, hex)));
  });
  const known: KnownKeys = new Map();
  await report.each(file, "transactions", (fields) => {
    checkTransaction(report, fields, known);
    const tx = decodeHex(transaction, fields.text("hex"));
    for (const input of tx.inputs) checkDyn(instances, "input", input);
    for (const output of tx.outputs) checkDyn(instances, "output", output);
  });
  await report.each(file, "transaction_errors", (fields) => checkTransactionError(report, fields, instances));
  await report.each(file, "consensus_items", (fields) => checkConsensusItem(report, fields, instances));
  await checkSessions(file, report, instances);
  await report.each(file, "num_peers", (fields) => {
    const { maxEvil, oneHonest, threshold, degree } = numPeers(fields.number("total"));
    report.equal("max_evil", maxEvil, fields.number("max_evil"));
    report.equal("one_honest", oneHonest, fields.number("one_honest"));
    report.equal("threshold", threshold, fields.number("threshold"));
    report.equal("degree", degree, fields.number("degree"));
  });
  await report.each(file, "feerates", (fields) => checkFeerate(report, fields));
  await report.each(file, "amount_texts", async (fields) => {
    const input = fields.text("text");
    if (!fields.has("msats")) return await report.refused(input, () => parseAmount(input));
    const msat = parseAmount(input);
    report.equal("msats", msat, fields.bigint("msats"));
    report.equal("printed and read again", parseAmount(formatAmount(msat)), msat);
  });
};
