/**
 * What the mintv2 module stores. Prefixes 10–14 are the reference's (fedimint-mintv2-server 0.13.0, `db.rs`), keys and
 * values too.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 10 | nonce 33 | nothing: the note is spent |
 * | 11 | txid 32 ‖ BS index | signature share 48 of that output |
 * | 12 | blinded nonce 48 | its signature share 48, of the last output that asked for it |
 * | 13 | denomination 1 | BS: notes issued less notes spent |
 * | 14 | BS index | item of the recovery log, indices from 0 without a gap |
 * | 15 | – | BS: number of items in the recovery log, so that appending needs no range read |
 *
 * BigSize keeps the order of numbers, so ranges of 11 and 14 come in order.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat } from "../../../core/bytes.ts";
import { decode, encode, u64, u64Number } from "../../../core/encoding/mod.ts";
import { U64_MAX } from "../../../core/types/amount.ts";
import type { OutPoint, OutPointRange } from "../../../core/types/ids.ts";
import { outPoint } from "../../../core/types/ids.ts";
import type { RecoveryItem } from "../common.ts";
import { recoveryItem } from "../common.ts";
import type { Denomination } from "../denomination.ts";

const SPENT_NONCE = Uint8Array.of(0x10);
const SHARE_BY_OUTPOINT = Uint8Array.of(0x11);
const SHARE_BY_NONCE = Uint8Array.of(0x12);
const ISSUED_COUNT = Uint8Array.of(0x13);
const RECOVERY_ITEM = Uint8Array.of(0x14);
const RECOVERY_COUNT = Uint8Array.of(0x15);

const NOTHING = new Uint8Array();

function countKey(exponent: Denomination): Bytes {
  return concat(ISSUED_COUNT, Uint8Array.of(exponent));
}

function itemKey(index: number): Bytes {
  return concat(RECOVERY_ITEM, encode(u64Number, index));
}

export async function isSpent(tx: ReadTx, nonce: Bytes): Promise<boolean> {
  return await tx.get(concat(SPENT_NONCE, nonce)) !== undefined;
}

export function markSpent(tx: StoreTx, nonce: Bytes): void {
  tx.set(concat(SPENT_NONCE, nonce), NOTHING);
}

/** Where a share is kept; also the prefix to wait on. */
export function shareKey(at: OutPoint): Bytes {
  return concat(SHARE_BY_OUTPOINT, encode(outPoint, at));
}

export function setShare(tx: StoreTx, at: OutPoint, blindedNonce: Bytes, share: Bytes): void {
  tx.set(shareKey(at), share);
  tx.set(concat(SHARE_BY_NONCE, blindedNonce), share);
}

/** The shares of a range of outputs, in order; outputs of other modules are missing. */
export async function sharesOf(tx: ReadTx, { txid, idxRange }: OutPointRange): Promise<Bytes[]> {
  const start = shareKey({ txid, outIdx: idxRange.start });
  const end = shareKey({ txid, outIdx: idxRange.end });
  const shares: Bytes[] = [];
  for await (const { value } of tx.range({ start, end })) shares.push(value);
  return shares;
}

export function shareOfNonce(tx: ReadTx, blindedNonce: Bytes): Promise<Bytes | undefined> {
  return tx.get(concat(SHARE_BY_NONCE, blindedNonce));
}

export async function issuedCount(tx: ReadTx, exponent: Denomination): Promise<bigint> {
  const bytes = await tx.get(countKey(exponent));
  return bytes ? decode(u64, bytes) : 0n;
}

/** Notes outstanding, by denomination, ascending. */
export async function issuedCounts(tx: ReadTx): Promise<Map<Denomination, bigint>> {
  const counts = new Map<Denomination, bigint>();
  for await (const { key, value } of tx.range({ prefix: ISSUED_COUNT })) counts.set(key[1]!, decode(u64, value));
  return counts;
}

/**
 * Counts a note issued (+1) or spent (−1). In consensus more notes spent than issued means that the federation's keys
 * are not its own any more; the guardian must not go on as if nothing had happened (the reference stops here too). At a
 * submission it may mean that this guardian is behind, and doesn't know yet that the note was issued.
 */
export async function countIssued(tx: StoreTx, exponent: Denomination, change: 1n | -1n): Promise<void> {
  const count = await issuedCount(tx, exponent) + change;
  assert(count >= 0n, `no more notes of 2^${exponent} msat are spent than were issued`);
  assert(count <= U64_MAX, "the number of notes is a u64");
  tx.set(countKey(exponent), encode(u64, count));
}

export async function recoveryCount(tx: ReadTx): Promise<number> {
  const bytes = await tx.get(RECOVERY_COUNT);
  return bytes ? decode(u64Number, bytes) : 0;
}

export function appendRecoveryItem(tx: StoreTx, item: RecoveryItem): Promise<void> {
  return appendRecoveryItems(tx, [item]);
}

export async function appendRecoveryItems(tx: StoreTx, items: readonly RecoveryItem[]): Promise<void> {
  let index = await recoveryCount(tx);
  for (const item of items) tx.set(itemKey(index++), encode(recoveryItem, item));
  tx.set(RECOVERY_COUNT, encode(u64Number, index));
}

/** Encoded items start ≤ index < end, in order; fewer where the log ends. */
export async function* recoveryRows(tx: ReadTx, start: number, end: number): AsyncGenerator<Bytes> {
  for await (const { value } of tx.range({ start: itemKey(start), end: itemKey(end) })) yield value;
}

/** The same, decoded. */
export async function recoverySlice(tx: ReadTx, start: number, end: number): Promise<RecoveryItem[]> {
  const items: RecoveryItem[] = [];
  for await (const row of recoveryRows(tx, start, end)) items.push(decode(recoveryItem, row));
  return items;
}
