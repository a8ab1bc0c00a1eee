/**
 * What the walletv2 module stores in a client.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 31 | – | BS: index of the next output to look at |
 * | 32 | index u64 BE | nothing: this address index passes the filter |
 * | 33 | – | BS: address indices below this one have been tried |
 * | 34 | output index u64 BE | operation ‖ txid: its claim is under way |
 * | 35 | output index u64 BE | address index ‖ BS sat: a deposit put off, without its value (version 0) |
 * | 36 | operation 32 | the change outputs of a claim |
 * | 37 | value u64 BE ‖ output index u64 BE | a deposit to claim |
 * | 38 | value u64 BE ‖ output index u64 BE | a deposit that is too small for its fee |
 * | 39 | – | BS ms since the epoch: when all that guardians have seen was last looked through |
 * | 3a | – | BS: the highest address index to which something was paid |
 * | 3b | derivation | the module's secret by another derivation: its addresses are watched too |
 * | 3c | output index u64 BE | nothing: a deposit that this wallet has claimed |
 * | 3d | – | true while a recovery goes on: searches are in a hurry |
 * | 41, 42, 43, 4a | as 31, 32, 33, 3a | the same of addresses by the SDK's derivation |
 *
 * In version 1 entries of 37 and 38 had no derivation: all were the wallet's own.
 */
import { bigintIn, numberIn, numberKey } from "../../../actors/store/number_key.ts";
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { bitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, fromHex } from "../../../core/bytes.ts";
import type { Codec, CodecType } from "../../../core/encoding/mod.ts";
import { bool, bytes, decode, encode, option, struct, text, u64Number } from "../../../core/encoding/mod.ts";
import type { OperationId, OutPointRange } from "../../../core/types/ids.ts";
import { operationId, outPointRange, transactionId } from "../../../core/types/ids.ts";
import type { Schema } from "../../../actors/store/schema.ts";
import { nothingToMigrate } from "../../../actors/store/schema.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { derivation } from "../../contract/recovered.ts";
import type { Derivation } from "../../contract/recovery.ts";
import type { Slot } from "../../contract/records.ts";
import { slot, table } from "../../contract/records.ts";
import { satoshi } from "../config.ts";

/** How far addresses of one derivation are known and looked at. */
type AddressRows = {
  readonly nextOutput: Slot<number>;
  readonly valid: Uint8Array;
  readonly searched: Slot<number>;
  readonly used: Slot<number>;
};

function addressRows(first: number): AddressRows {
  return {
    nextOutput: slot(first, u64Number),
    valid: Uint8Array.of(first + 1),
    searched: slot(first + 2, u64Number),
    used: slot(first + 9, u64Number),
  };
}

const ROWS: Readonly<Record<Derivation, AddressRows>> = { standard: addressRows(0x31), sdk: addressRows(0x41) };
const CLAIMS = Uint8Array.of(0x34);
const DEFERRED = Uint8Array.of(0x35);
const CHANGE = Uint8Array.of(0x36);
const TO_CLAIM = Uint8Array.of(0x37);
const PUT_OFF = Uint8Array.of(0x38);
const lastLookMs = slot(0x39, u64Number);
/** Secret. */
const otherSecrets = table(0x3b, derivation, bytes);
const CLAIMED = Uint8Array.of(0x3c);
/** True while the wallet recovers; false before that, when it is restored and lets other modules recover first. */
const recovering = slot(0x3d, bool);
/** Changes when it begins and when it is over. */
export const RECOVERING = recovering.key;

const deferred = struct("Deferred", { addressIndex: u64Number, feeSat: satoshi });

const claim = struct("Claim", { operationId, txid: transactionId });
export type Claim = CodecType<typeof claim>;

const depositFacts = {
  /** None in the answer of a guardian that leaves it out. */
  outpoint: option(bitcoinOutPoint),
  /** Claims that failed, by guardians or before. */
  tries: u64Number,
  /** Why the last one did; "" before. */
  reason: text,
} as const;
const deposit = struct("Deposit", { addressIndex: u64Number, derivation, ...depositFacts });
const ownDeposit = struct("OwnDeposit", { addressIndex: u64Number, ...depositFacts });
/** Money on the chain that is this wallet's and not yet e-cash. */
export type Deposit = CodecType<typeof deposit> & { readonly outputIndex: number; readonly valueSat: bigint };
/** Which list it stands in. */
export type DepositList = "to_claim" | "put_off";

async function read<T>(tx: ReadTx, key: Uint8Array, codec: Codec<T>): Promise<T | undefined> {
  const value = await tx.get(key);
  return value && decode(codec, value);
}

export async function getNextOutput(tx: ReadTx, of: Derivation = "standard"): Promise<number> {
  return await ROWS[of].nextOutput.get(tx) ?? 0;
}

/** Output indices below this one are done with. */
export function setNextOutput(tx: StoreTx, index: number, of: Derivation = "standard"): void {
  ROWS[of].nextOutput.set(tx, index);
}

/** The prefix of valid indices, to wait on. */
export function validPrefix(of: Derivation): Uint8Array {
  return ROWS[of].valid;
}

/** Ascending. */
export async function validIndices(tx: ReadTx, of: Derivation = "standard"): Promise<number[]> {
  const indices: number[] = [];
  for await (const { key } of tx.range({ prefix: ROWS[of].valid })) indices.push(numberIn(key, 1));
  return indices;
}

export async function highestValidIndex(tx: ReadTx, of: Derivation = "standard"): Promise<number | undefined> {
  for await (const { key } of tx.range({ prefix: ROWS[of].valid, reverse: true, limit: 1 })) return numberIn(key, 1);
  return undefined;
}

/** What was found counts as tried. */
export function addValidIndex(tx: StoreTx, index: number, of: Derivation = "standard"): void {
  tx.set(numberKey(ROWS[of].valid, index), new Uint8Array(0));
  setSearched(tx, index + 1, of);
}

export function getLastLookMs(tx: ReadTx): Promise<number | undefined> {
  return lastLookMs.get(tx);
}

export function setLastLookMs(tx: StoreTx, ms: number): void {
  lastLookMs.set(tx, ms);
}

export function getUsedIndex(tx: ReadTx, of: Derivation = "standard"): Promise<number | undefined> {
  return ROWS[of].used.get(tx);
}

export function setUsedIndex(tx: StoreTx, index: number, of: Derivation = "standard"): void {
  ROWS[of].used.set(tx, index);
}

export async function getSearched(tx: ReadTx, of: Derivation = "standard"): Promise<number> {
  return await ROWS[of].searched.get(tx) ?? 0;
}

export function setSearched(tx: StoreTx, index: number, of: Derivation = "standard"): void {
  ROWS[of].searched.set(tx, index);
}

/** Secrets of other derivations than the wallet's own. Secret. */
export async function watchedSecrets(tx: ReadTx): Promise<(readonly [Derivation, DerivableSecret])[]> {
  const secrets: (readonly [Derivation, DerivableSecret])[] = [];
  for await (const [of, encoded] of otherSecrets.entries(tx)) secrets.push([of, DerivableSecret.fromBytes(encoded)]);
  return secrets;
}

/** Changes when another secret is to be watched. */
export const WATCHED = otherSecrets.prefix;

/** From now on its addresses are watched too. */
export function watchSecret(tx: StoreTx, of: Derivation, secret: DerivableSecret): void {
  otherSecrets.set(tx, of, secret.toBytes());
}

export async function isRecovering(tx: ReadTx): Promise<boolean> {
  return await recovering.get(tx) ?? false;
}

export async function givesWay(tx: ReadTx): Promise<boolean> {
  return await recovering.get(tx) === false;
}

/** The wallet is restored; its recovery begins with `setRecovering`. */
export function setRestored(tx: StoreTx): void {
  recovering.set(tx, false);
}

export function setRecovering(tx: StoreTx, isSo: boolean): void {
  if (isSo) recovering.set(tx, true);
  else recovering.delete(tx);
}

/** Whether guardians accepted a claim of this wallet, as far as it knows. */
export async function isClaimed(tx: ReadTx, outputIndex: number): Promise<boolean> {
  return await tx.get(numberKey(CLAIMED, outputIndex)) !== undefined;
}

/**
 * Keeps that it was this wallet that claimed an output: a wallet that is restored from its words tells by it what it
 * has claimed from what was claimed before.
 */
export function setClaimed(tx: StoreTx, outputIndex: number): void {
  tx.set(numberKey(CLAIMED, outputIndex), new Uint8Array(0));
}

export function getClaim(tx: ReadTx, outputIndex: number): Promise<Claim | undefined> {
  return read(tx, numberKey(CLAIMS, outputIndex), claim);
}

export function setClaim(tx: StoreTx, outputIndex: number, value: Claim): void {
  tx.set(numberKey(CLAIMS, outputIndex), encode(claim, value));
}

export function deleteClaim(tx: StoreTx, outputIndex: number): void {
  tx.delete(numberKey(CLAIMS, outputIndex));
}

/** Outputs that an older version put off. */
export async function oldDeferredOutputs(tx: ReadTx): Promise<{ outputIndex: number; addressIndex: number }[]> {
  const outputs: { outputIndex: number; addressIndex: number }[] = [];
  for await (const { key, value } of tx.range({ prefix: DEFERRED })) {
    outputs.push({ outputIndex: numberIn(key, 1), addressIndex: decode(deferred, value).addressIndex });
  }
  return outputs;
}

export function deleteOldDeferred(tx: StoreTx, outputIndex: number): void {
  tx.delete(numberKey(DEFERRED, outputIndex));
}

function prefixOf(list: DepositList): Uint8Array {
  return list === "to_claim" ? TO_CLAIM : PUT_OFF;
}

/** Largest last: a stranger's dust never stands before real money. */
function depositKey(list: DepositList, { outputIndex, valueSat }: Pick<Deposit, "outputIndex" | "valueSat">): Bytes {
  return numberKey(numberKey(prefixOf(list), valueSat), outputIndex);
}

/** Largest first; all of the list without `limit`. */
export async function depositsIn(tx: ReadTx, list: DepositList, limit?: number): Promise<Deposit[]> {
  const deposits: Deposit[] = [];
  const range = { prefix: prefixOf(list), reverse: true, ...(limit !== undefined && { limit }) };
  for await (const { key, value } of tx.range(range)) {
    deposits.push({ outputIndex: numberIn(key, 9), valueSat: bigintIn(key, 1), ...decode(deposit, value) });
  }
  return deposits;
}

/** Puts a deposit into a list, out of the other one. */
export function setDeposit(tx: StoreTx, list: DepositList, { outputIndex, valueSat, ...facts }: Deposit): void {
  deleteDeposit(tx, { outputIndex, valueSat });
  tx.set(depositKey(list, { outputIndex, valueSat }), encode(deposit, facts));
}

export function deleteDeposit(tx: StoreTx, which: Pick<Deposit, "outputIndex" | "valueSat">): void {
  tx.delete(depositKey("to_claim", which));
  tx.delete(depositKey("put_off", which));
}

export async function hasDeposit(tx: ReadTx, which: Pick<Deposit, "outputIndex" | "valueSat">): Promise<boolean> {
  return await tx.get(depositKey("to_claim", which)) !== undefined ||
    await tx.get(depositKey("put_off", which)) !== undefined;
}

export function getChange(tx: ReadTx, operation: OperationId): Promise<OutPointRange | undefined> {
  return read(tx, concat(CHANGE, fromHex(operation)), outPointRange);
}

export function setChange(tx: StoreTx, operation: OperationId, range: OutPointRange): void {
  tx.set(concat(CHANGE, fromHex(operation)), encode(outPointRange, range));
}

/** Deposits get their derivation. */
async function deriveDeposits(tx: StoreTx): Promise<void> {
  const before: { readonly key: Bytes; readonly value: Bytes }[] = [];
  for (const prefix of [TO_CLAIM, PUT_OFF]) {
    for await (const { key, value } of tx.range({ prefix })) before.push({ key: key as Bytes, value: value as Bytes });
  }
  for (const { key, value } of before) {
    tx.set(key, encode(deposit, { ...decode(ownDeposit, value), derivation: "standard" }));
  }
}

export const walletSchema: Schema = { version: 2, migrations: { 0: nothingToMigrate, 1: deriveDeposits } };
