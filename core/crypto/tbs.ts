/**
 * Threshold blind BLS signatures: how guardians sign notes they can't see. Messages and signatures are in G1 (48
 * bytes), public keys in G2 (96 bytes), secret shares and blinding keys are scalars (32 bytes little-endian). Source:
 * `fedimint-tbs`; Boldyreva 2003. docs/protocol/04-mint.md §1.
 *
 * ```ts
 * import { assert } from "@std/assert";
 * import { bls, ChaChaRng, evaluateScalars, randomPolynomial } from "./mod.ts";
 * import { aggregatePublicKeys, blindMessage, combineShares, messageToPoint, publicKeyShareOf } from "./mod.ts";
 * import { scalarFromWide, signShare, unblind, verifyNote, verifyShare } from "./mod.ts";
 *
 * // keys dealt by one hand, for the example: three of four guardians are needed
 * const dice = new ChaChaRng(new Uint8Array(32));
 * const polynomial = randomPolynomial(3, (size) => dice.bytes(size));
 * const secrets = [0, 1, 2].map((peer) => evaluateScalars(polynomial, peer));
 * const publics = secrets.map((secret) => publicKeyShareOf(secret));
 * const aggregateKey = aggregatePublicKeys(new Map(publics.map((key, peer) => [peer, key])), 3);
 *
 * const message = messageToPoint(new Uint8Array(33)); // of the note's nonce
 * const blindingKey = scalarFromWide(dice.bytes(64));
 * const blinded = blindMessage(message, blindingKey); // the client sends this to the guardians
 * const shares = secrets.map((secret) => signShare(blinded, secret)); // one of each guardian
 * assert(shares.every((share, peer) => verifyShare(blinded, share, publics[peer]!))); // the client
 * const signature = unblind(combineShares(new Map(shares.map((share, peer) => [peer, share])), 3), blindingKey);
 * assert(verifyNote(message, signature, aggregateKey, bls)); // whoever is paid with the note
 * ```
 *
 * Points and scalars come from `bls.g1.decode`, `bls.g2.decode` and `decodeScalar`. Every function takes the `Bls` to
 * compute with as its last argument.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import type { Bls, G1, G2, Group, Scalar } from "./bls/mod.ts";
import { bls as defaultBls, invertScalar, lagrangeFactors, randomG1 } from "./bls/mod.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { CryptoError } from "./error.ts";

const MESSAGE_TAG = utf8("FEDIMINT_TBS_BLS12_381_MESSAGE");
const MESSAGE_TAG_V1 = utf8("TBS_BLS12-381_");
const FINGERPRINT_TAG = utf8("TBS_KFP24_");

/** Seed of a note's message point: sha256 with mintv2's tag. 32 bytes. Source: `Message::from_bytes_sha256`. */
export function messageSeed(data: Uint8Array): Bytes {
  return sha256(concat(MESSAGE_TAG, data)) as Bytes;
}

/** Seed of a note's message point in the first mint module: SHA3-256. 32 bytes. Source: `Message::from_bytes`. */
export function messageSeedV1(data: Uint8Array): Bytes {
  return sha3_256(concat(MESSAGE_TAG_V1, data)) as Bytes;
}

/**
 * The point for a seed (32 bytes), never infinity. Not RFC 9380: see docs/protocol/04-mint.md §1.1.
 * @throws {CryptoError} `bad_length`
 */
export function pointOfSeed(seed: Uint8Array, bls: Bls = defaultBls): G1 {
  return randomG1(bls, new ChaChaRng(seed));
}

/**
 * What mintv2 signs for a note. `data` is the nonce: a 33-byte compressed public key. Cost: two square roots on
 * average.
 */
export function messageToPoint(data: Uint8Array, bls: Bls = defaultBls): G1 {
  return pointOfSeed(messageSeed(data), bls);
}

/** What the first mint module signs for a note. */
export function messageToPointV1(data: Uint8Array, bls: Bls = defaultBls): G1 {
  return pointOfSeed(messageSeedV1(data), bls);
}

/** s·G2: the public key of a secret share, or the share's of an aggregate. 96 bytes. Source: `derive_pk_share`. */
export function publicKeyShareOf(secretShare: Scalar, bls: Bls = defaultBls): G2 {
  return bls.g2.multiply(bls.g2.generator, secretShare);
}

/** b·M. @param blindingKey uniform; never zero, or the note can't be unblinded */
export function blindMessage(message: G1, blindingKey: Scalar, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(message, blindingKey);
}

/** s·B: one guardian's signature share; infinity for infinity, as the reference signs that too. */
export function signShare(blinded: G1, secretShare: Scalar, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(blinded, secretShare);
}

/** Whether e(B, pk) = e(S, G2). Source: `verify_signature_share`. */
export function verifyShare(blinded: G1, share: G1, publicKeyShare: G2, bls: Bls = defaultBls): boolean {
  return pairingsAreEqual(blinded, publicKeyShare, share, bls);
}

/**
 * Combines shares into one blind signature (Lagrange at 0 in G1).
 * @param shares peer id (from 0) → share; exactly `threshold` are used, lowest peer first. Invalid ones are not
 *   noticed: verify each.
 * @returns a valid blind signature if every share used was
 * @throws {CryptoError} `too_few` (have, need) · `bad_index`
 * Source: fedimint-tbs `aggregate_signature_shares`. Cost: `threshold` multiplications in G1.
 */
export function combineShares(shares: ReadonlyMap<number, G1>, threshold: number, bls: Bls = defaultBls): G1 {
  return interpolate(bls.g1, shares, threshold);
}

/**
 * The aggregate public key from shares of it. Shares are used as in `combineShares`.
 * @throws {CryptoError} `too_few` · `bad_index`
 * Source: fedimint-tbs `aggregate_public_key_shares`.
 */
export function aggregatePublicKeys(shares: ReadonlyMap<number, G2>, threshold: number, bls: Bls = defaultBls): G2 {
  return interpolate(bls.g2, shares, threshold);
}

/** b⁻¹·S. @throws {CryptoError} `bad_scalar` for the blinding key zero */
export function unblind(blindSignature: G1, blindingKey: Scalar, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(blindSignature, invertScalar(blindingKey));
}

/**
 * Whether e(M, pk) = e(σ, G2). It holds for a combined signature that is still blinded, too, over the blinded message.
 * For many notes `verifySignatures` is several times as fast. Source: `verify`, `verify_blinded_signature`.
 */
export function verifyNote(message: G1, signature: G1, publicKey: G2, bls: Bls = defaultBls): boolean {
  return pairingsAreEqual(message, publicKey, signature, bls);
}

/**
 * What may be shown of a blinding key: SHA3-256 with a tag of its own. 32 bytes. Source: `BlindingKey::fingerprint`.
 */
export function blindingKeyFingerprint(blindingKey: Scalar): Bytes {
  return sha3_256(concat(FINGERPRINT_TAG, blindingKey)) as Bytes;
}

/** e(A, pk)·e(−S, G2) = 1: one product instead of two pairings. */
function pairingsAreEqual(point: G1, publicKey: G2, signature: G1, bls: Bls): boolean {
  return bls.pairingProductIsOne([[point, publicKey], [bls.g1.negate(signature), bls.g2.generator]]);
}

function interpolate<P extends G1 | G2, R extends object>(
  group: Group<P, R>,
  shares: ReadonlyMap<number, P>,
  threshold: number,
): P {
  const peers = [...shares.keys()].sort((a, b) => a - b);
  const bad = peers.find((peer) => !Number.isSafeInteger(peer) || peer < 0);
  if (bad !== undefined) throw new CryptoError({ code: "bad_index", index: bad }, `There is no peer ${bad}`);
  if (threshold < 1 || peers.length < threshold) {
    throw new CryptoError(
      { code: "too_few", have: peers.length, need: Math.max(threshold, 1) },
      `Combining takes ${threshold} shares, there are ${peers.length}`,
    );
  }
  const used = peers.slice(0, threshold);
  return group.sumOfProducts(used.map((peer) => shares.get(peer)!), lagrangeFactors(used));
}
