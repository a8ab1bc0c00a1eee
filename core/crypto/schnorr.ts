/** Schnorr signatures of BIP340 over 32-byte digests: transactions, sessions, units, backups, announcements. */
import type { Bytes } from "../bytes.ts";
import { requireLength } from "./error.ts";
import { requireSecretKey } from "./secp.ts";
import type { KeyVerifier, SchnorrCheck, SchnorrVerifier } from "./secp/backend.ts";
import { fastestSecp } from "./secp/fastest.ts";
import { schnorrVerifier } from "./secp/verifier.ts";

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

/** Of any content: see `schnorrVerify`. */
export type SignedDigest = {
  readonly signature: Uint8Array;
  readonly digest: Uint8Array;
  readonly publicKey: Uint8Array;
};

/**
 * @param signature 64 bytes
 * @param digest 32 bytes
 * @param publicKey 32 bytes x-only, or 33 bytes compressed whose parity byte doesn't matter (as the reference strips
 *   it)
 * @returns false for anything that is not a valid signature, wrong lengths and invalid keys included. Never throws.
 */
export function schnorrVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  const check = checkOf({ signature, digest, publicKey });
  return check !== null && schnorrVerifier.next(1).allHold([check]);
}

/**
 * For a key whose signatures come again and again: `schnorrVerify` for half the time, from a table that is made with
 * the first one.
 * @param publicKey as for `schnorrVerify`
 */
export function schnorrVerifierOf(publicKey: Uint8Array): KeyVerifier {
  let asked: SchnorrVerifier | null = null, byKey: KeyVerifier | null = null;
  return (signature, digest) => {
    const check = checkOf({ signature, digest, publicKey });
    if (check === null) return false;
    const verifier = schnorrVerifier.next(1);
    if (verifier !== asked) {
      asked = verifier;
      byKey = verifier.keyVerifier(check.xOnly);
    }
    return byKey === null ? verifier.allHold([check]) : byKey(signature, digest);
  };
}

/**
 * Verifies many signatures together, where that costs less than each alone (`secp/wide/schnorr.ts`: a half). When not
 * all hold, halves are tried: in all that costs twice what a list of good ones does, at most.
 * @returns the index of the first that `schnorrVerify` refuses, or null when all hold
 */
export function firstInvalid(list: readonly SignedDigest[]): number | null {
  const checks: SchnorrCheck[] = [];
  for (const signed of list) {
    const check = checkOf(signed);
    if (check === null) break;
    checks.push(check);
  }
  const malformed = checks.length < list.length ? checks.length : null;
  return firstRefused(checks) ?? malformed;
}

function firstRefused(checks: readonly SchnorrCheck[]): number | null {
  const verifier = schnorrVerifier.next(checks.length);
  if (!verifier.batches) {
    const index = checks.findIndex((check) => !verifier.allHold([check]));
    return index < 0 ? null : index;
  }
  if (verifier.allHold(checks)) return null;
  let from = 0, to = checks.length;
  while (to - from > 1) {
    const middle = from + (to - from >> 1);
    if (verifier.allHold(checks.slice(from, middle))) from = middle;
    else to = middle;
  }
  return from;
}

/** Null for wrong lengths, and a first byte that no compressed key has. */
function checkOf({ signature, digest, publicKey }: SignedDigest): SchnorrCheck | null {
  if (signature.length !== 64 || digest.length !== 32) return null;
  if (publicKey.length === 32) return { signature, digest, xOnly: publicKey };
  if (publicKey.length !== 33 || (publicKey[0] !== 2 && publicKey[0] !== 3)) return null;
  return { signature, digest, xOnly: publicKey.subarray(1) };
}
