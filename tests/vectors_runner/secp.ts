/** `secp.json`: Schnorr and ECDSA signatures, and everything that guardians and clients sign with them. */
import { toHex } from "../../core/bytes.ts";
import {
  alephHash,
  ecdsaFromDer,
  ecdsaSign,
  ecdsaToDer,
  ecdsaVerify,
  keychainDigest,
  keychainSign,
  keychainTag,
  keychainVerifier,
  publicKeyOf,
  schnorrSign,
  schnorrVerify,
  xOnlyOf,
} from "../../core/crypto/mod.ts";
import { encode, encodeHex, parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import {
  apiAnnouncement,
  apiAnnouncementHash,
  apiAnnouncementSubmission,
  signApiAnnouncement,
  signedApiAnnouncement,
  verifyApiAnnouncement,
} from "../../core/types/api_announcement.ts";
import {
  guardianMetadata,
  guardianMetadataHash,
  signedGuardianMetadata,
  signGuardianMetadata,
  verifyGuardianMetadata,
} from "../../core/types/guardian_metadata.ts";
import { ecdsaSignature, publicKey, schnorrSignature, secretKey, xOnlyPublicKey } from "../../core/types/keys.ts";
import { parseSafeUrl } from "../../core/types/safe_url.ts";
import type { Checker, Report } from "./checker.ts";
import type { Fields } from "./fields.ts";
import type { KnownKeys } from "./transactions.ts";
import { checkTransaction } from "./transactions.ts";

function checkSchnorr(report: Report, fields: Fields): void {
  const digest = fields.bytes("digest"), key = fields.bytes("public_key"), signature = fields.bytes("signature");
  const valid = fields.bool("valid");
  report.roundTrip(publicKey, toHex(key));
  report.roundTrip(xOnlyPublicKey, fields.text("x_only"));
  report.roundTrip(schnorrSignature, toHex(signature));
  report.equal("x only", xOnlyOf(key), fields.text("x_only"));
  report.equal("valid", schnorrVerify(signature, digest, key), valid);
  report.equal("valid by x only", schnorrVerify(signature, digest, fields.bytes("x_only")), valid);
  if (!fields.has("secret_key")) return;
  const secret = report.roundTrip(secretKey, fields.text("secret_key"));
  report.equal("public key", publicKeyOf(secret), key);
  report.equal("signature", schnorrSign(digest, secret, fields.bytes("aux_rand")), signature);
  // without auxiliary randomness is with 32 zero bytes
  const plain = schnorrSign(digest, secret, new Uint8Array(32));
  report.equal("signature without aux_rand", plain, fields.text("signature_without_aux_rand"));
  report.equal("valid without aux_rand", schnorrVerify(plain, digest, key), true);
}

function checkEcdsa(report: Report, fields: Fields): void {
  const digest = fields.bytes("digest"), secret = fields.bytes("secret_key"), key = fields.bytes("public_key");
  const compact = fields.bytes("compact"), der = fields.bytes("der");
  report.equal("public key", publicKeyOf(secret), key);
  report.equal("signature", ecdsaSign(digest, secret), compact);
  report.equal("verification", ecdsaVerify(compact, digest, key), true);
  report.equal("DER", ecdsaToDer(compact), der);
  report.equal("compact of DER", ecdsaFromDer(der), compact);
  report.json(ecdsaSignature, report.roundTrip(ecdsaSignature, toHex(compact)), stringifyJson(toHex(der)));
}

async function checkKeychain(file: Fields, report: Report): Promise<void> {
  const keychain = file.object("keychain");
  const publicKeys = keychain.bytesList("broadcast_public_keys");
  const secretKeys = keychain.bytesList("broadcast_secret_keys");
  const tag = keychain.bytes("tag"), verify = keychainVerifier(tag, publicKeys);
  await report.one(keychain, () => {
    secretKeys.forEach((secret, i) => report.equal(`public key ${i}`, publicKeyOf(secret), publicKeys[i]));
    report.equal("tag", keychainTag(publicKeys), tag);
  });
  await report.each(file, "keychain_signatures", (fields) => {
    const signer = fields.number("signer"), message = fields.bytes("message"), signature = fields.bytes("signature");
    const auxRand = fields.bytes("aux_rand");
    report.equal("digest", keychainDigest(tag, message), fields.text("digest"));
    report.equal("signature", keychainSign(tag, message, secretKeys[signer]!, auxRand), signature);
    publicKeys.forEach((_, peer) => {
      report.equal(`by ${peer}`, verify(peer, message, signature), peer === signer);
    });
  });
}

function checkAnnouncement(report: Report, fields: Fields): void {
  const secret = fields.bytes("secret_key"), key = publicKeyOf(secret);
  const announcement = { apiUrl: parseSafeUrl(fields.text("url_input")), nonce: fields.bigint("nonce") };
  report.equal("announcement", encodeHex(apiAnnouncement, announcement), fields.text("announcement"));
  report.roundTrip(apiAnnouncement, fields.text("announcement"));
  report.equal("hash", apiAnnouncementHash(announcement), fields.text("hash"));
  const signed = signApiAnnouncement(announcement, secret, fields.bytes("aux_rand"));
  report.equal("signature", signed.signature, fields.text("signature"));
  report.equal("signed", encodeHex(signedApiAnnouncement, signed), fields.text("signed"));
  report.json(signedApiAnnouncement, signed, fields.text("signed_json"));
  report.equal("verification", verifyApiAnnouncement(signed, key), true);
  report.equal(
    "verification as decoded",
    verifyApiAnnouncement(report.roundTrip(signedApiAnnouncement, fields.text("signed")), key),
    true,
  );
  const forged = { ...signed, apiAnnouncement: { ...announcement, nonce: announcement.nonce ^ 1n } };
  report.equal("verification of another nonce", verifyApiAnnouncement(forged, key), false);
  const submission = apiAnnouncementSubmission.fromJson(parseJson(fields.text("submission_json")));
  report.json(apiAnnouncementSubmission, submission, fields.text("submission_json"));
  report.equal("submitted", encode(signedApiAnnouncement, submission.signedApiAnnouncement), fields.text("signed"));
}

function checkMetadata(report: Report, fields: Fields): void {
  const secret = fields.bytes("secret_key"), key = publicKeyOf(secret);
  const content = fields.text("content");
  const metadata = guardianMetadata.fromJson(parseJson(content));
  const signed = signGuardianMetadata(metadata, secret, fields.bytes("aux_rand"));
  report.equal("content", new TextDecoder().decode(signed.content), content);
  report.equal("hash", guardianMetadataHash(signed.content), fields.text("hash"));
  report.equal("signature", signed.signature, fields.text("signature"));
  report.equal("signed", encodeHex(signedGuardianMetadata, signed), fields.text("signed"));
  report.json(signedGuardianMetadata, signed, fields.text("signed_json"));
  const decoded = report.roundTrip(signedGuardianMetadata, fields.text("signed"));
  const from = fields.number("valid_from_secs");
  report.equal("verification", verifyGuardianMetadata(decoded, key, from), { ok: true, value: null });
  report.equal("verification a second before", verifyGuardianMetadata(decoded, key, from - 1).ok, false);
  const forged = { ...decoded, content: signed.content.with(1, 0x20) };
  report.equal("verification of other content", verifyGuardianMetadata(forged, key, from).ok, false);
}

export const checkSecp: Checker = async (file, report) => {
  await report.each(file, "schnorr", (fields) => checkSchnorr(report, fields));
  await report.each(file, "ecdsa", (fields) => checkEcdsa(report, fields));
  const known: KnownKeys = new Map();
  await report.each(file, "transactions", (fields) => checkTransaction(report, fields, known));
  await checkKeychain(file, report);
  await report.each(file, "aleph_hashes", (fields) => {
    report.equal("hash", alephHash(fields.bytes("input")), fields.text("hash"));
  });
  await report.each(file, "api_announcements", (fields) => checkAnnouncement(report, fields));
  await report.each(file, "guardian_metadata", (fields) => checkMetadata(report, fields));
};
