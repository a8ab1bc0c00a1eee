/**
 * Keys of secp256k1. Secret keys and tweaks are 32 bytes big-endian, public keys 33 bytes compressed, x-only keys 32
 * bytes. Sources: `secp256k1` crate (libsecp256k1); BIP340 for x-only keys.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import { CryptoError, requireLength } from "./error.ts";
import { addScalars, isBelowOrder, isZero, multiplyScalars } from "./secp/scalar.ts";
import { fastestSecp } from "./secp/fastest.ts";

const backend = fastestSecp;

/** True for 32 bytes that are a number in 1 … order − 1. */
export function isSecretKey(bytes: Uint8Array): boolean {
  return isBelowOrder(bytes) && !isZero(bytes);
}

/** True for the 33-byte compressed encoding of a point of the curve. Never throws. */
export function isPublicKey(bytes: Uint8Array): boolean {
  return bytes.length === 33 && backend.isPublicKey(bytes);
}

/** True for 32 bytes that are the x of a point of the curve. Never throws. */
export function isXOnlyKey(bytes: Uint8Array): boolean {
  return bytes.length === 32 && backend.isPublicKey(evenPoint(bytes));
}

/**
 * The public key of a secret key: 33 bytes, compressed.
 * @param secretKey 32 bytes
 * @returns 33 bytes compressed
 * @throws {CryptoError} `bad_length` · `bad_scalar`
 */
export function publicKeyOf(secretKey: Uint8Array): Bytes {
  requireSecretKey(secretKey, "secretKey");
  return backend.publicKeyOf(secretKey);
}

/** The x of a public key: 33 → 32 bytes. @throws {CryptoError} `bad_length` · `bad_point` */
export function xOnlyOf(publicKey: Uint8Array): Bytes {
  requirePublicKey(publicKey, "publicKey");
  return Uint8Array.from(publicKey.subarray(1));
}

/**
 * P + t·G.
 * @param publicKey 33 bytes
 * @param tweak 32 bytes big-endian, below the order (0 leaves P as it is)
 * @throws {CryptoError} `bad_length` · `bad_point` · `bad_scalar` · `infinity`
 */
export function tweakPublicKey(publicKey: Uint8Array, tweak: Uint8Array): Bytes {
  requirePublicKey(publicKey, "publicKey");
  requireTweak(tweak);
  return finite(backend.addGenerator(publicKey, tweak));
}

/**
 * s + t mod order; zero is refused like the point it belongs to.
 * @throws {CryptoError} `bad_length` · `bad_scalar` · `infinity`
 */
export function tweakSecretKey(secretKey: Uint8Array, tweak: Uint8Array): Bytes {
  requireSecretKey(secretKey, "secretKey");
  requireTweak(tweak);
  const sum = addScalars(secretKey, tweak);
  return finite(isZero(sum) ? null : sum);
}

/** P + Q, all 33 bytes. @throws {CryptoError} `bad_length` · `bad_point` · `infinity` */
export function addPublicKeys(p: Uint8Array, q: Uint8Array): Bytes {
  requirePublicKey(p, "p");
  requirePublicKey(q, "q");
  return finite(backend.add(p, q));
}

/**
 * t·P.
 * @param publicKey 33 bytes
 * @param factor 32 bytes big-endian, 1 … order − 1
 * @throws {CryptoError} `bad_length` · `bad_point` · `bad_scalar`
 */
export function multiplyPublicKey(publicKey: Uint8Array, factor: Uint8Array): Bytes {
  requirePublicKey(publicKey, "publicKey");
  requireSecretKey(factor, "factor");
  return backend.multiply(publicKey, factor);
}

/** s · t mod order, the secret key of t·(s·G). Both 32 bytes. @throws {CryptoError} `bad_length` · `bad_scalar` */
export function multiplySecretKey(secretKey: Uint8Array, factor: Uint8Array): Bytes {
  requireSecretKey(secretKey, "secretKey");
  requireSecretKey(factor, "factor");
  return multiplyScalars(secretKey, factor);
}

/**
 * Shared secret: sha256 of the compressed point s·P, libsecp256k1's default.
 * @param secretKey 32 bytes
 * @param publicKey 33 bytes
 * @returns 32 bytes. Secret.
 * @throws {CryptoError} `bad_length` · `bad_point` · `bad_scalar`
 */
export function ecdh(secretKey: Uint8Array, publicKey: Uint8Array): Bytes {
  requireSecretKey(secretKey, "secretKey");
  requirePublicKey(publicKey, "publicKey");
  return sha256(backend.multiply(publicKey, secretKey)) as Bytes;
}

/** @throws {CryptoError} `bad_length` · `bad_scalar` */
export function requireSecretKey(bytes: Uint8Array, argument: string): void {
  requireLength(bytes, 32, argument);
  if (!isSecretKey(bytes)) {
    throw new CryptoError({ code: "bad_scalar", argument }, `Argument '${argument}' is not in 1 … order − 1`);
  }
}

/** @throws {CryptoError} `bad_length` · `bad_point` */
export function requirePublicKey(bytes: Uint8Array, argument: string): void {
  requireLength(bytes, 33, argument);
  if (!backend.isPublicKey(bytes)) {
    throw new CryptoError(
      { code: "bad_point", argument },
      `Argument '${argument}' is not a compressed point of secp256k1`,
    );
  }
}

function requireTweak(tweak: Uint8Array): void {
  requireLength(tweak, 32, "tweak");
  if (!isBelowOrder(tweak)) {
    throw new CryptoError({ code: "bad_scalar", argument: "tweak" }, "Argument 'tweak' is not below the order");
  }
}

function finite(result: Bytes | null): Bytes {
  if (result === null) {
    throw new CryptoError({ code: "infinity", argument: "result" }, "The sum is the point at infinity");
  }
  return result;
}

function evenPoint(xOnly: Uint8Array): Bytes {
  return concat(Uint8Array.of(2), xOnly);
}
