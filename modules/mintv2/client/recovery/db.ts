/**
 * What a recovery stores in the module's part: own notes that the log shows, and those that wait for their signatures.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 07 | hash160 of the nonce 20 | an own note that the log shows, as far as it was gone through |
 * | 08 | denomination 1 ‖ secret key 32 | request of a note whose signature is to be fetched |
 * | 09 | denomination 1 ‖ secret key 32 | request of a note that too few guardians know |
 * | 0a to 0c | | `later.ts` |
 */
import type { RangeOptions, ReadTx, StoreTx } from "../../../../actors/store/store.ts";
import { hash160 } from "../../../../core/bitcoin/script.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { concat } from "../../../../core/bytes.ts";
import type { CodecType } from "../../../../core/encoding/mod.ts";
import { closedEnum, decode, encode, struct, unit } from "../../../../core/encoding/mod.ts";
import { derivation } from "../../../contract/recovered.ts";
import type { Denomination } from "../../denomination.ts";
import { nonceOf } from "../../ecash.ts";
import { CountedKeys } from "../counted_keys.ts";
import type { NoteIssuanceRequest } from "../issuance.ts";
import { noteIssuanceRequest } from "../issuance.ts";
import { endLooking, mark, setFound, unknownRedeemed } from "./later.ts";

const SEEN = Uint8Array.of(0x07);
const COMING = Uint8Array.of(0x08);
/** Also the prefix to wait on. */
export const MISSING = Uint8Array.of(0x09);

/** An own note in the log. Secret. */
const seenNote = closedEnum("SeenNote", {
  Unspent: struct("UnspentNote", { derivation, request: noteIssuanceRequest }),
  /** Whatever the log shows of it later: guardians don't take it again. */
  Spent: unit,
});
export type SeenNote = CodecType<typeof seenNote>;

/** @param spentAs hash160 of the nonce, 20 bytes */
export async function getSeen(tx: ReadTx, spentAs: Uint8Array): Promise<SeenNote | undefined> {
  const value = await tx.get(concat(SEEN, spentAs));
  return value && decode(seenNote, value);
}

export function setSeen(tx: StoreTx, spentAs: Uint8Array, note: SeenNote): void {
  tx.set(concat(SEEN, spentAs), encode(seenNote, note));
}

/** What was seen is settled; when no look follows, what was redeemed meanwhile needs no mark any more. */
export async function endPass(tx: StoreTx, isLast: boolean): Promise<void> {
  if (!await endLooking(tx, isLast)) await tx.deleteAll(SEEN);
}

/**
 * The wallet has redeemed these notes, or keeps them elsewhere: a recovery brings them back no more, wherever it is.
 * A text that the lost wallet had handed out may come home before it is found, or while it is signed again.
 */
export async function forgetRecovered(tx: StoreTx, notes: readonly NoteKey[]): Promise<void> {
  await dropRecovered(tx, notes);
  const hashes = notes.map((note) => hash160(nonceOf(note)));
  for (const spentAs of await unknownRedeemed(tx, hashes)) setSeen(tx, spentAs, { tag: "Spent", value: null });
}

/** They are fetched no more. @returns how many were to be */
export async function dropRecovered(tx: StoreTx, notes: readonly NoteKey[]): Promise<number> {
  let dropped = 0;
  for (const keys of recoveredKeys) dropped += await keys.removeThere(tx, notes.map((note) => requestKey(keys, note)));
  return dropped;
}

/** Which of these requests still wait for their notes, in order. */
export async function areWaiting(tx: ReadTx, requests: readonly NoteIssuanceRequest[]): Promise<boolean[]> {
  const waiting: boolean[] = [];
  for (const request of requests) {
    const values = [await tx.get(requestKey(coming, request)), await tx.get(requestKey(missing, request))];
    waiting.push(values.some((value) => value !== undefined));
  }
  return waiting;
}

/** The hashes under which notes are known, 20 bytes each. */
export async function* seenHashes(tx: ReadTx): AsyncGenerator<Bytes> {
  for await (const { key } of tx.range({ prefix: SEEN })) yield key.slice(SEEN.length) as Bytes;
}

const coming = new CountedKeys(COMING), missing = new CountedKeys(MISSING);

/** Whose counts must be right when a wallet opens. */
export const recoveredKeys: readonly CountedKeys[] = [coming, missing];

/** What tells a note from others. Secret. */
type NoteKey = Pick<NoteIssuanceRequest, "denomination" | "keypair">;

function requestKey(keys: CountedKeys, { denomination, keypair }: NoteKey): Bytes {
  return keys.key(denomination, keypair);
}

function entriesOf(keys: CountedKeys, requests: readonly NoteIssuanceRequest[]): [Bytes, Bytes][] {
  return requests.map((request) => [requestKey(keys, request), encode(noteIssuanceRequest, request)]);
}

/**
 * Takes so many notes out of those that were seen: what is unspent of them waits for its signature from then on.
 * @param remember for looks that follow
 * @returns how many were seen still; 0 when all are dealt with
 */
export async function settleSeen(tx: StoreTx, limit: number, remember = false): Promise<number> {
  const keys: Bytes[] = [], unspent: NoteIssuanceRequest[] = [];
  const seen: [Bytes, SeenNote][] = [];
  for await (const { key, value } of tx.range({ prefix: SEEN, limit })) {
    keys.push(key);
    seen.push([key.slice(SEEN.length) as Bytes, decode(seenNote, value)]);
  }
  for (const key of keys) tx.delete(key);
  for (const [spentAs, note] of seen) {
    if (note.tag === "Unspent") unspent.push(note.value.request);
    if (!remember) continue;
    if (note.tag === "Spent") mark(tx, spentAs);
    else {
      const { derivation, request: { denomination, keypair } } = note.value;
      setFound(tx, spentAs, { derivation, denomination, keypair });
    }
  }
  if (unspent.length > 0) await coming.add(tx, entriesOf(coming, unspent));
  return keys.length;
}

/** Some of those whose signatures are to be fetched. */
export function comingRequests(tx: ReadTx, limit: number): Promise<NoteIssuanceRequest[]> {
  return requestsIn(tx, { prefix: COMING, limit });
}

/** Some of those that too few guardians knew. @param after the last one of those before */
export function missingRequests(
  tx: ReadTx,
  limit: number,
  after?: NoteIssuanceRequest,
): Promise<NoteIssuanceRequest[]> {
  // no key lies between one and the same with a zero byte behind it
  const start = after && concat(requestKey(missing, after), Uint8Array.of(0));
  return requestsIn(tx, { prefix: MISSING, limit, ...(start && { start }) });
}

async function requestsIn(tx: ReadTx, range: RangeOptions): Promise<NoteIssuanceRequest[]> {
  const requests: NoteIssuanceRequest[] = [];
  for await (const { value } of tx.range(range)) requests.push(decode(noteIssuanceRequest, value));
  return requests;
}

/** They are in the wallet. */
export async function removeRecovered(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): Promise<void> {
  if (requests.length === 0) return;
  for (const keys of recoveredKeys) await keys.remove(tx, requests.map((request) => requestKey(keys, request)));
}

/** Too few guardians know them: the others go first. */
export async function putOff(tx: StoreTx, requests: readonly NoteIssuanceRequest[]): Promise<void> {
  if (requests.length === 0) return;
  await coming.remove(tx, requests.map((request) => requestKey(coming, request)));
  await missing.add(tx, entriesOf(missing, requests));
}

export function comingCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return coming.counts(tx);
}

export function missingCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  return missing.counts(tx);
}
