/**
 * Threshold encryption of the first Lightning module: whoever holds the federation's public key encrypts, a threshold
 * of guardians decrypts. Keys and shares are in G1 (48 bytes), secret shares are scalars. Source: `threshold_crypto`
 * 0.2.1 as Fedimint uses it; Baek and Zheng 2003. docs/protocol/06-lightning-meta.md §B.
 *
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { utf8 } from "../bytes.ts";
 * import { bls, ChaChaRng, evaluatePoints, evaluateScalars, commitmentOf, randomPolynomial } from "./mod.ts";
 * import { decrypt, encrypt, shareOf, ThresholdCiphertexts } from "./threshold_crypto.ts";
 *
 * // keys dealt by one hand, for the example: three of four guardians are needed
 * const dice = new ChaChaRng(new Uint8Array(32));
 * const polynomial = randomPolynomial(3, (size) => dice.bytes(size));
 * const publicKeySet = commitmentOf(bls.g1, polynomial);
 *
 * const ciphertext = encrypt(publicKeySet[0]!, utf8("preimage"), evaluateScalars(polynomial, 7)); // any random scalar
 * const ciphertexts = new ThresholdCiphertexts();
 * assert(ciphertexts.isValid(ciphertext)); // each guardian, before it makes a share
 * const shares = [0, 1, 2].map((peer) => shareOf(ciphertext, evaluateScalars(polynomial, peer)));
 * for (const [peer, share] of shares.entries()) {
 *   assert(ciphertexts.isShareOf(ciphertext, share, evaluatePoints(bls.g1, publicKeySet, peer)));
 * }
 * assertEquals(decrypt(ciphertext, new Map(shares.map((share, peer) => [peer, share])), 3), utf8("preimage"));
 * ```
 */
import { sha3_256 } from "@noble/hashes/sha3.js";
import type { Bytes } from "../bytes.ts";
import { concat, toHex } from "../bytes.ts";
import { Recent } from "../recent.ts";
import type { Bls, G1, G2, Scalar } from "./bls/mod.ts";
import { bls as defaultBls } from "./bls/mod.ts";
import { randomG2 } from "./bls/random_g2.ts";
import { ChaChaRng } from "./chacha_rng.ts";
import { combineShares } from "./tbs.ts";

export type ThresholdCiphertext = {
  /** r·G1, of the encryptor's random r. */
  readonly u: G1;
  /** r·H: shows that nothing was changed. */
  readonly w: G2;
  /** The message, of any length, under a key stream from r·PK. */
  readonly v: Bytes;
};

/** Messages longer than this go into H by their hash. */
const HASHED_WHOLE_MAX = 64;
/** Bytes of the stream that a byte of the message takes: a whole word, of which the first is used. */
const WORD = 4;

/** H(U, V): the point of G2 that binds the two. A few milliseconds. Source: `hash_g1_g2`. */
function hashPoint({ u, v }: Pick<ThresholdCiphertext, "u" | "v">, bls: Bls): G2 {
  const message = v.length > HASHED_WHOLE_MAX ? sha3_256(v) : v;
  return randomG2(bls, new ChaChaRng(sha3_256(concat(message, u))));
}

/** Source: `xor_with_hash`. */
function xorWithStream(message: Uint8Array, key: G1): Bytes {
  const stream = new ChaChaRng(sha3_256(key)).bytes(message.length * WORD);
  return message.map((byte, i) => byte ^ stream[i * WORD]!) as Bytes;
}

/** @param random uniform, fresh and secret: with it the message is known */
export function encrypt(
  publicKey: G1,
  message: Uint8Array,
  random: Scalar,
  bls: Bls = defaultBls,
): ThresholdCiphertext {
  const u = bls.g1.multiply(bls.g1.generator, random);
  const v = xorWithStream(message, bls.g1.multiply(publicKey, random));
  return { u, w: bls.g2.multiply(hashPoint({ u, v }, bls), random), v };
}

/** One guardian's share: sk·U. Only for ciphertexts that are valid. Source: `decrypt_share_no_verify`. */
export function shareOf({ u }: ThresholdCiphertext, secretShare: Scalar, bls: Bls = defaultBls): G1 {
  return bls.g1.multiply(u, secretShare);
}

/**
 * @param shares peer id (from 0) → share; exactly `threshold` are used, lowest peer first. Invalid ones are not
 *   noticed: check each.
 * @throws {CryptoError} `too_few` · `bad_index`
 */
export function decrypt(
  { v }: ThresholdCiphertext,
  shares: ReadonlyMap<number, G1>,
  threshold: number,
  bls: Bls = defaultBls,
): Bytes {
  return xorWithStream(v, combineShares(shares, threshold, bls));
}

/** What was found out about one ciphertext. */
type Found = { readonly point: G2; readonly isValid: boolean };

/**
 * Checks of ciphertexts and of shares. The point that binds a ciphertext costs more than all else and is asked for
 * again with each guardian's share, so what was found out about the last ciphertexts is kept.
 */
export class ThresholdCiphertexts {
  readonly #bls: Bls;
  readonly #found: Recent<Found>;

  /** @param kept ciphertexts remembered at least; some 700 bytes each */
  constructor(kept = 256, bls: Bls = defaultBls) {
    this.#bls = bls;
    this.#found = new Recent(kept);
  }

  /** Whether e(G1, W) = e(U, H): whoever made it knew the message, and nothing was changed. */
  isValid(ciphertext: ThresholdCiphertext): boolean {
    return this.#look(ciphertext).isValid;
  }

  /** Whether e(share, H) = e(key, W). False for every share of an invalid ciphertext. */
  isShareOf(ciphertext: ThresholdCiphertext, share: G1, publicKeyShare: G1): boolean {
    const { point, isValid } = this.#look(ciphertext);
    if (!isValid) return false;
    const negated = this.#bls.g1.negate(publicKeyShare);
    return this.#bls.pairingProductIsOne([[share, point], [negated, ciphertext.w]]);
  }

  #look(ciphertext: ThresholdCiphertext): Found {
    const { u, v, w } = ciphertext;
    const key = toHex(sha3_256(concat(u, w, v)));
    const known = this.#found.get(key);
    if (known) return known;
    const point = hashPoint(ciphertext, this.#bls);
    const { generator } = this.#bls.g1;
    const isValid = this.#bls.pairingProductIsOne([[generator, w], [this.#bls.g1.negate(u), point]]);
    const found = { point, isValid };
    this.#found.set(key, found);
    return found;
  }
}
