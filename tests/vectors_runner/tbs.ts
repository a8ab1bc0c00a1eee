/**
 * `tbs.json`: threshold blind signatures, every case with all implementations of the curve, and the encodings of
 * points and scalars.
 */
import { toHex } from "../../core/bytes.ts";
import type { Bls, G1, G2, Scalar } from "../../core/crypto/bls/mod.ts";
import {
  addScalars,
  decodeScalar,
  lagrangeFactors,
  randomG1,
  randomScalar,
  scalarFromBigInt,
  scalarFromWide,
} from "../../core/crypto/bls/mod.ts";
import { everyBls } from "../../core/crypto/bls/testing/backends.ts";
import { randomG2 } from "../../core/crypto/bls/random_g2.ts";
import { fromLittleEndian } from "../../core/crypto/bls/scalar.ts";
import { ChaChaRng } from "../../core/crypto/chacha_rng.ts";
import { commitmentOf, evaluatePoints, evaluateScalars } from "../../core/crypto/polynomial.ts";
import {
  aggregatePublicKeys,
  blindingKeyFingerprint,
  blindMessage,
  combineShares,
  messageSeed,
  messageSeedV1,
  messageToPoint,
  messageToPointV1,
  pointOfSeed,
  publicKeyShareOf,
  signShare,
  unblind,
  verifyNote,
  verifyShare,
} from "../../core/crypto/tbs.ts";
import { allSignaturesHold, verifySignatures } from "../../core/crypto/tbs_batch.ts";
import { blsScalar, g1Point, g2Point } from "../../core/types/bls.ts";
import type { AnyCodec } from "../../core/encoding/mod.ts";
import { decodeHex } from "../../core/encoding/mod.ts";
import type { Checker, Report } from "./checker.ts";
import { codecOf, Mismatch } from "./checker.ts";
import type { Fields } from "./fields.ts";

type KeySet = {
  readonly threshold: number;
  readonly aggregate: Uint8Array;
  readonly publicShares: readonly Uint8Array[];
  readonly secretShares: readonly Scalar[];
};

const CODECS: { readonly [type: string]: AnyCodec } = { Scalar: blsScalar, G1: g1Point, G2: g2Point };

export const checkTbs: Checker = async (file, report) => {
  const backends = everyBls;
  const keySets = file.objects("key_sets").map(readKeySet);
  await report.each(file, "encodings", (fields) => checkEncoding(fields, report, backends));
  await report.each(file, "rejects", async (fields) => {
    const type = fields.text("type"), hex = fields.text("hex");
    await report.refused(hex, () => decodeHex(codecOf(CODECS, type), hex));
    for (const bls of backends) {
      if (type === "G1") await report.refused(hex, () => bls.g1.decode(fields.bytes("hex")));
      if (type === "G2") await report.refused(hex, () => bls.g2.decode(fields.bytes("hex")));
    }
  });
  for (const bls of backends) {
    await report.each(file, "key_sets", (fields) => checkKeySet(fields, report, bls));
    await report.each(file, "public_key_aggregation", (fields) => checkAggregation(fields, report, bls, keySets));
    await report.each(file, "messages", (fields) => checkMessage(fields, report, bls));
    await report.each(file, "random_from_chacha", (fields) => checkRandom(fields, report, bls));
    await report.each(file, "runs", (fields) => checkRun(fields, report, bls, keySets));
    await report.each(file, "verifications", (fields) => checkVerification(fields, report, bls));
  }
};

function readKeySet(fields: Fields): KeySet {
  return {
    threshold: fields.number("threshold"),
    aggregate: fields.bytes("aggregate_public_key"),
    publicShares: fields.bytesList("public_key_shares"),
    secretShares: fields.bytesList("secret_key_shares").map(decodeScalar),
  };
}

function keySetOf(fields: Fields, keySets: readonly KeySet[]): KeySet {
  const keySet = keySets[fields.number("key_set")];
  if (!keySet) throw new Mismatch("There is no such key set");
  return keySet;
}

function peersOf(fields: Fields, name: string): number[] {
  return fields.list(name).map(Number);
}

function checkEncoding(fields: Fields, report: Report, backends: readonly Bls[]): void {
  const type = fields.text("type"), hex = fields.text("hex");
  report.roundTrip(codecOf(CODECS, type), hex);
  for (const bls of backends) {
    if (type === "G1") report.equal("decoded G1", bls.g1.decode(fields.bytes("hex")), hex);
    if (type === "G2") report.equal("decoded G2", bls.g2.decode(fields.bytes("hex")), hex);
  }
  if (fields.json("value") === null) return;
  const value = fields.bytes("value");
  if (type === "Scalar") {
    report.equal("reduced number", scalarFromWide(value), hex);
    return;
  }
  for (const { g1, g2 } of backends) {
    const scalar = decodeScalar(value);
    report.equal(
      "scalar times generator",
      type === "G1" ? g1.multiply(g1.generator, scalar) : g2.multiply(g2.generator, scalar),
      hex,
    );
  }
}

function checkKeySet(fields: Fields, report: Report, bls: Bls): void {
  const coefficients = fields.bytesList("coefficients").map(decodeScalar);
  const { threshold, aggregate, publicShares, secretShares } = readKeySet(fields);
  report.equal("threshold", coefficients.length, threshold);
  report.equal("peers", secretShares.length, fields.number("peers"));
  const polynomial = commitmentOf(bls.g2, coefficients);
  report.equal("aggregate key", polynomial[0], aggregate);
  secretShares.forEach((secret, peer) => {
    report.equal(`share of ${peer}`, evaluateScalars(coefficients, peer), secret);
    report.equal(`public share of ${peer}`, publicKeyShareOf(secret, bls), publicShares[peer]);
    report.equal(`polynomial at ${peer}`, evaluatePoints(bls.g2, polynomial, peer), publicShares[peer]);
  });
}

function checkAggregation(fields: Fields, report: Report, bls: Bls, keySets: readonly KeySet[]): void {
  const keySet = keySetOf(fields, keySets), peers = peersOf(fields, "peers");
  const shares = new Map<number, G2>(peers.map((peer) => [peer, bls.g2.decode(keySet.publicShares[peer]!)]));
  const result = aggregatePublicKeys(shares, peers.length, bls);
  report.equal("aggregated key", result, fields.text("result"));
  report.equal("is the key", toHex(result) === toHex(keySet.aggregate), fields.bool("equals_aggregate_key"));
}

function checkMessage(fields: Fields, report: Report, bls: Bls): void {
  const input = fields.bytes("input");
  report.equal("seed", messageSeed(input), fields.text("from_bytes_sha256_chacha_seed"));
  report.equal("seed of version 1", messageSeedV1(input), fields.text("from_bytes_chacha_seed"));
  report.equal("point", messageToPoint(input, bls), fields.text("from_bytes_sha256"));
  report.equal("point of version 1", messageToPointV1(input, bls), fields.text("from_bytes"));
  report.equal("point of the seed", pointOfSeed(messageSeed(input), bls), fields.text("from_bytes_sha256"));
}

function checkRandom(fields: Fields, report: Report, bls: Bls): void {
  const key = fields.bytes("chacha20_key");
  report.equal("stream", new ChaChaRng(key).bytes(256), fields.text("stream_first_256_bytes"));
  report.equal("scalar", randomScalar(new ChaChaRng(key)), fields.text("random_scalar"));
  report.equal("G1", randomG1(bls, new ChaChaRng(key)), fields.text("random_g1"));
  report.equal("G2", randomG2(bls, new ChaChaRng(key)), fields.text("random_g2"));
}

function checkRun(fields: Fields, report: Report, bls: Bls, keySets: readonly KeySet[]): void {
  const keySet = keySetOf(fields, keySets);
  const input = fields.bytes("input"), isV1 = fields.text("hash") === "from_bytes";
  const message = isV1 ? messageToPointV1(input, bls) : messageToPoint(input, bls);
  report.equal("message", message, fields.text("message"));
  const blindingKey = decodeScalar(fields.bytes("blinding_key"));
  report.equal("fingerprint", blindingKeyFingerprint(blindingKey), fields.text("blinding_key_fingerprint"));
  const blinded = blindMessage(message, blindingKey, bls);
  report.equal("blinded message", blinded, fields.text("blinded_message"));
  const shares = keySet.secretShares.map((secret) => signShare(blinded, secret, bls));
  report.equal("shares", shares.map(toHex), fields.texts("shares"));
  shares.forEach((share, peer) => {
    report.equal(
      `share of ${peer} holds`,
      verifyShare(blinded, share, bls.g2.decode(keySet.publicShares[peer]!), bls),
      true,
    );
  });
  const peers = peersOf(fields, "combined_from_peers");
  report.equal("peers combined", peers.length, keySet.threshold);
  const combined = combineShares(
    new Map<number, G1>(peers.map((peer) => [peer, shares[peer]!])),
    keySet.threshold,
    bls,
  );
  report.equal("blind signature", combined, fields.text("blinded_signature"));
  const signature = unblind(combined, blindingKey, bls);
  report.equal("signature", signature, fields.text("signature"));
  report.equal("signature holds", verifyNote(message, signature, bls.g2.decode(keySet.aggregate), bls), true);
  const key = peers.reduce(
    (sum, peer, i) => addScalars(sum, product(lagrangeFactors(peers)[i]!, keySet.secretShares[peer]!)),
    scalarFromBigInt(0n),
  );
  report.equal("signature of the whole key", signShare(message, key, bls), signature);
}

function product(a: Scalar, b: Scalar): Scalar {
  return scalarFromBigInt(fromLittleEndian(a) * fromLittleEndian(b));
}

function checkVerification(fields: Fields, report: Report, bls: Bls): void {
  const kind = fields.text("kind"), valid = fields.bool("valid");
  const point = (name: string): G1 => bls.g1.decode(fields.bytes(name));
  const key = (name: string): G2 => bls.g2.decode(fields.bytes(name));
  const [message, signature, publicKey] = kind === "share"
    ? [point("blinded_message"), point("share"), key("public_key_share")]
    : kind === "blinded signature"
    ? [point("blinded_message"), point("blinded_signature"), key("aggregate_public_key")]
    : [point("message"), point("signature"), key("aggregate_public_key")];
  const alone = kind === "share"
    ? verifyShare(message, signature, publicKey, bls)
    : verifyNote(message, signature, publicKey, bls);
  report.equal("verified", alone, valid);
  const checks = [{ message, signature, publicKey }], random = (size: number) => new Uint8Array(size).fill(7);
  report.equal("verified in a batch", verifySignatures(checks, random, bls).length === 0, valid);
  report.equal("all of a batch hold", allSignaturesHold(checks, random, bls), valid);
}
