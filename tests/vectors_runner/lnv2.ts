/** `lnv2.json`: threshold encryption, Lightning contracts, invoices, gateways' JSON, fees, lnurl. */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import { bls, decodeScalar, ecdh, publicKeyOf, schnorrSign } from "../../core/crypto/mod.ts";
import { commitmentOf, evaluateScalars } from "../../core/crypto/polynomial.ts";
import {
  combineDecryptionShares,
  decryptionKeyOf,
  decryptionShare,
  decryptPreimage,
  encryptPreimage,
  verifyCiphertext,
  verifyDecryptionKey,
  verifyDecryptionShare,
} from "../../core/crypto/tpe.ts";
import type { AnyCodec } from "../../core/encoding/mod.ts";
import { decodeHex, decodeText, encode, encodeHex, encodeText, parseJson } from "../../core/encoding/mod.ts";
import { dyn, toDyn } from "../../core/types/dyn.ts";
import { bolt11Invoice } from "../../core/lightning/bolt11.ts";
import {
  lightningConsensusItem,
  lightningInput,
  lightningInputError,
  lightningInputV0,
  lightningOutput,
  lightningOutputError,
  lightningOutputOutcome,
  outgoingWitness,
} from "../../modules/lnv2/common.ts";
import type { LightningInputError, LightningOutputError } from "../../modules/lnv2/common.ts";
import { lightningConfig, lightningPrivateConfig } from "../../modules/lnv2/config.ts";
import {
  cipherText,
  commitment,
  commitmentHash,
  contractId,
  contractPreimage,
  feeEncodedExpiration,
  feeFromExpiration,
  incomingContract,
  incomingContractId,
  isDecryptionKeyOf,
  isDecryptionShareOf,
  isForfeitSignature,
  isGatewayResponse,
  isInvoiceAuth,
  isPreimageOf,
  isValidContract,
  makeIncomingContract,
  outgoingContract,
  outgoingContractId,
  paymentImage,
} from "../../modules/lnv2/contracts.ts";
import { inputErrorText, outputErrorText } from "../../modules/lnv2/error_text.ts";
import {
  addFee,
  feeConsensus,
  feeOf,
  formatPaymentFee,
  isWithin,
  parsePaymentFee,
  paymentFee,
  RECEIVE_FEE_LIMIT,
  SEND_FEE_LIMIT,
  subtractFee,
} from "../../modules/lnv2/fees.ts";
import {
  createBolt11InvoicePayload,
  invoiceDigest,
  lightningInvoice,
  routingInfo,
  sendParameters,
  sendPaymentPayload,
  sendPaymentResponse,
} from "../../modules/lnv2/gateway_api.ts";
import { lnurlRequest } from "../../modules/lnv2/lnurl.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

/** As the vectors' README says. */
const LNV2_INSTANCE = 0;

const CODECS: { readonly [type: string]: AnyCodec } = {
  LightningInput: lightningInput,
  LightningInputV0: lightningInputV0,
  LightningOutput: lightningOutput,
  LightningOutputOutcome: lightningOutputOutcome,
  LightningConsensusItem: lightningConsensusItem,
  LightningInputError: lightningInputError,
  LightningOutputError: lightningOutputError,
  LightningClientConfig: lightningConfig,
  LightningConfigConsensus: lightningConfig,
  LightningInvoice: lightningInvoice,
  OutgoingWitness: outgoingWitness,
  PaymentImage: paymentImage,
  CipherText: cipherText,
  RoutingInfo: routingInfo,
  CreateBolt11InvoicePayload: createBolt11InvoicePayload,
  SendPaymentPayload: sendPaymentPayload,
  "Result<[u8; 32], Signature>": sendPaymentResponse,
};

/** Keys that encrypt in this file, by the aggregate public key's hex. */
type KeySet = { readonly secrets: readonly Bytes[]; readonly shares: readonly Bytes[]; readonly threshold: number };
type KeySets = Map<string, KeySet>;

function point(fields: Fields, name: string): G1 {
  return bls.g1.decode(fields.bytes(name));
}

/** Combines the shares that the case names, in the order it names them. */
function combine(report: Report, fields: Fields, shares: readonly Bytes[]): G1 {
  const from = fields.list("combined_from_peers") as readonly number[];
  const chosen = new Map(from.map((peer) => [peer, bls.g1.decode(shares[peer]!)]));
  const key = combineDecryptionShares(chosen, from.length);
  report.equal("decryption key", key, fields.bytes("aggregate_decryption_key"));
  return key;
}

function checkTpe(report: Report, fields: Fields, keySets: KeySets): void {
  const coefficients = fields.bytesList("coefficients").map(decodeScalar);
  const secrets = fields.bytesList("secret_key_shares"), shares = fields.bytesList("public_key_shares");
  const aggregate = point(fields, "aggregate_public_key"), threshold = fields.number("threshold");
  keySets.set(toHex(aggregate), { secrets, shares, threshold });
  report.equal("threshold", coefficients.length, threshold);
  report.equal("aggregate key", commitmentOf(bls.g1, coefficients)[0], aggregate);
  secrets.forEach((secret, peer) => {
    report.equal("secret share", evaluateScalars(coefficients, peer), secret);
    report.equal("public share", bls.g1.multiply(bls.g1.generator, decodeScalar(secret)), shares[peer]!);
  });

  const seed = fields.bytes("encryption_seed"), preimage = fields.bytes("preimage");
  const bound = fields.bytes("commitment");
  const ciphertext = encryptPreimage(aggregate, seed, preimage, bound);
  report.equal("encrypted", ciphertext.encryptedPreimage, fields.bytes("encrypted_preimage"));
  report.equal("ephemeral key", ciphertext.pk, fields.bytes("ephemeral_public_key"));
  report.equal("ephemeral signature", ciphertext.signature, fields.bytes("ephemeral_signature"));
  report.equal("ciphertext", encode(cipherText, ciphertext), fields.bytes("ciphertext"));
  report.json(cipherText, report.roundTrip(cipherText, fields.text("ciphertext")), fields.text("ciphertext_json"));
  report.equal("ciphertext holds", verifyCiphertext(ciphertext, bound), true);

  const computed = secrets.map((secret) => decryptionShare(ciphertext, decodeScalar(secret)));
  report.equal("decryption shares", computed.map(toHex), fields.texts("decryption_shares"));
  computed.forEach((share, peer) => {
    const holds = verifyDecryptionShare(ciphertext, bound, share, bls.g1.decode(shares[peer]!));
    report.equal("share holds", holds, true);
  });
  const key = combine(report, fields, computed);
  report.equal("receiver's own key", decryptionKeyOf(aggregate, seed), key);
  report.equal("key holds", verifyDecryptionKey(ciphertext, bound, key, aggregate), true);
  report.equal("decrypted", decryptPreimage(ciphertext, key), preimage);
}

function checkTpeVerification(report: Report, fields: Fields): void {
  const ciphertext = decodeHex(cipherText, fields.text("ciphertext")), bound = fields.bytes("commitment");
  const valid = (): boolean => {
    switch (fields.text("kind")) {
      case "ciphertext":
        return verifyCiphertext(ciphertext, bound);
      case "decryption share":
        return verifyDecryptionShare(ciphertext, bound, point(fields, "share"), point(fields, "public_key_share"));
      case "aggregate decryption key": {
        const key = point(fields, "aggregate_decryption_key");
        report.equal("decrypts to", decryptPreimage(ciphertext, key), fields.bytes("decrypts_to"));
        return verifyDecryptionKey(ciphertext, bound, key, point(fields, "aggregate_public_key"));
      }
      default:
        throw new Mismatch(`Unknown kind ${fields.text("kind")}`);
    }
  };
  report.equal("valid", valid(), fields.bool("valid"));
}

function checkIncoming(report: Report, fields: Fields, keySets: KeySets): void {
  const contract = report.roundTrip(incomingContract, fields.text("contract"));
  report.equal("id", incomingContractId(contract), fields.text("contract_id"));
  report.equal("contract holds", isValidContract(contract), true);
  if (fields.has("decrypted_preimage")) {
    const key = point(fields, "aggregate_decryption_key");
    const preimage = contractPreimage(contract, key);
    report.equal("preimage", preimage && toHex(preimage), fields.json("decrypted_preimage"));
    return;
  }
  report.json(contractId, incomingContractId(contract), fields.text("contract_id_json"));
  report.json(incomingContract, contract, fields.text("contract_json"));
  const terms = report.roundTrip(commitment, fields.text("commitment"));
  report.json(commitment, terms, fields.text("commitment_json"));
  report.equal("commitment", encode(commitment, contract.commitment), fields.bytes("commitment"));
  report.equal("commitment's hash", commitmentHash(terms), fields.bytes("commitment_sha256"));
  report.equal("claim key", publicKeyOf(fields.bytes("claim_secret_key")), terms.claimPk);
  report.equal("refund key", publicKeyOf(fields.bytes("refund_secret_key")), terms.refundPk);
  report.equal("ephemeral key", publicKeyOf(fields.bytes("ephemeral_secret_key")), terms.ephemeralPk);

  const aggregate = point(fields, "aggregate_public_key");
  const seed = fields.bytes("encryption_seed"), preimage = fields.bytes("preimage");
  const made = makeIncomingContract(terms, aggregate, seed, preimage);
  report.equal("made from its parts", encode(incomingContract, made), fields.bytes("contract"));
  const keys = keySets.get(toHex(aggregate));
  if (!keys) throw new Mismatch("The contract is encrypted to keys that the list 'tpe' doesn't have");
  const shares = keys.secrets.map((secret) => decryptionShare(contract.ciphertext, decodeScalar(secret)));
  report.equal("decryption shares", shares.map(toHex), fields.texts("decryption_shares"));
  shares.forEach((share, peer) =>
    report.equal("share holds", isDecryptionShareOf(contract, share, bls.g1.decode(keys.shares[peer]!)), true)
  );
  const key = combine(report, fields, shares);
  report.equal("receiver's own key", decryptionKeyOf(aggregate, seed), key);
  report.equal("key holds", isDecryptionKeyOf(contract, key, aggregate), true);
  report.equal("decrypted", contractPreimage(contract, key), preimage);
}

function checkOutgoing(report: Report, fields: Fields): void {
  const contract = report.roundTrip(outgoingContract, fields.text("contract"));
  report.json(outgoingContract, contract, fields.text("contract_json"));
  const id = outgoingContractId(contract);
  report.equal("id", id, fields.text("contract_id"));
  report.equal("forfeit message", id, fields.text("forfeit_message"));
  const claim = fields.bytes("claim_secret_key"), refund = fields.bytes("refund_secret_key");
  report.equal("claim key", publicKeyOf(claim), contract.claimPk);
  report.equal("refund key", publicKeyOf(refund), contract.refundPk);
  report.equal("ephemeral key", publicKeyOf(fields.bytes("ephemeral_secret_key")), contract.ephemeralPk);

  const preimage = fields.bytes("preimage");
  report.equal("preimage fits", isPreimageOf(contract.paymentImage, preimage), true);
  report.equal("response", isGatewayResponse(contract, { ok: true, value: preimage }), true);
  const forfeit = schnorrSign(fromHex(id), claim, fields.bytes("forfeit_aux_rand"));
  report.equal("forfeit signature", forfeit, fields.bytes("forfeit_signature"));
  report.equal("forfeits", isForfeitSignature(contract, forfeit), true);
  report.equal("response", isGatewayResponse(contract, { ok: false, error: forfeit }), true);
  const message = fields.bytes("invoice_auth_message");
  const auth = schnorrSign(message, refund, fields.bytes("invoice_auth_aux_rand"));
  report.equal("invoice auth", auth, fields.bytes("invoice_auth_signature"));
  report.equal("authorises", isInvoiceAuth(contract, message, auth), true);
  report.equal("keys are not mixed up", isForfeitSignature(contract, auth), false);
}

function errorTextOf(type: string, error: unknown): string {
  if (type === "LightningInputError") return inputErrorText(error as LightningInputError);
  if (type === "LightningOutputError") return outputErrorText(error as LightningOutputError);
  throw new Mismatch(`${type} has no text`);
}

function checkCase(report: Report, fields: Fields): void {
  const type = fields.text("type");
  if (type === "LightningConfigPrivate") {
    const json = parseJson(fields.text("json"));
    report.equal("private", lightningPrivateConfig.toJson(lightningPrivateConfig.fromJson(json)), json);
    return;
  }
  const codec = codecOf(CODECS, type);
  const value = report.codecCase(codec, fields);
  if (fields.has("value")) report.equal("text", errorTextOf(type, value), fields.text("value"));
  if (fields.has("dyn")) {
    report.equal("dyn", encodeHex(dyn, toDyn(LNV2_INSTANCE, codec, value)), fields.text("dyn"));
    report.roundTrip(dyn, fields.text("dyn"));
  }
}

function checkInvoice(report: Report, fields: Fields): void {
  const invoice = report.codecCase(codecOf(CODECS, fields.text("type")), fields) as ReturnType<
    typeof lightningInvoice.fromJson
  >;
  const { value } = invoice;
  report.equal("text", value.text, fields.text("invoice"));
  report.equal("alone", encode(bolt11Invoice, value), fields.bytes("bolt11_hex"));
  report.equal("hash", sha256(encode(lightningInvoice, invoice)), fields.bytes("consensus_sha256"));
  report.equal("digest to sign", invoiceDigest(invoice), fields.bytes("consensus_sha256"));
  report.equal("amount", value.amountMsat, fields.json("amount_msats"));
  report.equal("expiry", value.expirySecs, fields.bigint("expiry_secs"));
  report.equal("CLTV delta", value.minFinalCltvExpiryDelta, fields.bigint("min_final_cltv_expiry_delta"));
  report.equal("payee", value.payee, fields.bytes("payee"));
  report.equal("payment hash", value.paymentHash, fields.text("payment_hash"));
  report.equal("timestamp", value.timestamp, fields.bigint("timestamp"));
}

function checkGatewayJson(report: Report, fields: Fields): void {
  const type = fields.text("type");
  const codec = codecOf(CODECS, type);
  const json = parseJson(fields.text("json"));
  const value = codec.fromJson(json);
  const written = fields.has("read_back") ? parseJson(fields.text("read_back")) : json;
  report.equal("written again", codec.toJson(value), written);
  if (type !== "RoutingInfo") return;
  const swap = sendParameters(value, { payee: value.lightningPublicKey });
  report.equal("fee of a swap", swap.fee, value.sendFeeMinimum);
  const payment = sendParameters(value, { payee: publicKeyOf(new Uint8Array(32).fill(1)) });
  report.equal("delta of a payment", payment.expirationDelta, value.expirationDeltaDefault);
}

function checkPaymentFee(report: Report, fields: Fields): void {
  const fee = report.codecCase(paymentFee, fields);
  report.equal("text", formatPaymentFee(fee), fields.text("display"));
  report.equal("from text", parsePaymentFee(fields.text("display")), fee);
  report.equal("within send limit", isWithin(fee, SEND_FEE_LIMIT), fields.bool("within_send_limit"));
  report.equal("within receive limit", isWithin(fee, RECEIVE_FEE_LIMIT), fields.bool("within_receive_limit"));
  for (const amount of fields.objects("amounts")) {
    const value = amount.bigint("msats");
    report.equal("fee", feeOf(fee, value), amount.bigint("fee"));
    report.equal("added", addFee(fee, value), amount.bigint("add_to"));
    report.equal("subtracted", subtractFee(fee, value), amount.bigint("subtract_from"));
  }
}

async function checkFees(file: Fields, report: Report): Promise<void> {
  await report.each(file, "module_fees", (fields) => {
    const fees = feeConsensus.fromJson({
      base: fields.json("base_msats"),
      parts_per_million: fields.json("parts_per_million"),
    });
    report.equal("fee", feeOf(fees, fields.bigint("amount_msats")), fields.bigint("fee_msats"));
  });
  await report.each(file, "payment_fees", (fields) => checkPaymentFee(report, fields));
  await report.each(file, "payment_fee_texts", async (fields) => {
    const text = fields.text("text");
    if (!fields.has("base_msats")) return await report.refused(text, () => parsePaymentFee(text));
    const { base, partsPerMillion } = parsePaymentFee(text);
    report.equal("base", base, fields.bigint("base_msats"));
    report.equal("rate", partsPerMillion, fields.bigint("parts_per_million"));
  });
  await report.each(file, "fee_encoded_expirations", (fields) => {
    const fee = fields.bigint("fee_msats"), expiration = fields.bigint("expiration");
    report.equal("expiration", feeEncodedExpiration(fee), expiration);
    report.equal("fee", feeFromExpiration(expiration), fee);
  });
}

export const checkLnv2: Checker = async (file, report) => {
  const keySets: KeySets = new Map();
  await report.each(file, "tpe", (fields) => checkTpe(report, fields, keySets));
  await report.each(file, "tpe_verifications", (fields) => checkTpeVerification(report, fields));
  await report.each(file, "contracts", (fields) => {
    if (fields.text("kind").startsWith("incoming")) checkIncoming(report, fields, keySets);
    else checkOutgoing(report, fields);
  });
  await report.each(file, "cases", (fields) => checkCase(report, fields));
  await report.each(file, "invoices", (fields) => checkInvoice(report, fields));
  await report.each(file, "gateway_json", (fields) => checkGatewayJson(report, fields));
  await checkFees(file, report);
  await report.each(file, "ecdh", (fields) => {
    const secret = ecdh(fields.bytes("secret_key"), fields.bytes("public_key"));
    report.equal("shared secret", secret, fields.bytes("shared_secret"));
  });
  await report.each(file, "lnurl", (fields) => {
    const request = report.codecCase(lnurlRequest, fields);
    report.equal("text", encodeText(lnurlRequest, request), fields.text("text"));
    report.equal("from text", encode(lnurlRequest, decodeText(lnurlRequest, fields.text("text"))), fields.bytes("hex"));
  });
  await report.each(file, "rejects", async (fields) => {
    const codec = codecOf(CODECS, fields.text("type"));
    await report.refused(fields.text("hex"), () => decodeHex(codec, fields.text("hex")));
  });
};
