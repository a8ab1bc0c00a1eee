/** `ln.json`: the first Lightning module: threshold encryption, contracts, invoices, gateways, votes, guardians. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { concat, equalBytes, fromHex, toHex } from "../../core/bytes.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import { bls, decodeScalar, DerivableSecret, evaluatePoints, publicKeyOf, schnorrSign } from "../../core/crypto/mod.ts";
import type { ThresholdCiphertext } from "../../core/crypto/threshold_crypto.ts";
import { decrypt, encrypt, shareOf, ThresholdCiphertexts } from "../../core/crypto/threshold_crypto.ts";
import type { AnyCodec } from "../../core/encoding/mod.ts";
import {
  decode,
  decodeHex,
  encode,
  encodeHex,
  hexBytes,
  isJsonObject,
  list,
  moduleEncoding,
  parseJson,
  text,
} from "../../core/encoding/mod.ts";
import { bolt11Invoice, parseBolt11 } from "../../core/lightning/bolt11.ts";
import { writeBolt11 } from "../../core/lightning/bolt11_write.ts";
import { routeHint, routingFees } from "../../core/lightning/route_hint.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { systemTime } from "../../core/types/duration.ts";
import { jsonWithKind } from "../../core/types/json_with_kind.ts";
import { serverModuleConsensusConfig } from "../../core/types/server_config.ts";
import {
  invoicePublicKey,
  invoiceSecretKey,
  paymentCodeId,
  paymentCodeKey,
  payOperationId,
  preimageAuth,
  preimageAuthKey,
  receiveOperationId,
  redeemKey,
} from "../../modules/ln/client/keys.ts";
import type { LnEvent } from "../../modules/ln/client/operation_log.ts";
import { lnEvents, operationMeta } from "../../modules/ln/client/operation_log.ts";
import { lnPayState, lnReceiveState, payType } from "../../modules/ln/client/shown.ts";
import { timelockOf } from "../../modules/ln/client/timelock.ts";
import {
  LN_CONSENSUS_VERSION,
  LN_ENDPOINTS,
  LN_KIND,
  lnConsensusItem,
  lnInput,
  lnInputError,
  lnOutput,
  lnOutputError,
  lnOutputOutcome,
} from "../../modules/ln/common.ts";
import { clientConfigOf, federationKey, lnClientConfig, lnConfig, lnPrivateConfig } from "../../modules/ln/config.ts";
import {
  cancellationMessage,
  contract,
  contractAccount,
  decryptedPreimage,
  decryptedPreimageStatus,
  incomingContract,
  incomingContractAccount,
  incomingContractOffer,
  isCancellation,
  isPreimageOf,
  judgeDecrypted,
  outgoingContract,
  outgoingContractId,
  paymentHashOfKey,
  preimageOfKey,
  storedAccount,
} from "../../modules/ln/contracts.ts";
import { inputErrorText, outputErrorText } from "../../modules/ln/error_text.ts";
import { gatewayFeeMsat } from "../../modules/ln/fees.ts";
import { GATEWAY_ROUTES, payInvoicePayload, pruned, prunedInvoice } from "../../modules/ln/gateway_api.ts";
import {
  gatewayAnnouncement,
  gatewayRegistration,
  isProofValid,
  lightningGateway,
  registrationMessage,
  removalChallenge,
  removalMessage,
  removeGatewayRequest,
} from "../../modules/ln/gateways.ts";
import { validateLn } from "../../modules/ln/server/generation.ts";
import { publicKeySet, thresholdCiphertext, thresholdShare } from "../../modules/ln/threshold_codecs.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";
import { checkFederation, checkVotes, LN_INSTANCE } from "./ln_guardians.ts";

const CODECS: { readonly [type: string]: AnyCodec } = {
  LightningInput: lnInput,
  LightningOutput: lnOutput,
  LightningOutputOutcome: lnOutputOutcome,
  LightningConsensusItem: lnConsensusItem,
  LightningInputError: lnInputError,
  LightningOutputError: lnOutputError,
  LightningConfigConsensus: lnConfig,
  LightningClientConfig: lnClientConfig,
  DecryptedPreimage: decryptedPreimage,
  DecryptedPreimageStatus: decryptedPreimageStatus,
  ContractAccount: contractAccount,
  IncomingContractAccount: incomingContractAccount,
  Contract: contract,
  OutgoingContract: outgoingContract,
  Ciphertext: thresholdCiphertext,
  PublicKeySet: publicKeySet,
  PreimageDecryptionShare: thresholdShare,
  Bolt11Invoice: bolt11Invoice,
  LightningGatewayRegistration: gatewayRegistration,
};

const ciphertexts = new ThresholdCiphertexts();

function point(hex: string): G1 {
  return bls.g1.decode(fromHex(hex));
}

/** The shares that the case names, by peer. */
function chosen(fields: Fields, shares: readonly string[]): Map<number, G1> {
  const from = fields.list("combined_from_peers") as readonly number[];
  return new Map(from.map((peer) => [peer, point(shares[peer]!)]));
}

function checkThresholdCrypto(report: Report, fields: Fields): void {
  const keys = report.roundTrip(publicKeySet, fields.text("public_key_set"));
  const threshold = fields.number("threshold"), publicShares = fields.texts("public_key_shares");
  report.equal("threshold", keys.length, threshold);
  report.equal("public key", keys[0]!, fields.bytes("public_key"));
  report.equal("guardians", publicShares.length, fields.number("peers"));
  report.equal("public shares", publicShares.map((_, peer) => toHex(evaluatePoints(bls.g1, keys, peer))), publicShares);
  const message = fields.bytes("message");
  const made = encrypt(keys[0]!, message, decodeScalar(fields.bytes("random_scalar")));
  report.equal("U", made.u, fields.bytes("u"));
  report.equal("V", made.v, fields.bytes("v"));
  report.equal("W", made.w, fields.bytes("w"));
  report.equal("ciphertext", encode(thresholdCiphertext, made), fields.bytes("ciphertext"));
  const read = report.roundTrip(thresholdCiphertext, fields.text("ciphertext"));
  const written = fields.json("ciphertext_json"), share = fields.json("decryption_share_json");
  if (typeof written === "string") report.json(thresholdCiphertext, read, written);
  report.equal("ciphertext holds", ciphertexts.isValid(made), true);
  const shares = fields.bytesList("secret_key_shares").map((secret) => shareOf(made, decodeScalar(secret)));
  report.equal("shares", shares.map(toHex), fields.texts("decryption_shares"));
  if (typeof share === "string") report.json(thresholdShare, shares[0]!, share);
  shares.forEach((share, peer) =>
    report.equal("share holds", ciphertexts.isShareOf(made, share, evaluatePoints(bls.g1, keys, peer)), true)
  );
  const decrypted = decrypt(made, chosen(fields, shares.map(toHex)), threshold);
  report.equal("decrypted", decrypted, fields.bytes("decrypted"));
  report.equal("decrypted to the message", decrypted, message);
}

async function checkVerification(report: Report, fields: Fields): Promise<void> {
  const ciphertext: ThresholdCiphertext = decodeHex(thresholdCiphertext, fields.text("ciphertext"));
  switch (fields.text("kind")) {
    case "share": {
      fields.ignore("the public share is that of this peer", "peer");
      const share = point(fields.text("share")), key = point(fields.text("public_key_share"));
      report.equal("valid", ciphertexts.isShareOf(ciphertext, share, key), fields.bool("valid"));
      return;
    }
    case "ciphertext":
      report.equal("valid", ciphertexts.isValid(ciphertext), fields.bool("valid"));
      report.equal("a guardian makes a share", ciphertexts.isValid(ciphertext), fields.bool("share_is_made"));
      return;
    case "combination": {
      // all keys of these cases need three guardians
      const attempt = () => decrypt(ciphertext, chosen(fields, fields.texts("shares")), 3);
      if (fields.json("decrypted") === null) return await report.refused("too few shares", attempt);
      report.equal("decrypted", attempt(), fields.bytes("decrypted"));
      return;
    }
    default:
      throw new Mismatch(`Unknown kind ${fields.text("kind")}`);
  }
}

/** An input that takes all of a contract. */
function checkSpending(
  report: Report,
  fields: Fields,
  name: string,
  id: string,
  amount: bigint,
  witness: Bytes | null,
) {
  const input = { contractId: id, amount, witness };
  report.equal(name, encodeHex(lnInput, { tag: "V0", value: input }), fields.text(name));
}

function checkOutgoing(report: Report, fields: Fields): void {
  const terms = report.roundTrip(outgoingContract, fields.text("contract"));
  report.json(outgoingContract, terms, fields.text("contract_json"));
  const id = outgoingContractId(terms), gateway = fields.bytes("gateway_secret_key");
  report.equal("id", id, fields.text("contract_id"));
  report.equal("gateway's key", publicKeyOf(gateway), terms.gatewayKey);
  report.equal("user's key", publicKeyOf(fields.bytes("user_secret_key")), terms.userKey);
  const cancelled = report.roundTrip(outgoingContract, fields.text("cancelled_contract"));
  report.equal(
    "cancelled",
    encodeHex(outgoingContract, { ...terms, cancelled: true }),
    fields.text("cancelled_contract"),
  );
  report.equal("id stays", outgoingContractId(cancelled), fields.text("cancelled_contract_id"));
  const message = cancellationMessage(id);
  report.equal("message", message, fields.bytes("cancellation_message"));
  const signature = schnorrSign(message, gateway, fields.bytes("cancellation_aux_rand"));
  report.equal("signature", signature, fields.bytes("cancellation_signature"));
  report.equal("cancels", isCancellation(terms, signature), true);
  const amount = fields.bigint("amount_msats"), preimage = fields.bytes("preimage");
  report.equal("preimage fits", isPreimageOf(terms.hash, preimage), true);
  checkSpending(report, fields, "claim_input", id, amount, preimage);
  checkSpending(report, fields, "refund_input", id, amount, null);
}

function checkIncoming(report: Report, fields: Fields): void {
  const terms = report.roundTrip(incomingContract, fields.text("contract"));
  report.json(incomingContract, terms, fields.text("contract_json"));
  const offer = report.roundTrip(incomingContractOffer, fields.text("offer"));
  report.json(incomingContractOffer, offer, fields.text("offer_json"));
  for (const name of ["contract_id", "offer_id", "payment_hash"]) {
    report.equal(name, terms.hash, fields.text(name));
    report.equal(name, offer.hash, fields.text(name));
  }
  report.equal("gateway's key", publicKeyOf(fields.bytes("gateway_secret_key")), terms.gatewayKey);
  const key = publicKeyOf(fields.bytes("receiver_secret_key"));
  report.equal("preimage's key", key, fields.bytes("preimage_key"));
  report.equal("preimage", preimageOfKey(key), fields.bytes("preimage"));
  report.equal("payment hash", paymentHashOfKey(key), fields.text("payment_hash"));
  const plaintext = fields.bytes("plaintext");
  const made = encrypt(point(fields.text("public_key")), plaintext, decodeScalar(fields.bytes("random_scalar")));
  report.equal("encrypted", encode(thresholdCiphertext, made), fields.bytes("encrypted_preimage"));
  report.equal(
    "in the contract",
    encode(thresholdCiphertext, terms.encryptedPreimage),
    fields.bytes("encrypted_preimage"),
  );
  const hash = sha256(encode(thresholdCiphertext, offer.encryptedPreimage));
  report.equal("hash of the ciphertext", hash, fields.bytes("encrypted_preimage_sha256"));
  const shares = chosen(fields, fields.texts("decryption_shares"));
  const decrypted = decrypt(terms.encryptedPreimage, shares, shares.size);
  report.equal("decrypted", decrypted, fields.bytes("decrypted"));
  const judged = judgeDecrypted(terms.hash, decrypted);
  report.equal("judged", judged.tag, equalBytes(plaintext, key) ? "Some" : "Invalid");
  checkSpending(report, fields, "claim_input", terms.hash, offer.amount, null);
}

function checkCase(report: Report, fields: Fields): void {
  const codec = codecOf(CODECS, fields.text("type"));
  const value = report.codecCase(codec, fields);
  if (codec === contractAccount) report.equal("stored", encodeHex(storedAccount, value), fields.text("hex"));
  if (fields.has("value")) {
    const said = codec === lnInputError ? inputErrorText(value) : outputErrorText(value);
    report.equal("text", said, fields.text("value"));
  }
  if (!fields.has("dyn")) return;
  const wrapped = toDyn(LN_INSTANCE, codec, value);
  report.equal("dyn", encodeHex(dyn, wrapped), fields.text("dyn"));
  report.roundTrip(dyn, fields.text("dyn"));
  if (fields.has("api_json")) {
    report.equal("as it is told", moduleEncoding(dyn).toJson(wrapped), parseJson(fields.text("api_json")));
  }
}

function checkWholeConfig(report: Report, fields: Fields): void {
  const json = parseJson(fields.text("json"));
  if (!isJsonObject(json)) throw new Mismatch("The config is not an object");
  const { kind, value } = jsonWithKind.fromJson(json.private!);
  const own = lnPrivateConfig.fromJson(value);
  report.equal("private", jsonWithKind.toJson({ kind, value: lnPrivateConfig.toJson(own) }), json.private);
  const consensus = serverModuleConsensusConfig.fromJson(json.consensus!);
  const { config, ...header } = consensus;
  report.equal("header", header, { kind: LN_KIND, version: LN_CONSENSUS_VERSION });
  const decoded = decode(lnConfig, config);
  report.equal("config encoded again", encode(lnConfig, decoded), config);
  report.equal("consensus", serverModuleConsensusConfig.toJson(consensus), json.consensus);
  report.equal("own share fits", validateLn(decoded, own, 0), { ok: true, value: null });
  report.equal("another's doesn't", validateLn(decoded, own, 1).ok, false);
}

function checkConfig(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "ServerModuleConfig") return checkWholeConfig(report, fields);
  if (type === "LightningConfigPrivate") {
    const json = parseJson(fields.text("json"));
    report.equal("private", lnPrivateConfig.toJson(lnPrivateConfig.fromJson(json)), json);
    return;
  }
  const value = report.codecCase(codecOf(CODECS, type), fields);
  if (type !== "LightningConfigConsensus") return;
  if (fields.has("threshold")) {
    report.equal("threshold", value.thresholdPubKeys.length, fields.number("threshold"));
  }
  report.equal("what clients get", clientConfigOf(value).thresholdPubKey, federationKey(value));
}

function checkRoutingFees(report: Report, fields: Fields): void {
  const fees = report.roundTrip(routingFees, fields.text("hex"));
  report.equal("base", fees.baseMsat, fields.number("base_msat"));
  report.equal("rate", fees.proportionalMillionths, fields.number("proportional_millionths"));
  for (const amount of fields.objects("amounts")) {
    report.equal("fee", gatewayFeeMsat(fees, amount.bigint("msats")), amount.bigint("fee"));
  }
}

/** Everything up to the signature, which only the payee can make. */
function unsignedText(invoice: string): string {
  return invoice.slice(0, -(104 + 6));
}

function checkInvoice(report: Report, fields: Fields): void {
  const invoice = parseBolt11(fields.text("invoice"));
  report.equal("encoded", encodeHex(text, invoice.text), fields.text("hex"));
  report.equal("payee", invoice.payee, fields.bytes("payee"));
  report.equal("payment hash", invoice.paymentHash, fields.text("payment_hash"));
  report.equal("hints", invoice.routeHints.length, fields.list("route_hints").length);
  fields.texts("route_hints").forEach((hex, i) => {
    // channels' bounds on amounts don't stand in invoices
    const given = report.roundTrip(routeHint, hex).map((hop) => ({
      ...hop,
      htlcMinimumMsat: null,
      htlcMaximumMsat: null,
    }));
    report.equal(
      "hint",
      encodeHex(list(routeHint), [[...invoice.routeHints[i]!]]),
      encodeHex(list(routeHint), [given]),
    );
  });
  checkPruned(report, fields);
  const { text: _, payee, ...terms } = invoice;
  const secret = new Uint8Array(32).fill(7);
  const written = writeBolt11(terms, secret);
  const ours = toHex(publicKeyOf(secret)), theirs = toHex(payee);
  // the field that names the payee differs, and nothing else does
  report.equal("written again", unsignedText(written).length, unsignedText(invoice.text).length);
  report.equal("as it was read", { ...parseBolt11(written), text: "", payee: ours }, {
    ...invoice,
    text: "",
    payee: ours,
  });
  report.equal("payee differs", ours === theirs, false);
}

function checkPruned(report: Report, fields: Fields): void {
  const made = pruned(parseBolt11(fields.text("invoice")));
  if (fields.json("pruned") === null) {
    report.equal("not prunable", made, null);
    report.equal("not prunable", null, fields.json("pruned_json"));
    return;
  }
  const given = report.roundTrip(prunedInvoice, fields.text("pruned"));
  report.json(prunedInvoice, given, fields.text("pruned_json"));
  // as above
  const hints = given.routeHints.map((hops) =>
    hops.map((hop) => ({ ...hop, htlcMinimumMsat: null, htlcMaximumMsat: null }))
  );
  report.equal("pruned", encodeHex(prunedInvoice, made!), encodeHex(prunedInvoice, { ...given, routeHints: hints }));
}

function checkGateway(report: Report, fields: Fields): void {
  const info = report.roundTrip(lightningGateway, fields.text("info"));
  report.json(lightningGateway, info, fields.text("info_json"));
  const secret = fields.bytes("gateway_secret_key"), key = point(fields.text("federation_public_key"));
  report.equal("id", publicKeyOf(secret), info.gatewayId);
  const nonce = fields.bigint("nonce"), message = registrationMessage(key, nonce, info);
  report.equal("message", message, fields.bytes("registration_message"));
  const signature = schnorrSign(message, secret, fields.bytes("registration_aux_rand"));
  report.equal("signature", signature, fields.bytes("registration_signature"));

  const read = (name: string) => {
    const json = parseJson(fields.text(name));
    const announcement = gatewayAnnouncement.fromJson(json);
    report.equal(name, gatewayAnnouncement.toJson(announcement), json);
    return announcement;
  };
  const plain = read("announcement_json"), signed = read("signed_announcement_json");
  report.equal("unsigned", isProofValid(key, plain), true);
  report.equal("signed", isProofValid(key, signed), true);
  report.equal("its signature", signed.auth!.signature, signature);
  report.equal("forged", isProofValid(key, read("forged_announcement_json")), false);

  const registration = report.roundTrip(gatewayRegistration, fields.text("registration"));
  report.json(gatewayRegistration, registration, fields.text("registration_json"));
  const challenge = fields.object("remove_challenge"), value = removalChallenge(registration);
  challenge.ignore("says how it was computed", "computed_by");
  report.equal("challenge", value, challenge.text("challenge"));
  const preimage = concat(info.gatewayId, encode(systemTime, registration.validUntil));
  report.equal("challenge's preimage", preimage, challenge.bytes("preimage"));
  const json = parseJson(fields.text("remove_request_json"));
  const request = removeGatewayRequest.fromJson(json);
  report.equal("request", removeGatewayRequest.toJson(request), json);
  report.equal("request's gateway", request.gatewayId, info.gatewayId);
  for (const removal of fields.objects("removals")) {
    const peer = removal.number("peer"), toSign = removalMessage(key, peer, value);
    report.equal("message", toSign, removal.bytes("message"));
    const made = schnorrSign(toSign, secret, removal.bytes("aux_rand"));
    report.equal("signature", made, removal.bytes("signature"));
    report.equal("in the request", request.signatures.get(peer)!, made);
  }
}

function checkDerivation(report: Report, fields: Fields): void {
  fields.ignore("says how it was computed", "computed_by");
  const secret = DerivableSecret.fromBytes(fields.bytes("module_secret"));
  if (fields.has("code_secret_key")) return checkPaymentCode(report, fields, secret);
  const root = DerivableSecret.fromBytes(fields.bytes("client_root"));
  report.equal("module's secret", root.child(0).child(fields.number("module_instance")).toBytes(), secret.toBytes());
  const hash = fields.text("payment_hash") as Sha256;
  report.equal("redeem key", redeemKey(secret), fields.bytes("redeem_secret_key"));
  report.equal("auth key", preimageAuthKey(secret), fields.bytes("preimage_auth_secret_key"));
  report.equal("auth", preimageAuth(secret, hash), fields.text("preimage_auth"));
  report.equal("recurring", secret.child(2).toBytes(), fields.bytes("recurring_secret"));
  report.equal("receive", receiveOperationId(hash), fields.text("receive_operation_id"));
  for (const pay of fields.objects("pay_operation_ids")) {
    report.equal("pay", payOperationId(hash, pay.number("index")), pay.text("id"));
  }
}

function checkPaymentCode(report: Report, fields: Fields, secret: DerivableSecret): void {
  const code = paymentCodeKey(secret, fields.number("recurring_code_index")), publicKey = publicKeyOf(code);
  report.equal("code's key", code, fields.bytes("code_secret_key"));
  report.equal("code's public key", publicKey, fields.bytes("code_public_key"));
  report.equal("code's id", paymentCodeId(publicKey), parseJson(fields.text("payment_code_id")));
  for (const key of fields.objects("invoice_keys")) {
    const index = key.bigint("invoice_index");
    report.equal("invoice's key", invoicePublicKey(publicKey, index), key.bytes("public_key"));
    report.equal("its secret", invoiceSecretKey(code, index), key.bytes("secret_key"));
  }
}

function checkJson(report: Report, codec: Pick<AnyCodec, "toJson" | "fromJson">, written: string): void {
  const json = parseJson(written);
  report.equal("written again", codec.toJson(codec.fromJson(json)), json);
}

function checkTimelock(report: Report, fields: Fields): void {
  fields.ignore("says how it was computed", "computed_by");
  const delta = fields.bigint("min_final_cltv_expiry_delta");
  const timelock = timelockOf(fields.bigint("consensus_block_count"), delta);
  report.equal("timelock", timelock === null ? null : Number(timelock), fields.json("timelock"));
}

const SHOWN: { readonly [type: string]: AnyCodec } = {
  LnPayState: lnPayState,
  LnReceiveState: lnReceiveState,
  PayType: payType,
};

const PARAMS: { readonly [endpoint: string]: "hex" | "number" | "null" } = {
  account: "hex",
  offer: "hex",
  await_block_height: "number",
  remove_gateway_challenge: "hex",
  list_gateways: "null",
};

function checkApi(report: Report, fields: Fields): void {
  const endpoint = fields.text("endpoint"), params = parseJson(fields.text("params"));
  report.equal("known", (LN_ENDPOINTS as readonly string[]).includes(endpoint), true);
  const form = params === null ? "null" : typeof params === "number" ? "number" : "hex";
  report.equal("form", form, PARAMS[endpoint]);
  if (form === "hex") report.equal("hex", hexBytes.toJson(fromHex(params as string)), params);
  report.equal("request", { auth: null, params }, parseJson(fields.text("request")));
}

export const checkLn: Checker = async (file, report) => {
  report.equal("instance", LN_INSTANCE, file.number("module_instance"));
  await report.each(file, "threshold_crypto", (fields) => checkThresholdCrypto(report, fields));
  await report.each(file, "verifications", (fields) => checkVerification(report, fields));
  await report.each(file, "contracts", (fields) => {
    if (fields.text("kind").startsWith("incoming")) checkIncoming(report, fields);
    else checkOutgoing(report, fields);
  });
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "configs", (fields) => checkConfig(report, fields));
  await report.each(file, "routing_fees", (fields) => checkRoutingFees(report, fields));
  await report.each(file, "invoices", (fields) => checkInvoice(report, fields));
  await report.each(file, "gateways", (fields) => checkGateway(report, fields));
  await report.each(file, "gateway_api", (fields) => {
    const route = fields.text("route");
    report.equal("route", route, GATEWAY_ROUTES.payInvoice);
    checkJson(report, payInvoicePayload, fields.text("json"));
  });
  await report.each(file, "derivations", (fields) => checkDerivation(report, fields));
  await report.each(file, "timelocks", (fields) => checkTimelock(report, fields));
  await report.each(file, "operation_meta", (fields) => {
    report.equal("type", fields.text("type"), "LightningOperationMeta");
    checkJson(report, operationMeta, fields.text("json"));
  });
  await report.each(file, "events", (fields) => {
    report.equal("module", fields.text("module_kind"), LN_KIND);
    report.equal("persistence", fields.text("persistence"), "persistent");
    checkJson(report, codecOf(lnEvents, fields.text("kind") as LnEvent), fields.text("json"));
  });
  await report.each(file, "states", (fields) => {
    checkJson(report, codecOf(SHOWN, fields.text("type")), fields.text("json"));
  });
  await report.each(file, "api", (fields) => checkApi(report, fields));
  await report.each(file, "rejects", async (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    await report.refused(fields.text("hex"), () => decodeHex(codec, fields.text("hex")));
  });
  await report.each(file, "votes", (fields) => checkVotes(report, fields));
  await report.each(file, "federations", (fields) => checkFederation(report, fields));
};
