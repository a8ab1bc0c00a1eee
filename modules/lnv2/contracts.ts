/**
 * Contracts of the lnv2 module. An *outgoing* contract pays a gateway for paying an invoice; an *incoming* one sells a
 * gateway the preimage of an invoice, which the guardians decrypt together once it is funded. Follows
 * fedimint-lnv2-common 0.13.0 (`contracts.rs`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { equalBytes, toHex } from "../../core/bytes.ts";
import { g1Point, g2Point } from "../../core/types/bls.ts";
import type { G1 } from "../../core/crypto/mod.ts";
import { isSecretKey, publicKeyOf, schnorrVerify } from "../../core/crypto/mod.ts";
import {
  decryptPreimage,
  encryptPreimage,
  verifyCiphertext,
  verifyDecryptionKey,
  verifyDecryptionShare,
} from "../../core/crypto/tpe.ts";
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, encode, fixedBytes, struct, u64 } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { amount, U64_MAX } from "../../core/types/amount.ts";
import type { Sha256 } from "../../core/types/ids.ts";
import { sha256Hash } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";

/** SHA-256 of a contract's encoding. */
export type ContractId = Sha256;
export const contractId: Codec<ContractId> = { ...sha256Hash, name: "ContractId" };

/** What a preimage must fit: its hash, or the public key of which it is the secret. */
export const paymentImage = closedEnum("PaymentImage", { Hash: sha256Hash, Point: publicKey });
export type PaymentImage = CodecType<typeof paymentImage>;

/** Expiration counts blocks. Keys are 33-byte compressed points. */
export const outgoingContract = struct("OutgoingContract", {
  paymentImage,
  amount,
  expiration: u64,
  /** The gateway's. */
  claimPk: publicKey,
  /** The payer's. */
  refundPk: publicKey,
  /** From which the payer finds its refund key again. */
  ephemeralPk: publicKey,
});
export type OutgoingContract = CodecType<typeof outgoingContract>;

/** Expiration is Unix time in seconds, or a fee (`feeEncodedExpiration`) where the receiver never saw the invoice. */
export const commitment = struct("Commitment", {
  paymentImage,
  amount,
  expiration: u64,
  /** The receiver's. */
  claimPk: publicKey,
  /** The gateway's. */
  refundPk: publicKey,
  ephemeralPk: publicKey,
});
export type Commitment = CodecType<typeof commitment>;

/** The preimage, encrypted to the federation and bound to a commitment. 176 bytes. */
export const cipherText = struct("CipherText", {
  /** 32 bytes */
  encryptedPreimage: fixedBytes(32),
  pk: g1Point,
  signature: g2Point,
});
export type CipherText = CodecType<typeof cipherText>;

export const incomingContract = struct("IncomingContract", { commitment, ciphertext: cipherText });
export type IncomingContract = CodecType<typeof incomingContract>;

function hashOf<T>(codec: Codec<T>, value: T): Bytes {
  return sha256(encode(codec, value)) as Bytes;
}

export function outgoingContractId(contract: OutgoingContract): ContractId {
  return toHex(hashOf(outgoingContract, contract)) as ContractId;
}

export function incomingContractId(contract: IncomingContract): ContractId {
  return toHex(hashOf(incomingContract, contract)) as ContractId;
}

/** 32 bytes: what a ciphertext is bound to. The contract's id covers the ciphertext as well. */
export function commitmentHash(value: Commitment): Bytes {
  return hashOf(commitment, value);
}

/** @param seed 32 bytes, secret: with it the receiver decrypts without the guardians. @param preimage 32 bytes */
export function makeIncomingContract(
  terms: Commitment,
  aggregateKey: G1,
  seed: Bytes,
  preimage: Bytes,
): IncomingContract {
  return { commitment: terms, ciphertext: encryptPreimage(aggregateKey, seed, preimage, commitmentHash(terms)) };
}

/** Whether the ciphertext was made for these very terms. Guardians take no other contract. */
export function isValidContract(contract: IncomingContract): boolean {
  return verifyCiphertext(contract.ciphertext, commitmentHash(contract.commitment));
}

/** Whether a guardian's share of the decryption key is of its public key share. */
export function isDecryptionShareOf(contract: IncomingContract, share: G1, publicKeyShare: G1): boolean {
  return verifyDecryptionShare(contract.ciphertext, commitmentHash(contract.commitment), share, publicKeyShare);
}

export function isDecryptionKeyOf(contract: IncomingContract, decryptionKey: G1, aggregateKey: G1): boolean {
  return verifyDecryptionKey(contract.ciphertext, commitmentHash(contract.commitment), decryptionKey, aggregateKey);
}

/** 32 bytes; null when what was encrypted is no preimage of the payment: then the gateway gets its money back. */
export function contractPreimage(contract: IncomingContract, decryptionKey: G1): Bytes | null {
  const preimage = decryptPreimage(contract.ciphertext, decryptionKey);
  return isPreimageOf(contract.commitment.paymentImage, preimage) ? preimage : null;
}

/** @param preimage 32 bytes */
export function isPreimageOf(image: PaymentImage, preimage: Bytes): boolean {
  if (image.tag === "Hash") return toHex(sha256(preimage)) === image.value;
  return isSecretKey(preimage) && equalBytes(publicKeyOf(preimage), image.value);
}

/**
 * The gateway's renouncement, 64 bytes BIP340 by the claim key over the contract's id: the payer may take the money
 * back at once.
 */
export function isForfeitSignature(contract: OutgoingContract, signature: Bytes): boolean {
  return schnorrVerify(signature, hashOf(outgoingContract, contract), contract.claimPk);
}

/** Is this a gateway's valid answer to a payment: the preimage, or a signature that forfeits the contract? */
export function isGatewayResponse(contract: OutgoingContract, response: Result<Bytes, Bytes>): boolean {
  return response.ok
    ? isPreimageOf(contract.paymentImage, response.value)
    : isForfeitSignature(contract, response.error);
}

/** The payer's order to pay, BIP340 by the refund key. @param digest 32 bytes, `invoiceDigest` */
export function isInvoiceAuth(contract: OutgoingContract, digest: Bytes, signature: Bytes): boolean {
  return schnorrVerify(signature, digest, contract.refundPk);
}

/** Receives by lnurl tell their gateway's fee (msat) in the expiration, as nothing else tells it to the receiver. */
export function feeEncodedExpiration(feeMsat: bigint): bigint {
  return U64_MAX - feeMsat;
}

export function feeFromExpiration(expiration: bigint): bigint {
  return U64_MAX - expiration;
}
