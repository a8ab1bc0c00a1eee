/**
 * What the walletv2 module stores on a guardian.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 31 | u64 BE | outpoint ‖ output: one on the chain that passes the filter, indices from 0 without a gap |
 * | 32 | u64 BE | nothing: that output is claimed |
 * | 33 | guardian u16 BE | BS: its vote on the block count |
 * | 34 | guardian u16 BE | Option<BS>: its vote on the fee rate |
 * | 35 | – | the federation's wallet |
 * | 36 | u64 BE | transaction made, indices from 0 without a gap |
 * | 37 | txid ‖ BS index | BS: which transaction an output of ours became |
 * | 38 | Bitcoin txid | unsigned transaction |
 * | 39 | Bitcoin txid ‖ guardian u16 BE | its signatures |
 * | 40 | Bitcoin txid | signed transaction that is not in a block yet |
 */
import { numberIn, numberKey } from "../../../actors/store/number_key.ts";
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { TxOut } from "../../../core/bitcoin/mod.ts";
import { bitcoinOutPoint, txOut } from "../../../core/bitcoin/mod.ts";
import type { BitcoinOutPoint } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import { decode, encode, list, option, struct, u64, u64Number } from "../../../core/encoding/mod.ts";
import type { BitcoinTxid, OutPoint, PeerId } from "../../../core/types/ids.ts";
import { bitcoinTxid, outPoint } from "../../../core/types/ids.ts";
import { ecdsaSignature } from "../../../core/types/keys.ts";
import type { FederationWallet, TxInfo } from "../common.ts";
import { federationWallet, txInfo } from "../common.ts";
import type { FederationTx } from "./federation_tx.ts";
import { federationTx } from "./federation_tx.ts";

const OUTPUT = Uint8Array.of(0x31);
const SPENT_OUTPUT = Uint8Array.of(0x32);
const BLOCK_COUNT_VOTE = Uint8Array.of(0x33);
const FEERATE_VOTE = Uint8Array.of(0x34);
const WALLET = Uint8Array.of(0x35);
const TX_INFO = Uint8Array.of(0x36);
const TX_INFO_INDEX = Uint8Array.of(0x37);
const UNSIGNED = Uint8Array.of(0x38);
const SIGNATURES = Uint8Array.of(0x39);
/** Also the prefix to wait on. */
export const UNCONFIRMED = Uint8Array.of(0x40);

const NOTHING = new Uint8Array();
const trackedOutput = struct("Output", { outpoint: bitcoinOutPoint, output: txOut });
const signatureList = list(ecdsaSignature);
const feerateVote = option(u64);

/** An output on the chain that passes the filter. */
export type TrackedOutput = { readonly outpoint: BitcoinOutPoint; readonly output: TxOut };

function peerKey(prefix: Uint8Array, peer: PeerId): Bytes {
  return concat(prefix, Uint8Array.of(peer >> 8, peer & 0xff));
}

function peerOf(key: Uint8Array): PeerId {
  return (key.at(-2)! << 8) | key.at(-1)!;
}

function txKey(prefix: Uint8Array, txid: BitcoinTxid): Bytes {
  return concat(prefix, encode(bitcoinTxid, txid));
}

async function countOf(tx: ReadTx, prefix: Uint8Array): Promise<number> {
  for await (const { key } of tx.range({ prefix, reverse: true, limit: 1 })) return numberIn(key, 1) + 1;
  return 0;
}

export async function getOutput(tx: ReadTx, index: bigint): Promise<TrackedOutput | undefined> {
  const value = await tx.get(numberKey(OUTPUT, index));
  return value && decode(trackedOutput, value);
}

/** Outputs so far: the next one's index. */
export function outputCount(tx: ReadTx): Promise<number> {
  return countOf(tx, OUTPUT);
}

export function setOutput(tx: StoreTx, index: number, output: TrackedOutput): void {
  tx.set(numberKey(OUTPUT, index), encode(trackedOutput, output));
}

/** Outputs with indices start … end − 1, and which of them are claimed. */
export async function outputRange(
  tx: ReadTx,
  start: bigint,
  end: bigint,
): Promise<{ readonly index: number; readonly tracked: TrackedOutput; readonly spent: boolean }[]> {
  const bounds = (prefix: Uint8Array) => ({ start: numberKey(prefix, start), end: numberKey(prefix, end) });
  const claimed = new Set<number>();
  for await (const { key } of tx.range(bounds(SPENT_OUTPUT))) claimed.add(numberIn(key, 1));
  const found: { index: number; tracked: TrackedOutput; spent: boolean }[] = [];
  for await (const { key, value } of tx.range(bounds(OUTPUT))) {
    const index = numberIn(key, 1);
    found.push({ index, tracked: decode(trackedOutput, value), spent: claimed.has(index) });
  }
  return found;
}

export async function isSpent(tx: ReadTx, index: bigint): Promise<boolean> {
  return await tx.get(numberKey(SPENT_OUTPUT, index)) !== undefined;
}

export function markSpent(tx: StoreTx, index: bigint): void {
  tx.set(numberKey(SPENT_OUTPUT, index), NOTHING);
}

export async function getBlockCountVote(tx: ReadTx, peer: PeerId): Promise<bigint> {
  const value = await tx.get(peerKey(BLOCK_COUNT_VOTE, peer));
  return value ? decode(u64, value) : 0n;
}

export function setBlockCountVote(tx: StoreTx, peer: PeerId, count: bigint): void {
  tx.set(peerKey(BLOCK_COUNT_VOTE, peer), encode(u64, count));
}

export async function blockCountVotes(tx: ReadTx): Promise<bigint[]> {
  const votes: bigint[] = [];
  for await (const { value } of tx.range({ prefix: BLOCK_COUNT_VOTE })) votes.push(decode(u64, value));
  return votes;
}

/** Undefined when the guardian has never voted; null is a vote too. */
export async function getFeerateVote(tx: ReadTx, peer: PeerId): Promise<bigint | null | undefined> {
  const value = await tx.get(peerKey(FEERATE_VOTE, peer));
  return value && decode(feerateVote, value);
}

export function setFeerateVote(tx: StoreTx, peer: PeerId, feerate: bigint | null): void {
  tx.set(peerKey(FEERATE_VOTE, peer), encode(feerateVote, feerate));
}

export async function feerateVotes(tx: ReadTx): Promise<bigint[]> {
  const votes: bigint[] = [];
  for await (const { value } of tx.range({ prefix: FEERATE_VOTE })) {
    const vote = decode(feerateVote, value);
    if (vote !== null) votes.push(vote);
  }
  return votes;
}

export async function getWallet(tx: ReadTx): Promise<FederationWallet | undefined> {
  const value = await tx.get(WALLET);
  return value && decode(federationWallet, value);
}

export function setWallet(tx: StoreTx, wallet: FederationWallet): void {
  tx.set(WALLET, encode(federationWallet, wallet));
}

/** @returns the new transaction's index */
export async function appendTxInfo(tx: StoreTx, info: Omit<TxInfo, "index">): Promise<number> {
  const index = await countOf(tx, TX_INFO);
  tx.set(numberKey(TX_INFO, index), encode(txInfo, { index, ...info }));
  return index;
}

/** The whole chain, oldest first; or its newest `limit`, newest first. */
export async function txInfos(tx: ReadTx, newest?: number): Promise<TxInfo[]> {
  const infos: TxInfo[] = [];
  const range = newest === undefined ? { prefix: TX_INFO } : { prefix: TX_INFO, reverse: true, limit: newest };
  for await (const { value } of tx.range(range)) infos.push(decode(txInfo, value));
  return infos;
}

export function setTxInfoIndex(tx: StoreTx, at: OutPoint, index: number): void {
  tx.set(concat(TX_INFO_INDEX, encode(outPoint, at)), encode(u64Number, index));
}

export async function txidOfOutput(tx: ReadTx, at: OutPoint): Promise<BitcoinTxid | null> {
  const index = await tx.get(concat(TX_INFO_INDEX, encode(outPoint, at)));
  if (!index) return null;
  const info = await tx.get(numberKey(TX_INFO, decode(u64Number, index)));
  return info ? decode(txInfo, info).txid : null;
}

async function transactionsUnder(tx: ReadTx, prefix: Uint8Array): Promise<Map<BitcoinTxid, FederationTx>> {
  const found = new Map<BitcoinTxid, FederationTx>();
  for await (const { key, value } of tx.range({ prefix })) {
    found.set(decode(bitcoinTxid, key.subarray(prefix.length)), decode(federationTx, value));
  }
  return found;
}

export function unsignedTxs(tx: ReadTx): Promise<Map<BitcoinTxid, FederationTx>> {
  return transactionsUnder(tx, UNSIGNED);
}

export function unconfirmedTxs(tx: ReadTx): Promise<Map<BitcoinTxid, FederationTx>> {
  return transactionsUnder(tx, UNCONFIRMED);
}

export async function getUnsigned(tx: ReadTx, txid: BitcoinTxid): Promise<FederationTx | undefined> {
  const value = await tx.get(txKey(UNSIGNED, txid));
  return value && decode(federationTx, value);
}

export function setUnsigned(tx: StoreTx, txid: BitcoinTxid, unsigned: FederationTx): void {
  tx.set(txKey(UNSIGNED, txid), encode(federationTx, unsigned));
}

/** The signed transaction takes the place of the unsigned one and of its signatures. */
export async function setSigned(tx: StoreTx, txid: BitcoinTxid, signed: FederationTx): Promise<void> {
  tx.delete(txKey(UNSIGNED, txid));
  await tx.deleteAll(txKey(SIGNATURES, txid));
  tx.set(txKey(UNCONFIRMED, txid), encode(federationTx, signed));
}

export function deleteUnconfirmed(tx: StoreTx, txid: BitcoinTxid): void {
  tx.delete(txKey(UNCONFIRMED, txid));
}

export async function hasSigned(tx: ReadTx, txid: BitcoinTxid, peer: PeerId): Promise<boolean> {
  return await tx.get(peerKey(txKey(SIGNATURES, txid), peer)) !== undefined;
}

export function setSignatures(tx: StoreTx, txid: BitcoinTxid, peer: PeerId, signatures: readonly Bytes[]): void {
  tx.set(peerKey(txKey(SIGNATURES, txid), peer), encode(signatureList, [...signatures]));
}

export async function signaturesOf(tx: ReadTx, txid: BitcoinTxid): Promise<Map<PeerId, Bytes[]>> {
  const found = new Map<PeerId, Bytes[]>();
  for await (const { key, value } of tx.range({ prefix: txKey(SIGNATURES, txid) })) {
    found.set(peerOf(key), decode(signatureList, value));
  }
  return found;
}
