/**
 * How the receiver of a payment makes its contract and finds its keys again. A fresh key pair (e, E) gives a tweak
 * t = ECDH(e, receiver's key); E stands in the contract, so the receiver's secret alone gives t back. Everything else
 * follows from t: the seed that encrypts, the preimage, the key that claims. Follows fedimint-lnv2-common 0.13.0
 * (`tweak.rs`), fedimint-lnv2-client (`recover_contract_keys`); docs/protocol/06-lightning-meta.md §D.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import { ecdh, isSecretKey, multiplyPublicKey, multiplySecretKey, publicKeyOf } from "../../core/crypto/mod.ts";
import { decryptionKeyOf } from "../../core/crypto/tpe.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import type { IncomingContract } from "./contracts.ts";
import { contractPreimage, isDecryptionKeyOf, makeIncomingContract } from "./contracts.ts";

/** `secret`: t, 32 bytes, a secret key. `ephemeralPk`: E, 33 bytes, which its owner finds t by. */
export type Tweak = { readonly secret: Bytes; readonly ephemeralPk: Bytes };

/** A tweak that nobody has had before. @param randomBytes of the platform's dice */
export function newTweak(staticPk: Uint8Array, randomBytes: (size: number) => Bytes): Tweak {
  for (;;) {
    const ephemeral = randomBytes(32);
    if (!isSecretKey(ephemeral)) continue;
    const secret = ecdh(ephemeral, staticPk);
    // a hash is no secret key once in 2^128
    if (isSecretKey(secret)) return { secret, ephemeralPk: publicKeyOf(ephemeral) };
  }
}

/** Who is paid, and at which federation. Public keys: 33 bytes and 48 bytes. */
export type Receiver = { readonly publicKey: Bytes; readonly aggregateKey: G1 };

/** `refundPk`: the gateway's. `expiration`: Unix time in seconds, or a fee. */
export type IncomingTerms = { readonly amount: bigint; readonly expiration: bigint; readonly refundPk: Bytes };

function seedOf(tweak: Uint8Array): Bytes {
  return sha256(tweak) as Bytes;
}

/** The contract that pays a receiver, with the hash that the invoice must have. */
export function contractFor(
  { publicKey, aggregateKey }: Receiver,
  tweak: Tweak,
  terms: IncomingTerms,
): { readonly contract: IncomingContract; readonly paymentHash: Sha256 } {
  const seed = seedOf(tweak.secret), preimage = sha256(seed) as Bytes;
  const paymentHash = toHex(sha256(preimage)) as Sha256;
  const commitment = {
    paymentImage: { tag: "Hash", value: paymentHash } as const,
    ...terms,
    claimPk: multiplyPublicKey(publicKey, tweak.secret),
    ephemeralPk: tweak.ephemeralPk,
  };
  return { contract: makeIncomingContract(commitment, aggregateKey, seed, preimage), paymentHash };
}

/** What claims a contract: a secret key (32 bytes), and the decryption key (48 bytes, G1). Secret. */
export type IncomingKeys = { readonly claimKey: Bytes; readonly decryptionKey: G1 };

/** The tweak of a contract that pays this secret key (32 bytes); null when it pays somebody else. Some milliseconds. */
export function tweakOf(secretKey: Uint8Array, { commitment }: IncomingContract): Bytes | null {
  const tweak = ecdh(secretKey, commitment.ephemeralPk);
  if (!isSecretKey(tweak)) return null;
  const isOurs = equalBytes(multiplyPublicKey(publicKeyOf(secretKey), tweak), commitment.claimPk);
  return isOurs ? tweak : null;
}

/**
 * The keys of a contract with this tweak; null when its money goes back to the gateway whoever opens it. Pairings: some
 * 50 ms.
 */
export function incomingKeys(
  secretKey: Uint8Array,
  aggregateKey: G1,
  contract: IncomingContract,
  tweak: Uint8Array,
): IncomingKeys | null {
  const decryptionKey = decryptionKeyOf(aggregateKey, seedOf(tweak));
  if (!isDecryptionKeyOf(contract, decryptionKey, aggregateKey)) return null;
  if (contractPreimage(contract, decryptionKey) === null) return null;
  return { claimKey: multiplySecretKey(secretKey, tweak), decryptionKey };
}
