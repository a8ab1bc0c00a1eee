/**
 * What the mintv2 module stores in a client.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 01 | denomination 1 ‖ secret key 32 | signature 48: a note that can be spent |
 * | 02 | tweak 16 | in version 0 alone: a tweak kept for later; deleted unused, as a copy of the folder has it too |
 * | 03 | denomination 1 ‖ tweak 16 | nothing: a note that a transaction under way asks for |
 * | 04 | denomination 1 ‖ secret key 32 | a note whose refund failed |
 * | 05 | operation 32 | amount u64: what an operation has brought into the wallet, msat |
 * | 06 | 01, 03, 04, 08 or 09 | how many keys there are of each denomination below that prefix |
 * | 07 to 0c | `recovery/db.ts` | notes that a recovery has found, and what its later looks are to know |
 *
 * Nothing here must be used once only and is stored before it is used: notes can be spent as often as one likes,
 * guardians take each once; operation ids, transactions' nonces and tweaks are thrown when they are needed; keys are
 * derived from the tweak.
 */
import type { Schema } from "../../../actors/store/schema.ts";
import { nothingToMigrate } from "../../../actors/store/schema.ts";
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { concat, fromHex } from "../../../core/bytes.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { decode, decodeAgain, encode, struct, text, u64 } from "../../../core/encoding/mod.ts";
import { g1Point } from "../../../core/types/bls.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { operationId as operationIdCodec } from "../../../core/types/ids.ts";
import type { Counts } from "./balancing.ts";
import { countOf } from "./balancing.ts";
import { CountedKeys } from "./counted_keys.ts";
import type { Denomination } from "../denomination.ts";
import type { SpendableNote } from "../ecash.ts";
import { spendableNote } from "../ecash.ts";
import type { NoteIssuanceRequest } from "./issuance.ts";
import { recoveredKeys } from "./recovery/db.ts";
import { markIssued, migrateLooking } from "./recovery/later.ts";

/** Also the prefix to wait on. */
export const NOTES = Uint8Array.of(0x01);
const TWEAKS = Uint8Array.of(0x02);
const UNDER_WAY = Uint8Array.of(0x03);
const REFUND_FAILED = Uint8Array.of(0x04);
const BROUGHT = Uint8Array.of(0x05);

const notes = new CountedKeys(NOTES);
const underWay = new CountedKeys(UNDER_WAY);
const refundFailed = new CountedKeys(REFUND_FAILED);

/** Counts everything anew. @returns whether a count was wrong */
export async function recount(tx: StoreTx): Promise<boolean> {
  let wrong = false;
  for (const counted of [notes, underWay, refundFailed, ...recoveredKeys]) wrong = await counted.recount(tx) || wrong;
  return wrong;
}

/** What tells a note from others. Secret. */
type NoteKey = Pick<SpendableNote, "denomination" | "keypair">;

function noteKey(counted: CountedKeys, { denomination, keypair }: NoteKey): Bytes {
  return counted.key(denomination, keypair);
}

export function addNotes(tx: StoreTx, added: readonly SpendableNote[]): Promise<void> {
  return notes.add(tx, added.map((note) => [noteKey(notes, note), encode(g1Point, note.signature)]));
}

/** Those of them that are in the wallet are no more. @returns how many were */
export function dropNotes(tx: StoreTx, dropped: readonly NoteKey[]): Promise<number> {
  return notes.removeThere(tx, dropped.map((note) => noteKey(notes, note)));
}

export function noteCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return notes.counts(tx);
}

/**
 * Takes so many notes of each denomination out of the wallet; only these are decoded. Ascending. Signatures were
 * decoded or made before they were stored: they are not checked again, which alone takes a curve's backend.
 * @returns null when there are fewer than was counted: then nothing is taken, and they must be counted anew
 */
export async function takeNotes(tx: StoreTx, counts: Counts): Promise<SpendableNote[] | null> {
  const taken: SpendableNote[] = [], keys: Bytes[] = [];
  for (const [denomination, limit] of [...counts].sort(([a], [b]) => a - b)) {
    const prefix = notes.key(denomination, new Uint8Array(0));
    for await (const { key, value } of tx.range({ prefix, limit })) {
      const keypair = key.slice(prefix.length) as Bytes;
      taken.push({ denomination, keypair, signature: decodeAgain(g1Point, value) });
      keys.push(key);
    }
  }
  if (taken.length < countOf(counts)) return null;
  await notes.remove(tx, keys);
  return taken;
}

/**
 * Version 0 may hold tweaks: whatever is stored of them, a copy of the folder may use it. Before version 2 nothing was
 * recovered; before version 3 no looks followed that.
 */
export const mintSchema: Schema = {
  version: 3,
  migrations: { 0: (tx) => tx.deleteAll(TWEAKS), 1: nothingToMigrate, 2: migrateLooking },
};

function requestKey({ denomination, tweak }: NoteIssuanceRequest): Bytes {
  return underWay.key(denomination, tweak);
}

export async function addUnderWay(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): Promise<void> {
  await markIssued(tx, requests);
  await underWay.add(tx, requests.map((request) => [requestKey(request), new Uint8Array(0)]));
}

export function removeUnderWay(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): Promise<void> {
  return underWay.remove(tx, requests.map(requestKey));
}

export function underWayCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return underWay.counts(tx);
}

const failedRefund = struct("FailedRefund", { note: spendableNote, operationId: operationIdCodec, reason: text });
/** Secret: holds a note. `operationId`: in which it was spent last. */
export type FailedRefund = CodecType<typeof failedRefund>;

export function addFailedRefunds(tx: StoreTx, failed: readonly FailedRefund[]): Promise<void> {
  return refundFailed.add(tx, failed.map((each) => [noteKey(refundFailed, each.note), encode(failedRefund, each)]));
}

export function removeFailedRefunds(tx: StoreTx, failed: readonly FailedRefund[]): Promise<void> {
  return refundFailed.remove(tx, failed.map(({ note }) => noteKey(refundFailed, note)));
}

export async function failedRefunds(tx: ReadTx): Promise<FailedRefund[]> {
  const failed: FailedRefund[] = [];
  for await (const { value } of tx.range({ prefix: REFUND_FAILED })) failed.push(decode(failedRefund, value));
  return failed;
}

/** How many notes' refunds failed, by denomination. */
export function failedRefundCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return refundFailed.counts(tx);
}

export async function broughtMsat(tx: ReadTx, operationId: OperationId): Promise<bigint> {
  const value = await tx.get(concat(BROUGHT, fromHex(operationId)));
  return value ? decode(u64, value) : 0n;
}

export async function addBrought(tx: StoreTx, operationId: OperationId, msat: bigint): Promise<void> {
  const sumMsat = await broughtMsat(tx, operationId) + msat;
  tx.set(concat(BROUGHT, fromHex(operationId)), encode(u64, sumMsat));
}
