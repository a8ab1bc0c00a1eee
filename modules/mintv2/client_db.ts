/**
 * What the mintv2 module stores in a client.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 01 | denomination 1 ‖ secret key 32 | signature 48: a note that can be spent |
 * | 02 | tweak 16 | nothing: a tweak that passes the filter and wasn't used yet |
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat } from "../../core/bytes.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import { g1Point } from "../../core/types/bls.ts";
import type { Holdings } from "./balancing.ts";
import type { Denomination } from "./denomination.ts";
import type { SpendableNote } from "./ecash.ts";

/** Also the prefix to wait on. */
export const NOTES = Uint8Array.of(0x01);
const TWEAKS = Uint8Array.of(0x02);

function noteKey({ denomination, keypair }: SpendableNote): Bytes {
  return concat(NOTES, Uint8Array.of(denomination), keypair);
}

export function addNote(tx: StoreTx, note: SpendableNote): void {
  tx.set(noteKey(note), encode(g1Point, note.signature));
}

export function removeNote(tx: StoreTx, note: SpendableNote): void {
  tx.delete(noteKey(note));
}

/** All notes by denomination, in the order of their keys. */
export async function holdings(tx: ReadTx): Promise<Holdings<SpendableNote>> {
  const found = new Map<Denomination, SpendableNote[]>();
  for await (const { key, value } of tx.range({ prefix: NOTES })) {
    const denomination = key[1]!;
    const note: SpendableNote = { denomination, keypair: key.slice(2) as Bytes, signature: decode(g1Point, value) };
    const notes = found.get(denomination);
    if (notes) notes.push(note);
    else found.set(denomination, [note]);
  }
  return found;
}

/** How many notes of each denomination, without decoding them. */
export async function noteCounts(tx: ReadTx): Promise<Map<Denomination, number>> {
  const counts = new Map<Denomination, number>();
  for await (const { key } of tx.range({ prefix: NOTES })) counts.set(key[1]!, (counts.get(key[1]!) ?? 0) + 1);
  return counts;
}

export function addTweak(tx: StoreTx, tweak: Bytes): void {
  tx.set(concat(TWEAKS, tweak), new Uint8Array(0));
}

export async function storedTweaks(tx: ReadTx): Promise<Bytes[]> {
  const tweaks: Bytes[] = [];
  for await (const { key } of tx.range({ prefix: TWEAKS })) tweaks.push(key.slice(TWEAKS.length) as Bytes);
  return tweaks;
}

/** Takes a stored tweak out: false when it was taken before. */
export async function takeTweak(tx: StoreTx, tweak: Bytes): Promise<boolean> {
  const key = concat(TWEAKS, tweak);
  if (await tx.get(key) === undefined) return false;
  tx.delete(key);
  return true;
}
