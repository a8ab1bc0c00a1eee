/**
 * What consensus keeps in the store, one typed accessor a record:
 *
 * | record | key | value |
 * |---|---|---|
 * | accepted transaction | 02 ‖ txid | Vec<u16> instance ids of its outputs |
 * | accepted item | 11 ‖ session u64 BE ‖ position u64 BE | AcceptedItem |
 * | end of a session | 14 ‖ session u64 BE | SessionEnd |
 * | units of a session (`broadcast/own/backup.ts`) | 15 ‖ session u64 BE ‖ counter u64 BE | some `BackupRecord`s |
 * | cuts of a large session (`session_pieces.ts`) | 17 ‖ session u64 BE ‖ first position u64 BE | SessionCut |
 * | module data | ff ‖ instance u16 BE ‖ … | the module's |
 *
 * A session has no bound but the protocol's (rounds × 50 kB × guardians), so nothing holds a whole one: its items stay
 * where they were put when they were accepted, and its end adds a record beside them. Keys that begin with a session
 * let the units of an old one go in small steps (`old_units.ts`).
 *
 * The oldest databases have a whole session in one value: `old_layout.ts`.
 *
 * Numbers in keys are fixed-width and big-endian, so that the order of keys is the order of numbers.
 */
import type { ReadTx, StoreTx } from "../../../actors/store/store.ts";
import { concat, fromHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { decode, encode, fixedHex, list, struct, u16, u64Number } from "../../../core/encoding/mod.ts";
import type { ModuleInstanceId, TransactionId } from "../../../core/types/ids.ts";
import { sessionSignatures } from "../../../core/types/session.ts";
import { finishedOldSessions } from "./old_layout.ts";
import { numberIn, numberKey } from "../../../actors/store/number_key.ts";

const ACCEPTED_TRANSACTION_PREFIX = Uint8Array.of(0x02);
const ITEM_PREFIX = Uint8Array.of(0x11);
const SESSION_END_PREFIX = Uint8Array.of(0x14);
export const UNITS_PREFIX = Uint8Array.of(0x15);

const outputModules = list(u16);

/**
 * `bytes`: of all items' encodings. `root`: 32 bytes, of the tree over them. `signatures`: a threshold of them, 64
 * bytes each.
 */
const sessionEnd = struct("SessionEnd", {
  items: u64Number,
  bytes: u64Number,
  root: fixedHex(32),
  signatures: sessionSignatures,
});
export type SessionEnd = CodecType<typeof sessionEnd>;

/** Where a module's own data begins. */
export function modulePrefix(instance: ModuleInstanceId): Bytes {
  return Uint8Array.of(0xff, instance >> 8, instance & 0xff);
}

export function acceptedTransactionKey(txid: TransactionId): Bytes {
  return concat(ACCEPTED_TRANSACTION_PREFIX, fromHex(txid));
}

/** Instance ids of the transaction's outputs, in order; undefined when it was not accepted. */
export async function getAcceptedTransaction(tx: ReadTx, txid: TransactionId): Promise<ModuleInstanceId[] | undefined> {
  const value = await tx.get(acceptedTransactionKey(txid));
  return value && decode(outputModules, value);
}

/**
 * Those of these that were accepted. All are asked for at once, which costs the database a tenth; what it said stays in
 * the store's cache for who looks at one after the other.
 */
export async function acceptedAmong(tx: ReadTx, txids: Iterable<TransactionId>): Promise<TransactionId[]> {
  const found = await Promise.all(Array.from(txids, async (txid) => ({
    txid,
    isAccepted: await getAcceptedTransaction(tx, txid) !== undefined,
  })));
  return found.filter(({ isAccepted }) => isAccepted).map(({ txid }) => txid);
}

export function setAcceptedTransaction(tx: StoreTx, txid: TransactionId, modules: readonly ModuleInstanceId[]): void {
  tx.set(acceptedTransactionKey(txid), encode(outputModules, [...modules]));
}

function itemsPrefix(session: number): Bytes {
  return numberKey(ITEM_PREFIX, session);
}

export function itemKey(session: number, position: number): Bytes {
  return numberKey(itemsPrefix(session), position);
}

/** An encoded `AcceptedItem`. */
export function getAcceptedItem(tx: ReadTx, session: number, position: number): Promise<Bytes | undefined> {
  return tx.get(itemKey(session, position));
}

/** @param encoded of an `AcceptedItem` */
export function setAcceptedItem(tx: StoreTx, session: number, position: number, encoded: Uint8Array): void {
  tx.set(itemKey(session, position), encoded);
}

/** The keys of a session's items from one position up to another; all by default. */
export function itemsRange(session: number, from = 0, to?: number): { readonly start: Bytes; readonly end: Bytes } {
  return { start: itemKey(session, from), end: to === undefined ? itemsPrefix(session + 1) : itemKey(session, to) };
}

/**
 * Encoded `AcceptedItem`s of a session in order of acceptance, a few at a time: together they may be hundreds of
 * megabytes.
 */
export async function* acceptedItems(tx: ReadTx, session: number, from?: number, to?: number): AsyncIterable<Bytes> {
  for await (const { value } of tx.range(itemsRange(session, from, to))) yield value;
}

/** Positions have no gaps. */
export async function countAcceptedItems(tx: ReadTx, session: number): Promise<number> {
  const prefix = itemsPrefix(session);
  for await (const { key } of tx.range({ prefix, reverse: true, limit: 1 })) return numberIn(key, prefix.length) + 1;
  return 0;
}

/** Also the prefix to wait on for a session's end. */
export function sessionEndKey(session: number): Bytes {
  return numberKey(SESSION_END_PREFIX, session);
}

/** Undefined for a session that goes on, and for one that ended in the old layout. */
export async function getSessionEnd(tx: ReadTx, session: number): Promise<SessionEnd | undefined> {
  const value = await tx.get(sessionEndKey(session));
  return value && decode(sessionEnd, value);
}

export function setSessionEnd(tx: StoreTx, session: number, end: SessionEnd): void {
  tx.set(sessionEndKey(session), encode(sessionEnd, end));
}

/** Number of finished sessions = index of the running one. */
export async function finishedSessions(tx: ReadTx): Promise<number> {
  for await (const { key } of tx.range({ prefix: SESSION_END_PREFIX, reverse: true, limit: 1 })) {
    return numberIn(key, SESSION_END_PREFIX.length) + 1;
  }
  return await finishedOldSessions(tx);
}

/** Where the broadcast keeps a session's units. */
export function unitsPrefix(session: number): Bytes {
  return numberKey(UNITS_PREFIX, session);
}

export function unitKey(session: number, counter: number): Bytes {
  return numberKey(unitsPrefix(session), counter);
}
