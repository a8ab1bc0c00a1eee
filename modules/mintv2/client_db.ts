/**
 * What the mintv2 module stores in a client.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 01 | denomination 1 ‖ secret key 32 | signature 48: a note that can be spent |
 * | 02 | tweak 16 | nothing: a tweak that an earlier version kept for later; deleted unused, as a copy of the folder has it too |
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

/** Whatever tweaks are stored, a copy of this store may use them. */
export function deleteStoredTweaks(tx: StoreTx): Promise<void> {
  return tx.deleteAll(TWEAKS);
}
