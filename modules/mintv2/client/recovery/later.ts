/**
 * What a restored wallet remembers until its last look, so that a look tells what is new to it. An own output in the
 * log is new unless the wallet issued it itself, has redeemed it, or has found it in a pass before. Of notes that it
 * found it remembers which they are: the log may show later that the lost device had spent them.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 0a | | `Looking`; there until the last look is done |
 * | 0b | hash160 of the nonce 20 | nothing: a note that is none of a look's business |
 * | 0c | hash160 of the nonce 20 | a note that was found, to tell when it is spent |
 */
import type { ReadTx, StoreTx, StoreView } from "../../../../actors/store/store.ts";
import { hash160 } from "../../../../core/bitcoin/script.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat } from "../../../../core/bytes.ts";
import type { CodecType } from "../../../../core/encoding/mod.ts";
import { bool, decode, encode, struct, u64Number } from "../../../../core/encoding/mod.ts";
import { keypair } from "../../../../core/types/keys.ts";
import { awaitValue } from "../../../contract/await_value.ts";
import { derivation } from "../../../contract/recovered.ts";
import type { Slot } from "../../../contract/records.ts";
import { slot } from "../../../contract/records.ts";
import { denomination } from "../../denomination.ts";
import { LATER_MARKS_MAX } from "../../limits.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { requestNonce } from "../issuance.ts";

const MARKED = Uint8Array.of(0x0b), FOUND = Uint8Array.of(0x0c);

const lookingRecord = struct("Looking", {
  /** The log is being gone through. */
  passing: bool,
  /** Looks follow the recovery. */
  later: bool,
  /** Notes that the wallet has issued or redeemed itself since it was restored, as far as they were marked. */
  marks: u64Number,
});
type Looking = CodecType<typeof lookingRecord>;
/** There until the last look is done. */
export const looking: Slot<Looking> = slot(0x0a, lookingRecord);

const foundNote = struct("FoundNote", { derivation, denomination, keypair });
/** A note that a pass has found. Secret. */
export type FoundNote = CodecType<typeof foundNote>;

/** Before the wallet runs for the first time. */
export function setRestored(tx: StoreTx): void {
  looking.set(tx, { passing: true, later: true, marks: 0 });
}

/** A wallet that was restored before there were looks goes through the log to the end, and no look follows. */
export async function migrateLooking(tx: StoreTx): Promise<void> {
  if ((await tx.get(looking.key))?.length === 0) looking.set(tx, { passing: true, later: false, marks: 0 });
}

/** From here on it is kept which notes the wallet redeems itself. */
export async function beginPass(tx: StoreTx): Promise<void> {
  const { later = false, marks = 0 } = await looking.get(tx) ?? {};
  looking.set(tx, { passing: true, later, marks });
}

/** The same for a look. @returns whether the wallet can tell what is new to it; if not nothing has begun */
export async function beginLook(tx: StoreTx): Promise<boolean> {
  const now = await looking.get(tx);
  if (!now || !isMarking(now)) return false;
  looking.set(tx, { ...now, passing: true });
  return true;
}

/** When no pass goes through the log, as far as the store says. Rejects with the signal's reason. */
export async function untilPassed(store: StoreView, signal: AbortSignal): Promise<void> {
  await awaitValue(store, looking.key, async (tx) => (await looking.get(tx))?.passing ? undefined : true, signal);
}

export async function looksFollow(tx: ReadTx): Promise<boolean> {
  return (await looking.get(tx))?.later === true;
}

/** After a pass. @returns whether looks follow: then what the wallet does itself is marked for the next one */
export async function endLooking(tx: StoreTx, isLast: boolean): Promise<boolean> {
  const now = await looking.get(tx);
  if (now?.later && !isLast) {
    looking.set(tx, { ...now, passing: false });
    return true;
  }
  looking.delete(tx);
  for (const prefix of [MARKED, FOUND]) await tx.deleteAll(prefix);
  return false;
}

/** Beyond the bound a look can't tell what is new. */
function isMarking({ later, marks }: Looking): boolean {
  return later && marks < LATER_MARKS_MAX;
}

/** The wallet asks for these notes itself. Costs a multiplication each, as long as looks follow. */
export async function markIssued(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): Promise<void> {
  const now = await looking.get(tx);
  if (!now || !isMarking(now) || requests.length === 0) return;
  for (const request of requests) mark(tx, hash160(requestNonce(request)));
  looking.set(tx, { ...now, marks: now.marks + requests.length });
}

/**
 * Of notes that the wallet has redeemed, those of which a pass doesn't know yet that they are none of its business.
 * @param hashes of the nonces, 20 bytes each
 */
export async function unknownRedeemed(tx: StoreTx, hashes: readonly Bytes[]): Promise<readonly Bytes[]> {
  const now = await looking.get(tx);
  if (!now || !now.passing && !isMarking(now)) return [];
  const unknown: Bytes[] = [];
  for (const spentAs of hashes) if (!await isKnown(tx, spentAs)) unknown.push(spentAs);
  if (unknown.length > 0) looking.set(tx, { ...now, marks: now.marks + unknown.length });
  return unknown;
}

/** No look takes this note for a new one. @param spentAs 20 bytes */
export function mark(tx: StoreTx, spentAs: Uint8Array): void {
  tx.set(concat(MARKED, spentAs), new Uint8Array(0));
}

export function setFound(tx: StoreTx, spentAs: Uint8Array, note: FoundNote): void {
  tx.set(concat(FOUND, spentAs), encode(foundNote, note));
}

export async function getFound(tx: ReadTx, spentAs: Uint8Array): Promise<FoundNote | undefined> {
  const value = await tx.get(concat(FOUND, spentAs));
  return value && decode(foundNote, value);
}

/** It is spent: nothing more comes of it. */
export function endFound(tx: StoreTx, spentAs: Uint8Array): void {
  tx.delete(concat(FOUND, spentAs));
  mark(tx, spentAs);
}

/** Issued or redeemed by this wallet, or found before. */
export async function isKnown(tx: ReadTx, spentAs: Uint8Array): Promise<boolean> {
  const values = await Promise.all([MARKED, FOUND].map((prefix) => tx.get(concat(prefix, spentAs))));
  return values.some((value) => value !== undefined);
}

/** Of the notes that were found, 20 bytes each. */
export async function* foundHashes(tx: ReadTx): AsyncGenerator<Bytes> {
  for await (const { key } of tx.range({ prefix: FOUND })) yield key.slice(FOUND.length) as Bytes;
}

/** Some of what was remembered, when no look follows. @returns whether there may be more */
export async function forgetSome(tx: StoreTx, limit: number): Promise<boolean> {
  const keys: Bytes[] = [];
  for (const prefix of [MARKED, FOUND]) {
    for await (const { key } of tx.range({ prefix, limit: limit - keys.length })) keys.push(key);
    if (keys.length === limit) break;
  }
  for (const key of keys) tx.delete(key);
  return keys.length === limit;
}
