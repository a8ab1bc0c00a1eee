/**
 * What guardians sign with their broadcast keys inside a federation: session headers, units, alerts.
 * docs/protocol/03-consensus.md §A2.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../bytes.ts";
import { concat } from "../bytes.ts";
import { Writer } from "../encoding/io.ts";
import { requirePublicKey } from "./secp.ts";
import { schnorrSign, schnorrVerifierOf } from "./schnorr.ts";

/**
 * `sha256(enc(Map<PeerId, PublicKey>))`: binds every signature to one federation.
 * @param broadcastKeys 33 bytes each, by peer id 0, 1, 2, …
 * @returns 32 bytes
 * @throws {CryptoError} `bad_length` · `bad_point`
 * Source: fedimint-server `aleph_bft/keychain.rs`.
 */
export function keychainTag(broadcastKeys: readonly Uint8Array[]): Bytes {
  const writer = new Writer();
  writer.bigSize(broadcastKeys.length);
  broadcastKeys.forEach((key, peer) => {
    requirePublicKey(key, "broadcastKeys");
    writer.bigSize(peer);
    writer.raw(key);
  });
  return sha256(writer.finish()) as Bytes;
}

/** `sha256(tag ‖ message)`: what is signed. 32 bytes. */
export function keychainDigest(tag: Uint8Array, message: Uint8Array): Bytes {
  return sha256(concat(tag, message)) as Bytes;
}

/**
 * @param tag 32 bytes of `keychainTag`
 * @param message any length: a unit's hash, a session header, … (docs/protocol/03-consensus.md §A2)
 * @param secretKey 32 bytes, own broadcast key. Secret.
 * @param auxRand 32 fresh random bytes
 * @returns 64 bytes
 * @throws {CryptoError} `bad_length` · `bad_scalar`
 */
export function keychainSign(
  tag: Uint8Array,
  message: Uint8Array,
  secretKey: Uint8Array,
  auxRand: Uint8Array,
): Bytes {
  return schnorrSign(keychainDigest(tag, message), secretKey, auxRand);
}

/** False for an index that is no guardian's, any number. Never throws. */
export type KeychainVerifier = (peer: number | bigint, message: Uint8Array, signature: Uint8Array) => boolean;

/** @param broadcastKeys by peer id */
export function keychainVerifier(tag: Uint8Array, broadcastKeys: readonly Uint8Array[]): KeychainVerifier {
  const verifiers = broadcastKeys.map(schnorrVerifierOf);
  return (peer, message, signature) => verifiers[Number(peer)]?.(signature, keychainDigest(tag, message)) ?? false;
}

/**
 * AlephBFT's hash: `sha256(BS(length) ‖ bytes)`, the length is hashed too. 32 bytes. Source: `aleph_bft/network.rs`.
 */
export function alephHash(bytes: Uint8Array): Bytes {
  const writer = new Writer(bytes.length + 9);
  writer.sized(bytes);
  return sha256(writer.finish()) as Bytes;
}
