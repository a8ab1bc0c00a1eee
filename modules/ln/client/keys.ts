/**
 * What a wallet derives from its words for this module, and the ids of its operations. Follows fedimint-ln-client
 * 0.13.0 (`lib.rs`, `recurring/mod.rs`).
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../../core/bytes.ts";
import { concatAll, fromHex, toHex } from "../../../core/bytes.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { publicKeyOf, tweakPublicKey, tweakSecretKey } from "../../../core/crypto/secp.ts";
import type { FederationId, OperationId, Sha256 } from "../../../core/types/ids.ts";

const CHILD = { redeem: 0, preimageAuth: 1, recurring: 2 } as const;

/** 32 bytes, secret: takes back incoming contracts that the wallet funded. A gateway's claims outgoing ones. */
export function redeemKey(moduleSecret: DerivableSecret): Bytes {
  return moduleSecret.child(CHILD.redeem).secpKey();
}

/** 32 bytes, secret. */
export function preimageAuthKey(moduleSecret: DerivableSecret): Bytes {
  return moduleSecret.child(CHILD.preimageAuth).secpKey();
}

/** By which a gateway knows that it is the same wallet that asks again for a payment. */
export function preimageAuth(moduleSecret: DerivableSecret, paymentHash: Sha256): Sha256 {
  return toHex(sha256(concatAll([fromHex(paymentHash), preimageAuthKey(moduleSecret)]))) as Sha256;
}

/** @param attempt from 1 on; a u16 */
export function payOperationId(paymentHash: Sha256, attempt: number): OperationId {
  const index = Uint8Array.of(attempt & 0xff, attempt >> 8);
  return toHex(sha256(concatAll([fromHex(paymentHash), index]))) as OperationId;
}

/** An invoice is received once. */
export function receiveOperationId(paymentHash: Sha256): OperationId {
  return paymentHash as string as OperationId;
}

/**
 * The node that nobody has: last hop, over channel 0, of invoices that are to be paid within the federation alone. 33
 * bytes.
 */
export function internalNode(federationId: FederationId): Bytes {
  return publicKeyOf(fromHex(federationId));
}

/** 32 bytes, secret: root of all keys of one payment code (an LNURL), by its number. */
export function paymentCodeKey(moduleSecret: DerivableSecret, code: number | bigint): Bytes {
  return moduleSecret.child(CHILD.recurring).child(code).secpKey();
}

/** By which its server knows a payment code. */
export function paymentCodeId(rootPublicKey: Bytes): Sha256 {
  return toHex(sha256(rootPublicKey)) as Sha256;
}

function invoiceTweak(publicKey: Bytes, index: bigint): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, index);
  return hmac(sha256, publicKey, bytes) as Bytes;
}

/** 33 bytes: to whom the index-th invoice of a payment code goes, or of another user. */
export function invoicePublicKey(userKey: Bytes, index: bigint): Bytes {
  return tweakPublicKey(userKey, invoiceTweak(userKey, index));
}

/** Its secret, 32 bytes. */
export function invoiceSecretKey(userSecret: Bytes, index: bigint): Bytes {
  return tweakSecretKey(userSecret, invoiceTweak(publicKeyOf(userSecret), index));
}
