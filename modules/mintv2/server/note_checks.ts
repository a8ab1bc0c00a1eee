/**
 * Verifies notes' signatures for the guardian: many at once ahead of processing, one alone where that wasn't done.
 *
 * Verdicts are remembered by all that a note says, so that no other note can be taken for it, whoever hands it on and
 * however often it was copied on the way. Batches only ever say "all of these hold". When one fails nothing is
 * remembered, and processing verifies one note after the other up to the first bad one, as the reference does: so a
 * transaction full of invalid notes, which costs its sender nothing, stays cheap for us.
 */
import type { Dice } from "../../../actors/platform/platform.ts";
import type { G2 } from "../../../core/crypto/bls/mod.ts";
import { messageSeed, messageToPoint, verifyNote } from "../../../core/crypto/tbs.ts";
import { allSignaturesHold } from "../../../core/crypto/tbs_batch.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { Recent } from "../../../core/recent.ts";
import type { Note } from "../common.ts";
import { note as noteCodec } from "../common.ts";
import type { Denomination } from "../denomination.ts";
import { NOTES_REMEMBERED_MIN } from "../limits.ts";

/**
 * Notes of a transaction in its first batch; each further batch has twice as many. What fails early costs little, and
 * what holds gets most of the gain, as a batch's fixed cost (a Miller loop for each denomination) is small against 32
 * notes.
 */
const FIRST_BATCH = 32;

export class NoteChecks {
  readonly #keys: ReadonlyMap<Denomination, G2>;
  readonly #dice: Dice;
  /** Notes that hold. */
  readonly #valid: Recent<true>;

  /**
   * @param keys whole keys, by denomination
   * @param rememberedMin verdicts that are kept at least; never more than twice as many are
   */
  constructor(keys: ReadonlyMap<Denomination, G2>, dice: Dice, rememberedMin = NOTES_REMEMBERED_MIN) {
    this.#keys = keys;
    this.#dice = dice;
    this.#valid = new Recent(rememberedMin);
  }

  /**
   * @param transactions the notes of each. All are tried in one batch first; if that fails, each transaction on its
   *   own.
   */
  prepare(transactions: readonly (readonly Note[])[]): void {
    const unknown = transactions.map((notes) => notes.filter((note) => this.#needsBatch(note)));
    const several = unknown.filter((notes) => notes.length > 0);
    if (several.length > 1 && this.#batch(several.flat())) return;
    for (const notes of several) this.#prepareOne(notes);
  }

  /** Whether the signature is one of the denomination's key. False for a denomination without a key. */
  holds(note: Note): boolean {
    if (this.#isKnown(note)) return true;
    const key = this.#keys.get(note.denomination);
    return key !== undefined && verifyNote(messageToPoint(note.nonce), note.signature, key);
  }

  #needsBatch(note: Note): boolean {
    return this.#keys.has(note.denomination) && !this.#isKnown(note);
  }

  #prepareOne(notes: readonly Note[]): void {
    // a single note is verified where it is processed, at the same cost
    if (notes.length < 2) return;
    for (let at = 0, size = FIRST_BATCH; at < notes.length; at += size, size *= 2) {
      if (!this.#batch(notes.slice(at, at + size))) return;
    }
  }

  /** Whether all hold; then they are remembered. */
  #batch(notes: readonly Note[]): boolean {
    const checks = notes.map((note) => ({
      publicKey: this.#keys.get(note.denomination)!,
      signature: note.signature,
      seed: messageSeed(note.nonce),
    }));
    const hold = allSignaturesHold(checks, (size) => this.#dice.bytes(size));
    if (hold) { for (const note of notes) this.#valid.set(keyOf(note), true); }
    return hold;
  }

  #isKnown(note: Note): boolean {
    return this.#valid.get(keyOf(note)) ?? false;
  }
}

/** All of the note: denomination, nonce and signature. */
function keyOf(note: Note): string {
  return encode(noteCodec, note).toBase64();
}
