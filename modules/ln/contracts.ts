/**
 * Contracts of the ln module. An *outgoing* contract pays a gateway for the preimage of an invoice. An *incoming* one
 * buys a preimage that somebody offered: when it is funded the guardians decrypt what the offer holds, and the money is
 * the offerer's if that is the preimage, and the buyer's if it isn't. Follows fedimint-ln-common 0.13.0 (`contracts/`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import { concatAll, fromHex, toHex, utf8 } from "../../core/bytes.ts";
import { isPublicKey, schnorrVerify } from "../../core/crypto/mod.ts";
import type { ThresholdCiphertext } from "../../core/crypto/threshold_crypto.ts";
import type { Codec, CodecType } from "../../core/encoding/mod.ts";
import {
  bool,
  bytes,
  closedEnum,
  encode,
  fixedBytes,
  option,
  struct,
  u32,
  u64,
  unit,
} from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import type { OutPoint, Sha256 } from "../../core/types/ids.ts";
import { outPoint, sha256Hash } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import { storedCiphertext, thresholdCiphertext } from "./threshold_codecs.ts";

/** Of an incoming contract its payment hash, so one invoice has one; of an outgoing one a hash of its terms. */
export type ContractId = Sha256;
export const contractId: Codec<ContractId> = { ...sha256Hash, name: "ContractId" };

/** 32 bytes, JSON an array of numbers. */
export const preimage: Codec<Bytes> = { ...fixedBytes(32), name: "Preimage" };

/** What an offer encrypts, 33 bytes: the recipient's key. Its hash is the preimage; who has the key has the money. */
const preimageKey: Codec<Bytes> = { ...fixedBytes(33), name: "PreimageKey" };

/** What came of the decryption: not known yet, the key (33 bytes), or something else. */
export const decryptedPreimage = closedEnum("DecryptedPreimage", { Pending: unit, Some: preimageKey, Invalid: unit });
export type DecryptedPreimage = CodecType<typeof decryptedPreimage>;

/** The same as it is told to gateways: with the preimage (32 bytes). */
export const decryptedPreimageStatus = closedEnum("DecryptedPreimageStatus", {
  Pending: unit,
  Some: preimage,
  Invalid: unit,
});
export type DecryptedPreimageStatus = CodecType<typeof decryptedPreimageStatus>;

function offerOf(encryptedPreimage: Codec<ThresholdCiphertext>) {
  return struct("IncomingContractOffer", { amount, hash: sha256Hash, encryptedPreimage, expiryTime: option(u64) });
}

/** `amount` msat is what the preimage costs; `expiryTime` in seconds, of which guardians take no notice. */
export const incomingContractOffer = offerOf(thresholdCiphertext);
export type IncomingContractOffer = CodecType<typeof incomingContractOffer>;
export const storedOffer: Codec<IncomingContractOffer> = offerOf(storedCiphertext);

/** `gatewayKey` is the buyer's: gets the money back when no preimage comes out. */
function incomingOf(encryptedPreimage: Codec<ThresholdCiphertext>) {
  return struct("IncomingContract", { hash: sha256Hash, encryptedPreimage, decryptedPreimage, gatewayKey: publicKey });
}

export const incomingContract = incomingOf(thresholdCiphertext);
export type IncomingContract = CodecType<typeof incomingContract>;

export const outgoingContract = struct("OutgoingContract", {
  hash: sha256Hash,
  /** Gets the money for the preimage. */
  gatewayKey: publicKey,
  /** Height of the last block in which the gateway may claim. */
  timelock: u32,
  /** Gets the money back afterwards, or when the gateway has given up. */
  userKey: publicKey,
  cancelled: bool,
});
export type OutgoingContract = CodecType<typeof outgoingContract>;

export const contract = closedEnum("Contract", { Incoming: incomingContract, Outgoing: outgoingContract });
export type Contract = CodecType<typeof contract>;

/** `outPoint`: the output that funded it first. */
function fundedOf(contract: Codec<IncomingContract>) {
  return closedEnum("FundedContract", {
    Incoming: struct("FundedIncomingContract", { contract, outPoint }),
    Outgoing: outgoingContract,
  });
}

function accountOf(contract: Codec<IncomingContract>) {
  return struct("ContractAccount", { amount, contract: fundedOf(contract) });
}

/** A contract and what lies in it. Emptied ones stay. */
export const contractAccount = accountOf(incomingContract);
export type ContractAccount = CodecType<typeof contractAccount>;
export const storedAccount: Codec<ContractAccount> = accountOf(incomingOf(storedCiphertext));
export type FundedContract = ContractAccount["contract"];

export const incomingContractAccount = struct("IncomingContractAccount", { amount, contract: incomingContract });
export type IncomingContractAccount = CodecType<typeof incomingContractAccount>;

export const contractOutcome = closedEnum("ContractOutcome", {
  Incoming: decryptedPreimage,
  Outgoing: struct("OutgoingContractOutcome", {}),
});
export type ContractOutcome = CodecType<typeof contractOutcome>;

const CANCELLATION_TAG = utf8("outgoing contract cancellation");

export function outgoingContractId(terms: OutgoingContract): ContractId {
  const { hash, gatewayKey, timelock, userKey } = terms;
  return toHex(sha256(concatAll([fromHex(hash), gatewayKey, encode(u32, timelock), userKey]))) as ContractId;
}

export function contractIdOf(of: Contract): ContractId {
  return of.tag === "Incoming" ? of.value.hash : outgoingContractId(of.value);
}

export function fundedContractId(of: FundedContract): ContractId {
  return of.tag === "Incoming" ? of.value.contract.hash : outgoingContractId(of.value);
}

/** What an output says that funded it. */
export function outcomeOf(of: Contract): ContractOutcome {
  return of.tag === "Incoming"
    ? { tag: "Incoming", value: { tag: "Pending", value: null } }
    : { tag: "Outgoing", value: {} };
}

export function toFunded(of: Contract, at: OutPoint): FundedContract {
  return of.tag === "Incoming"
    ? { tag: "Incoming", value: { contract: of.value, outPoint: at } }
    : { tag: "Outgoing", value: of.value };
}

/** 32 bytes: what a gateway signs that gives a payment up. */
export function cancellationMessage(id: ContractId): Bytes {
  return sha256(concatAll([encode(bytes, CANCELLATION_TAG), fromHex(id)])) as Bytes;
}

/** Has this contract's gateway given it up? `signature`: BIP340, 64 bytes. */
export function isCancellation(terms: OutgoingContract, signature: Bytes): boolean {
  return schnorrVerify(signature, cancellationMessage(outgoingContractId(terms)), terms.gatewayKey);
}

/** 32 bytes: the preimage of which a key (33 bytes) is the secret. */
export function preimageOfKey(key: Bytes): Bytes {
  return sha256(key) as Bytes;
}

/** The payment hash of an offer whose recipient has this key. */
export function paymentHashOfKey(key: Bytes): Sha256 {
  return toHex(sha256(preimageOfKey(key))) as Sha256;
}

/** Does the hash belong to this preimage (32 bytes)? */
export function isPreimageOf(hash: Sha256, candidate: Bytes): boolean {
  return toHex(sha256(candidate)) === hash;
}

/** What came out of a decryption. A right hash alone isn't enough: the money must have an owner. */
export function judgeDecrypted(hash: Sha256, plaintext: Bytes): DecryptedPreimage {
  return plaintext.length === 33 && paymentHashOfKey(plaintext) === hash && isPublicKey(plaintext)
    ? { tag: "Some", value: plaintext }
    : { tag: "Invalid", value: null };
}

/** The same with the preimage, as gateways are told. */
export function statusOf(decrypted: DecryptedPreimage): DecryptedPreimageStatus {
  return decrypted.tag === "Some" ? { tag: "Some", value: preimageOfKey(decrypted.value) } : decrypted;
}
