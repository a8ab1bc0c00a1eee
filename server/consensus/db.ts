/**
 * What consensus keeps in the store, one typed accessor a record. Keys are those of the reference, though nothing depends on it:
 *
 * | record | key | value |
 * |---|---|---|
 * | accepted item of the running session | 01 ‖ position u64 BE | AcceptedItem |
 * | accepted transaction | 02 ‖ txid | Vec<u16> instance ids of its outputs |
 * | signed session outcome | 04 ‖ session u64 BE | SignedSessionOutcome |
 * | units of the running session (written by the broadcast) | 05 ‖ … | SignedUnit |
 * | module data | ff ‖ instance u16 BE ‖ … | the module's |
 *
 * Numbers in keys are fixed-width and big-endian, so that the order of keys is the order of numbers.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import { concat, fromHex } from "../../core/bytes.ts";
import type { Bytes } from "../../core/bytes.ts";
import { decode, encode, list, u16 } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId, TransactionId } from "../../core/types/ids.ts";
import type { AcceptedItem, SignedSessionOutcome } from "../../core/types/session.ts";
import { acceptedItem, signedSessionOutcome } from "../../core/types/session.ts";

export const ACCEPTED_ITEM_PREFIX = Uint8Array.of(0x01);
const ACCEPTED_TRANSACTION_PREFIX = Uint8Array.of(0x02);
export const SESSION_OUTCOME_PREFIX = Uint8Array.of(0x04);
export const UNITS_PREFIX = Uint8Array.of(0x05);

const outputModules = list(u16);

function numberKey(prefix: Uint8Array, position: number): Bytes {
  const key = new Uint8Array(prefix.length + 8);
  key.set(prefix);
  new DataView(key.buffer).setBigUint64(prefix.length, BigInt(position));
  return key;
}

/** Where a module's own data begins. */
export function modulePrefix(instance: ModuleInstanceId): Bytes {
  return Uint8Array.of(0xff, instance >> 8, instance & 0xff);
}

export function acceptedTransactionKey(txid: TransactionId): Bytes {
  return concat(ACCEPTED_TRANSACTION_PREFIX, fromHex(txid));
}

export function sessionOutcomeKey(session: number): Bytes {
  return numberKey(SESSION_OUTCOME_PREFIX, session);
}

export async function getAcceptedItem(tx: ReadTx, position: number): Promise<AcceptedItem | undefined> {
  const value = await tx.get(numberKey(ACCEPTED_ITEM_PREFIX, position));
  return value && decode(acceptedItem, value);
}

export function setAcceptedItem(tx: StoreTx, position: number, item: AcceptedItem): void {
  tx.set(numberKey(ACCEPTED_ITEM_PREFIX, position), encode(acceptedItem, item));
}

/** Items of the running session in order of acceptance. */
export async function acceptedItems(tx: ReadTx): Promise<AcceptedItem[]> {
  const items: AcceptedItem[] = [];
  for await (const { value } of tx.range({ prefix: ACCEPTED_ITEM_PREFIX })) items.push(decode(acceptedItem, value));
  return items;
}

/** Instance ids of the transaction's outputs, in order; undefined when it was not accepted. */
export async function getAcceptedTransaction(tx: ReadTx, txid: TransactionId): Promise<ModuleInstanceId[] | undefined> {
  const value = await tx.get(acceptedTransactionKey(txid));
  return value && decode(outputModules, value);
}

export function setAcceptedTransaction(tx: StoreTx, txid: TransactionId, modules: readonly ModuleInstanceId[]): void {
  tx.set(acceptedTransactionKey(txid), encode(outputModules, [...modules]));
}

export async function getSessionOutcome(tx: ReadTx, session: number): Promise<SignedSessionOutcome | undefined> {
  const value = await tx.get(sessionOutcomeKey(session));
  return value && decode(signedSessionOutcome, value);
}

export function setSessionOutcome(tx: StoreTx, session: number, outcome: SignedSessionOutcome): void {
  tx.set(sessionOutcomeKey(session), encode(signedSessionOutcome, outcome));
}

/** Number of finished sessions = index of the running one. */
export async function finishedSessions(tx: ReadTx): Promise<number> {
  for await (const { key } of tx.range({ prefix: SESSION_OUTCOME_PREFIX, reverse: true, limit: 1 })) {
    const view = new DataView(key.buffer, key.byteOffset + SESSION_OUTCOME_PREFIX.length, 8);
    return Number(view.getBigUint64(0)) + 1;
  }
  return 0;
}
