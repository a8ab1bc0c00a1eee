/**
 * What this project needs of secp256k1, small enough to have two implementations: `noble.ts`, the reference, and
 * `tiny.ts`, the fast one. A backend gets arguments whose lengths and scalar ranges `secp.ts`, `schnorr.ts` and
 * `ecdsa.ts` have checked already; points it checks itself.
 */
import type { Bytes } from "../../bytes.ts";

export interface SecpBackend {
  readonly name: "noble" | "tiny";
  /** 33-byte compressed public key of a valid secret key (32 bytes). */
  publicKeyOf(secretKey: Uint8Array): Bytes;
  /** True for a 33-byte compressed point of the curve. */
  isPublicKey(bytes: Uint8Array): boolean;
  /** P + t·G, 33 bytes; null for infinity. `point` is valid, t (32 bytes) below the order. */
  addGenerator(point: Uint8Array, t: Uint8Array): Bytes | null;
  /** P + Q, 33 bytes; null for infinity. Both points are valid. */
  add(p: Uint8Array, q: Uint8Array): Bytes | null;
  /** t·P, 33 bytes. `point` is valid, t (32 bytes) in 1 … order − 1. */
  multiply(point: Uint8Array, t: Uint8Array): Bytes;
  /** BIP340; digest, secret key and auxiliary randomness 32 bytes each. */
  schnorrSign(digest: Uint8Array, secretKey: Uint8Array, auxRand: Uint8Array): Bytes;
  /** BIP340; signature 64, digest 32, x-only key 32 bytes of any content. Never throws. */
  schnorrVerify(signature: Uint8Array, digest: Uint8Array, xOnly: Uint8Array): boolean;
  /** RFC 6979, low S, compact 64 bytes. */
  ecdsaSign(digest: Uint8Array, secretKey: Uint8Array): Bytes;
  /** Compact signature 64, digest 32, key 33 bytes of any content; a high S is refused. Never throws. */
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean;
}

/** A signature to verify by BIP340: 64, 32 and 32 bytes of any content. */
export type SchnorrCheck = {
  readonly signature: Uint8Array;
  readonly digest: Uint8Array;
  readonly xOnly: Uint8Array;
};

/** Verifies signatures (64 bytes, of a digest of 32, both of any content) by one key. Never throws. */
export type KeyVerifier = (signature: Uint8Array, digest: Uint8Array) => boolean;

/** What verifies Schnorr signatures, and nothing else. */
export interface SchnorrVerifier {
  readonly name: "wide" | SecpBackend["name"];
  /** Whether many together cost less than each alone. */
  readonly batches: boolean;
  /** Whether all of them hold. Never throws. */
  allHold(checks: readonly SchnorrCheck[]): boolean;
  /**
   * For an x-only key (32 bytes) whose signatures come again and again: gives the same verdicts as `allHold`, for less.
   * Null where that costs as much: for what is no key, and when there are too many.
   */
  keyVerifier(xOnly: Uint8Array): KeyVerifier | null;
}
