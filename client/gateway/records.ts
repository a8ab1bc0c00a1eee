/**
 * What a gateway stores beside its wallets, in a part of their database (`20`).
 *
 * | prefix | key | value |
 * |---|---|---|
 * | 01 | – | index that the next federation gets |
 * | 02 | federation 32 | `FederationRecord` |
 * | 03 | payment hash 32 | `Registration`: an incoming contract with an invoice of the node's |
 * | 04 | Unix seconds u64 BE ‖ payment hash 32 | nothing: when the registration's invoice expires |
 * | 05 | – | how many registrations there are |
 * | 06 | payment hash 32 | `OutgoingRecord`: whose payment it is, and its way. There is one for ever |
 * | 07 | – | 33 bytes: the node's key |
 * | 08 | – | 32 bytes, secret: the key that names the gateway |
 * | 09 | payment hash 32 | nothing: the node has had a record of the payment whose record is under `06` |
 * | 0a | – | commits that the embedded node has made at least; there is one once that node has begun |
 * | 0b | payment hash 32 ‖ channel ‖ HTLC | secret until the forward has ended: the 32-byte preimage that settles it |
 * | 0c | Unix seconds u64 BE ‖ key of `0b` | nothing: when that answer was kept |
 * | 0d | federation 32 ‖ payment hash 32 | nothing: a swap into it, of which the outcome isn't kept under `06` yet |
 * | 0e | – | nothing: all swaps stand under `0d` that should |
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { ReadTx, StoreTx, StoreView } from "../../actors/store/store.ts";
import { numberKey } from "../../actors/store/number_key.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex, toHex } from "../../core/bytes.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import {
  bool,
  closedEnum,
  decode,
  encode,
  fixedBytes,
  option,
  Reader,
  struct,
  text,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import type { FederationId, Sha256 } from "../../core/types/ids.ts";
import { federationId, operationId, sha256Hash } from "../../core/types/ids.ts";
import { publicKey, secretKey } from "../../core/types/keys.ts";
import { slot, table } from "../../modules/contract/records.ts";
import type { ContractId } from "../../modules/lnv2/contracts.ts";
import { incomingContract } from "../../modules/lnv2/contracts.ts";
import { paymentFee } from "../../modules/lnv2/fees.ts";
import { cancelled } from "../../modules/lnv2/gateway/states.ts";
import { REGISTERED_MAX } from "./limits.ts";

const PART = Uint8Array.of(0x20);

/** The gateway's part of a database. */
export function gatewayPart(store: StoreView): StoreView {
  return store.view(PART);
}

/** A federation that the gateway serves. */
const federationRecord = struct("FederationRecord", {
  inviteCode: text,
  /** Short channel id of invoices of version 1; the first is 1. None is used twice. */
  index: u64Number,
  lightningFee: paymentFee,
  transactionFee: paymentFee,
  receiveEnabled: bool,
});
export type FederationRecord = CodecType<typeof federationRecord>;

/** An incoming contract, and what was asked for it. */
const registration = struct("Registration", {
  federationId,
  amountMsat: amount,
  invoiceExpiresAtSecs: u64Number,
  contract: incomingContract,
});
export type Registration = CodecType<typeof registration>;

/** Where a payment goes. */
const way = closedEnum("PaymentWay", {
  /** Over Lightning, by the node. */
  Node: unit,
  /** Into the contract of a receiver of one of the gateway's federations. */
  Swap: struct("Swap", { federationId, contract: incomingContract }),
  /** Over Lightning, after the node's payment of this number has failed, which was another's. */
  NodeAfter: u64,
  /** The same where the receiver has made an offer in the module ln. */
  Lnv1Swap: struct("Lnv1Swap", { federationId }),
  /** It went into this federation, and has brought this preimage. */
  Swapped: struct("Swapped", { federationId, preimage: fixedBytes(32) }),
  /** It was to go into a federation, and nothing was paid there. */
  NotSwapped: cancelled,
});
export type Way = CodecType<typeof way>;

/** The federation into which a payment on this way goes; null for one that has ended, or goes by the node. */
export function swapInto(way: Way): FederationId | null {
  return way.tag === "Swap" || way.tag === "Lnv1Swap" ? way.value.federationId : null;
}

/**
 * The operation, of all federations, that is to pay a hash: the first one, until it has ended without a payment. `way`:
 * null until anything of it may have begun.
 */
const outgoingRecord = struct("OutgoingRecord", { federationId, operationId, way: option(way) });
export type OutgoingRecord = CodecType<typeof outgoingRecord>;

/** Names a forward: its hash, and the incoming HTLC. */
const forwardKey = struct("ForwardKey", { paymentHash: sha256Hash, channel: u64, htlc: u64 });
export type ForwardKey = CodecType<typeof forwardKey>;

const nextIndex = slot(0x01, u64Number);
export const federations = table(0x02, federationId, federationRecord);
const registrations = table(0x03, sha256Hash, registration);
const EXPIRATIONS = Uint8Array.of(0x04);
const registered = slot(0x05, u64Number);
export const outgoing = table(0x06, sha256Hash, outgoingRecord);
export const nodeKey = slot(0x07, publicKey);
/** Secret. */
export const gatewayKey = slot(0x08, secretKey);
export const seenAtNode = table(0x09, sha256Hash, unit);
export const nodeCommits = slot(0x0a, u64Number);
const answers = table(0x0b, forwardKey, fixedBytes(32));
const ANSWERED = Uint8Array.of(0x0c);
export const swaps = table(0x0d, struct("SwapKey", { federationId, paymentHash: sha256Hash }), unit);
export const swapsListed = slot(0x0e, unit);

/** An index that no federation has, and none had. */
export async function takeIndex(tx: StoreTx): Promise<number> {
  const index = await nextIndex.get(tx) ?? 1;
  nextIndex.set(tx, index + 1);
  return index;
}

export function registrationOf(tx: ReadTx, paymentHash: Sha256): Promise<Registration | undefined> {
  return registrations.get(tx, paymentHash);
}

function expirationKey(
  paymentHash: Sha256,
  { invoiceExpiresAtSecs }: Pick<Registration, "invoiceExpiresAtSecs">,
): Bytes {
  return concat(numberKey(EXPIRATIONS, invoiceExpiresAtSecs), fromHex(paymentHash));
}

/** @returns `taken`: the hash has one already · `full`: there are too many */
export async function register(
  tx: StoreTx,
  paymentHash: Sha256,
  value: Registration,
): Promise<"registered" | "taken" | "full"> {
  if (await registrations.get(tx, paymentHash) !== undefined) return "taken";
  const count = await registered.get(tx) ?? 0;
  if (count >= REGISTERED_MAX) return "full";
  registered.set(tx, count + 1);
  registrations.set(tx, paymentHash, value);
  tx.set(expirationKey(paymentHash, value), new Uint8Array(0));
  return "registered";
}

/** Nothing happens when there is none. */
export async function unregister(tx: StoreTx, paymentHash: Sha256): Promise<void> {
  const head = await registrationHead(tx, paymentHash);
  if (!head) return;
  registrations.delete(tx, paymentHash);
  tx.delete(expirationKey(paymentHash, head));
  registered.set(tx, (await registered.get(tx) ?? 1) - 1);
}

/** What is read of a registration where there are many: its contract's points take milliseconds. */
export type RegistrationHead = Omit<Registration, "contract"> & { readonly contractId: ContractId };

function headOf(value: Bytes): RegistrationHead {
  const reader = new Reader(value);
  return {
    federationId: federationId.read(reader),
    amountMsat: amount.read(reader),
    invoiceExpiresAtSecs: u64Number.read(reader),
    contractId: toHex(sha256(reader.rest())) as ContractId,
  };
}

export async function registrationHead(tx: ReadTx, paymentHash: Sha256): Promise<RegistrationHead | undefined> {
  const value = await tx.get(registrations.keyOf(paymentHash));
  return value && headOf(value);
}

/** A page of the registrations of all federations, in the order of payment hashes. */
export async function registrationHeads(
  tx: ReadTx,
  { after, limit }: { readonly after: Sha256 | null; readonly limit: number },
): Promise<(readonly [Sha256, RegistrationHead])[]> {
  const page: (readonly [Sha256, RegistrationHead])[] = [], { prefix } = registrations;
  const start = after === null ? prefix : concat(registrations.keyOf(after), Uint8Array.of(0));
  for await (const { key, value } of tx.range({ prefix, start, limit })) {
    page.push([toHex(key.subarray(prefix.length)) as Sha256, headOf(value)]);
  }
  return page;
}

/** Deletes registrations whose invoices expired before a time. @returns how many; at most `limit` */
export async function pruneRegistrations(tx: StoreTx, expiredBeforeSecs: number, limit: number): Promise<number> {
  const hashes: Sha256[] = [];
  const end = numberKey(EXPIRATIONS, expiredBeforeSecs);
  for await (const { key } of tx.range({ prefix: EXPIRATIONS, end, limit })) {
    hashes.push(toHex(key.subarray(9)) as Sha256);
  }
  for (const hash of hashes) await unregister(tx, hash);
  return hashes.length;
}

/** Keeps the preimage (32 bytes) that settles a forward, unless it is kept already. */
export async function keepAnswer(tx: StoreTx, key: ForwardKey, preimage: Bytes, nowSecs: number): Promise<void> {
  if (await answers.get(tx, key)) return;
  answers.set(tx, key, preimage);
  tx.set(concat(numberKey(ANSWERED, nowSecs), encode(forwardKey, key)), new Uint8Array(0));
}

/** The 32-byte preimage that settles a forward; undefined where none is kept. */
export function answerTo(tx: ReadTx, key: ForwardKey): Promise<Bytes | undefined> {
  return answers.get(tx, key);
}

/** Deletes answers that were kept before a time. @returns how many; at most `limit` */
export async function pruneAnswers(tx: StoreTx, keptBeforeSecs: number, limit: number): Promise<number> {
  const end = numberKey(ANSWERED, keptBeforeSecs), keys: Bytes[] = [];
  for await (const { key } of tx.range({ prefix: ANSWERED, end, limit })) keys.push(key);
  for (const key of keys) {
    answers.delete(tx, decode(forwardKey, key.subarray(9)));
    tx.delete(key);
  }
  return keys.length;
}
