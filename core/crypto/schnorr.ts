/** Schnorr signatures of BIP340 over 32-byte digests: transactions, sessions, units, backups, announcements. */
import type { Bytes } from "../bytes.ts";
import { requireLength } from "./error.ts";
import { requireSecretKey } from "./secp.ts";
import { fastestSecp } from "./secp/fastest.ts";

const backend = fastestSecp;

/**
 * @param digest 32 bytes, signed as they are
 * @param secretKey 32 bytes, 1 … order − 1. Secret.
 * @param auxRand 32 fresh random bytes; they protect the key against side channels, the signature holds with any
 * @returns 64 bytes
 * @throws {CryptoError} `bad_length` · `bad_scalar`
 * Source: BIP340; `secp256k1` crate `sign_schnorr_with_aux_rand`.
 */
export function schnorrSign(digest: Uint8Array, secretKey: Uint8Array, auxRand: Uint8Array): Bytes {
  requireLength(digest, 32, "digest");
  requireSecretKey(secretKey, "secretKey");
  requireLength(auxRand, 32, "auxRand");
  return backend.schnorrSign(digest, secretKey, auxRand);
}

/**
 * @param signature 64 bytes
 * @param digest 32 bytes
 * @param publicKey 32 bytes x-only, or 33 bytes compressed whose parity byte doesn't matter (as the reference strips
 *   it)
 * @returns false for anything that is not a valid signature, wrong lengths and invalid keys included. Never throws.
 */
export function schnorrVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || digest.length !== 32) return false;
  if (publicKey.length === 32) return backend.schnorrVerify(signature, digest, publicKey);
  if (publicKey.length !== 33 || (publicKey[0] !== 2 && publicKey[0] !== 3)) return false;
  return backend.schnorrVerify(signature, digest, publicKey.subarray(1));
}
