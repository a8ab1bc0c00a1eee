/**
 * Threshold encryption of the preimages of Lightning payments: whoever holds the federation's public key encrypts, a
 * threshold of guardians decrypts, and the ciphertext can't be moved to another contract. Keys, shares and decryption
 * keys are in G1 (48 bytes), messages in G2 (96 bytes), secret shares are scalars. Source: `fedimint-tpe`; Baek and
 * Zheng 2003. docs/protocol/06-lightning-meta.md §B.
 *
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { bls, ChaChaRng, evaluateScalars, randomPolynomial } from "./mod.ts";
 * import { combineDecryptionShares, decryptionShare, decryptPreimage, encryptPreimage } from "./mod.ts";
 * import { verifyCiphertext, verifyDecryptionShare } from "./mod.ts";
 *
 * // keys dealt by one hand, for the example: three of four guardians are needed
 * const dice = new ChaChaRng(new Uint8Array(32));
 * const polynomial = randomPolynomial(3, (size) => dice.bytes(size));
 * const publicKeyOf = (secret: typeof polynomial[0]) => bls.g1.multiply(bls.g1.generator, secret);
 * const secrets = [0, 1, 2].map((peer) => evaluateScalars(polynomial, peer));
 * const aggregateKey = publicKeyOf(polynomial[0]!);
 *
 * const [seed, preimage, commitment] = [dice.bytes(32), dice.bytes(32), dice.bytes(32)];
 * const ciphertext = encryptPreimage(aggregateKey, seed, preimage, commitment); // the receiver
 * assert(verifyCiphertext(ciphertext, commitment)); // each guardian, before it stores the contract
 * const shares = secrets.map((secret) => decryptionShare(ciphertext, secret)); // one of each guardian
 * for (const [peer, share] of shares.entries()) { // the gateway
 *   assert(verifyDecryptionShare(ciphertext, commitment, share, publicKeyOf(secrets[peer]!)));
 * }
 * const key = combineDecryptionShares(new Map(shares.map((share, peer) => [peer, share])), 3);
 * assertEquals(decryptPreimage(ciphertext, key), preimage);
 * ```
 * The receiver needs no guardian: `decryptionKeyOf(aggregateKey, seed)` is the same key.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat, utf8 } from "../bytes.ts";
import type { Bls, G1, G2, Scalar } from "./bls/mod.ts";
import { bls as defaultBls, randomScalar } from "./bls/mod.ts";
import { randomG2 } from "./bls/random_g2.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { requireLength } from "./error.ts";
import { combineShares } from "./tbs.ts";

const MESSAGE_TAG = utf8("FEDIMINT_TPE_BLS12_381_MESSAGE");

export type CipherText = {
  /** 32 bytes */
  readonly encryptedPreimage: Bytes;
  /** The ephemeral public key. */
  readonly pk: G1;
  /** Of the ephemeral key, over the message point: shows that nothing was changed. */
  readonly signature: G2;
};

/** e: the ephemeral secret key of a seed. Secret. Source: `derive_ephemeral_sk`. */
function ephemeralSecret(seed: Uint8Array): Scalar {
  return randomScalar(new ChaChaRng(seed));
}

/**
 * e·PK: what decrypts. @param seed 32 bytes, the one that the ciphertext was made with
 * @throws {CryptoError} `bad_length`
 * Source: `derive_agg_dk`.
 */
export function decryptionKeyOf(aggregateKey: G1, seed: Uint8Array, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(aggregateKey, ephemeralSecret(seed));
}

/**
 * @param seed 32 bytes, secret: it decrypts
 * @param preimage 32 bytes
 * @param commitment 32 bytes: hash of what the ciphertext is bound to
 * @throws {CryptoError} `bad_length`
 */
export function encryptPreimage(
  aggregateKey: G1,
  seed: Uint8Array,
  preimage: Uint8Array,
  commitment: Uint8Array,
  bls: Bls = defaultBls,
): CipherText {
  const secret = ephemeralSecret(seed);
  const encryptedPreimage = xorWithHash(preimage, decryptionKeyOf(aggregateKey, seed, bls));
  const pk = bls.g1.multiply(bls.g1.generator, secret);
  const message = messagePoint(encryptedPreimage, pk, commitment, bls);
  return { encryptedPreimage, pk, signature: bls.g2.multiply(message, secret) };
}

/** Whether e(G1, signature) = e(pk, M): the ciphertext is whole and belongs to this commitment (32 bytes). */
export function verifyCiphertext(ciphertext: CipherText, commitment: Uint8Array, bls: Bls = defaultBls): boolean {
  return holds(ciphertext, messageOf(ciphertext, commitment, bls), bls);
}

/** sk·pk: one guardian's share of the decryption key. Source: `create_dk_share`. */
export function decryptionShare(ciphertext: CipherText, secretShare: Scalar, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(ciphertext.pk, secretShare);
}

/**
 * Whether a share is of this guardian's key. False for every share of an invalid ciphertext, about which nothing can be
 * said (the reference stops with a panic).
 */
export function verifyDecryptionShare(
  ciphertext: CipherText,
  commitment: Uint8Array,
  share: G1,
  publicKeyShare: G1,
  bls: Bls = defaultBls,
): boolean {
  const message = messageOf(ciphertext, commitment, bls);
  return holds(ciphertext, message, bls) && fits(share, message, publicKeyShare, ciphertext, bls);
}

/**
 * @param shares peer id (from 0) → share; exactly `threshold` are used, lowest peer first. Invalid ones are not
 *   noticed: verify each.
 * @throws {CryptoError} `too_few` · `bad_index`
 */
export function combineDecryptionShares(
  shares: ReadonlyMap<number, G1>,
  threshold: number,
  bls: Bls = defaultBls,
): G1 {
  return combineShares(shares, threshold, bls);
}

/** As `verifyDecryptionShare`, for the whole decryption key. */
export function verifyDecryptionKey(
  ciphertext: CipherText,
  commitment: Uint8Array,
  decryptionKey: G1,
  aggregateKey: G1,
  bls: Bls = defaultBls,
): boolean {
  return verifyDecryptionShare(ciphertext, commitment, decryptionKey, aggregateKey, bls);
}

/** The same for a ciphertext that is known to be valid for this commitment: half the work. */
export function verifyDecryptionKeyOfValid(
  ciphertext: CipherText,
  commitment: Uint8Array,
  decryptionKey: G1,
  aggregateKey: G1,
  bls: Bls = defaultBls,
): boolean {
  return fits(decryptionKey, messageOf(ciphertext, commitment, bls), aggregateKey, ciphertext, bls);
}

/** 32 bytes; whether they are the payment's preimage is for the caller to check. */
export function decryptPreimage(ciphertext: CipherText, decryptionKey: G1): Bytes {
  return xorWithHash(ciphertext.encryptedPreimage, decryptionKey);
}

function xorWithHash(bytes: Uint8Array, key: G1): Bytes {
  requireLength(bytes, 32, "preimage");
  const hash = sha256(key);
  return bytes.map((byte, i) => byte ^ hash[i]!) as Bytes;
}

function messagePoint(encryptedPreimage: Uint8Array, pk: G1, commitment: Uint8Array, bls: Bls): G2 {
  requireLength(commitment, 32, "commitment");
  return randomG2(bls, new ChaChaRng(sha256(concat(MESSAGE_TAG, encryptedPreimage, pk, commitment))));
}

function messageOf({ encryptedPreimage, pk }: CipherText, commitment: Uint8Array, bls: Bls): G2 {
  return messagePoint(encryptedPreimage, pk, commitment, bls);
}

function holds({ pk, signature }: CipherText, message: G2, bls: Bls): boolean {
  return bls.pairingProductIsOne([[bls.g1.generator, signature], [bls.g1.negate(pk), message]]);
}

/** e(share, M) = e(key, signature), which holds for the true share if the ciphertext is valid. */
function fits(share: G1, message: G2, key: G1, { signature }: CipherText, bls: Bls): boolean {
  return bls.pairingProductIsOne([[share, message], [bls.g1.negate(key), signature]]);
}
