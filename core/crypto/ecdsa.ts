/** ECDSA over secp256k1 for Bitcoin inputs: deterministic nonces (RFC 6979), low S, compact and DER forms. */
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import { requireLength } from "./error.ts";
import { requireSecretKey } from "./secp.ts";
import { fastestSecp } from "./secp/fastest.ts";

const backend = fastestSecp;

/**
 * @param digest 32 bytes, signed as they are
 * @param secretKey 32 bytes. Secret.
 * @returns 64 bytes: r ‖ s, s in the lower half
 * @throws {CryptoError} `bad_length` · `bad_scalar`
 * Source: RFC 6979; `secp256k1` crate `sign_ecdsa`.
 */
export function ecdsaSign(digest: Uint8Array, secretKey: Uint8Array): Bytes {
  requireLength(digest, 32, "digest");
  requireSecretKey(secretKey, "secretKey");
  return backend.ecdsaSign(digest, secretKey);
}

/**
 * @param signature 64 bytes r ‖ s; a high s is refused, as libsecp256k1 does
 * @param digest 32 bytes
 * @param publicKey 33 bytes compressed
 * @returns false for anything that is not a valid signature. Never throws.
 */
export function ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean {
  if (signature.length !== 64 || digest.length !== 32 || publicKey.length !== 33) return false;
  return backend.ecdsaVerify(signature, digest, publicKey);
}

/** Strict DER of a compact signature (64 bytes), without Bitcoin's sighash byte. @throws {CryptoError} `bad_length` */
export function ecdsaToDer(signature: Uint8Array): Bytes {
  requireLength(signature, 64, "signature");
  const r = derInteger(signature.subarray(0, 32));
  const s = derInteger(signature.subarray(32));
  return concat(Uint8Array.of(0x30, r.length + s.length), r, s);
}

/** The shortest two's complement form: leading zeros removed, one put back when the number would look negative. */
function derInteger(number: Uint8Array): Bytes {
  let start = 0;
  while (start < number.length - 1 && number[start] === 0) start++;
  const digits = number.subarray(start);
  const padding = digits[0]! >= 0x80 ? [0] : [];
  return concat(Uint8Array.of(2, padding.length + digits.length, ...padding), digits);
}

/**
 * Compact form (64 bytes) of strict DER without sighash byte; null when it is not strict DER of two numbers of at most
 * 32 bytes.
 */
export function ecdsaFromDer(der: Uint8Array): Bytes | null {
  if (der.length < 8 || der.length > 72 || der[0] !== 0x30 || der[1] !== der.length - 2) return null;
  const r = readDerInteger(der, 2);
  const s = r === null ? null : readDerInteger(der, r.end);
  return r === null || s === null || s.end !== der.length ? null : concat(r.number, s.number);
}

function readDerInteger(der: Uint8Array, at: number): { number: Bytes; end: number } | null {
  const length = der[at + 1];
  if (der[at] !== 2 || length === undefined || length === 0 || at + 2 + length > der.length) return null;
  const body = der.subarray(at + 2, at + 2 + length);
  const negative = body[0]! >= 0x80;
  const padded = length > 1 && body[0] === 0 && body[1]! < 0x80;
  const digits = body[0] === 0 ? body.subarray(1) : body;
  if (negative || padded || digits.length > 32) return null;
  const number = new Uint8Array(32);
  number.set(digits, 32 - digits.length);
  return { number, end: at + 2 + length };
}
