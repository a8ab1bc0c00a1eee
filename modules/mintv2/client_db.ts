/**
 * What the mintv2 module stores in a client.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 01 | denomination 1 ‖ secret key 32 | signature 48: a note that can be spent |
 * | 02 | tweak 16 | nothing: a tweak that an earlier version kept for later; deleted unused, as a copy of the folder has it too |
 * | 03 | denomination 1 ‖ tweak 16 | nothing: a note that a transaction under way asks for |
 * | 04 | denomination 1 ‖ secret key 32 | a note whose refund failed |
 * | 05 | operation 32 | amount u64: what an operation has brought into the wallet, msat |
 *
 * Nothing here must be used once only and is stored before it is used: notes can be spent as often as one likes, guardians take each once;
 * operation ids, transactions' nonces and tweaks are thrown when they are needed; keys are derived from the tweak.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, fromHex } from "../../core/bytes.ts";
import type { CodecType } from "../../core/encoding/mod.ts";
import { decode, encode, struct, text, u64 } from "../../core/encoding/mod.ts";
import { g1Point } from "../../core/types/bls.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { operationId as operationIdCodec } from "../../core/types/ids.ts";
import type { Counts } from "./balancing.ts";
import type { Denomination } from "./denomination.ts";
import type { SpendableNote } from "./ecash.ts";
import { spendableNote } from "./ecash.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";

/** Also the prefix to wait on. */
export const NOTES = Uint8Array.of(0x01);
const TWEAKS = Uint8Array.of(0x02);
const UNDER_WAY = Uint8Array.of(0x03);
const REFUND_FAILED = Uint8Array.of(0x04);
const BROUGHT = Uint8Array.of(0x05);

function noteKey(prefix: Uint8Array, { denomination, keypair }: SpendableNote): Bytes {
  return concat(prefix, Uint8Array.of(denomination), keypair);
}

export function addNote(tx: StoreTx, note: SpendableNote): void {
  tx.set(noteKey(NOTES, note), encode(g1Point, note.signature));
}

/** Keys say it all: no note is decoded. */
async function countsBelow(tx: ReadTx, prefix: Uint8Array): Promise<Map<Denomination, number>> {
  const counts = new Map<Denomination, number>();
  for await (const { key } of tx.range({ prefix })) counts.set(key[1]!, (counts.get(key[1]!) ?? 0) + 1);
  return counts;
}

export function noteCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return countsBelow(tx, NOTES);
}

/** Takes so many notes of each denomination out of the wallet; only these are decoded. They must be there. Ascending. */
export async function takeNotes(tx: StoreTx, counts: Counts): Promise<SpendableNote[]> {
  const notes: SpendableNote[] = [];
  for (const [denomination, limit] of [...counts].sort(([a], [b]) => a - b)) {
    const prefix = concat(NOTES, Uint8Array.of(denomination));
    for await (const { key, value } of tx.range({ prefix, limit })) {
      notes.push({ denomination, keypair: key.slice(prefix.length) as Bytes, signature: decode(g1Point, value) });
    }
  }
  for (const note of notes) tx.delete(noteKey(NOTES, note));
  return notes;
}

/** Whatever tweaks are stored, a copy of this store may use them. */
export function deleteStoredTweaks(tx: StoreTx): Promise<void> {
  return tx.deleteAll(TWEAKS);
}

function requestKey({ denomination, tweak }: NoteIssuanceRequest): Bytes {
  return concat(UNDER_WAY, Uint8Array.of(denomination), tweak);
}

export function addUnderWay(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): void {
  for (const request of requests) tx.set(requestKey(request), new Uint8Array(0));
}

export function removeUnderWay(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): void {
  for (const request of requests) tx.delete(requestKey(request));
}

export function underWayCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return countsBelow(tx, UNDER_WAY);
}

const failedRefund = struct("FailedRefund", { note: spendableNote, operationId: operationIdCodec, reason: text });
/** Secret: holds a note. `operationId`: in which it was spent last. */
export type FailedRefund = CodecType<typeof failedRefund>;

export function addFailedRefund(tx: StoreTx, failed: FailedRefund): void {
  tx.set(noteKey(REFUND_FAILED, failed.note), encode(failedRefund, failed));
}

export function removeFailedRefund(tx: StoreTx, { note }: FailedRefund): void {
  tx.delete(noteKey(REFUND_FAILED, note));
}

export async function failedRefunds(tx: ReadTx): Promise<FailedRefund[]> {
  const failed: FailedRefund[] = [];
  for await (const { value } of tx.range({ prefix: REFUND_FAILED })) failed.push(decode(failedRefund, value));
  return failed;
}

/** How many notes' refunds failed, by denomination. */
export function failedRefundCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return countsBelow(tx, REFUND_FAILED);
}

export async function broughtMsat(tx: ReadTx, operationId: OperationId): Promise<bigint> {
  const value = await tx.get(concat(BROUGHT, fromHex(operationId)));
  return value ? decode(u64, value) : 0n;
}

export async function addBrought(tx: StoreTx, operationId: OperationId, msat: bigint): Promise<void> {
  const sumMsat = await broughtMsat(tx, operationId) + msat;
  tx.set(concat(BROUGHT, fromHex(operationId)), encode(u64, sumMsat));
}
