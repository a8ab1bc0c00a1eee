/**
 * Verifies notes' signatures for the guardian: many at once ahead of processing, one alone where that wasn't done.
 *
 * Verdicts are remembered by all that a note says, so that no other note can be taken for it, whoever hands it on and
 * however often it was copied on the way. Of a transaction with a bad note among others nothing is: processing verifies
 * one note after the other up to the first bad one, as the reference does. So a transaction full of invalid notes,
 * which costs its sender nothing, stays cheap for us: it is never searched, and it takes the others of its batch no
 * more than a few products of pairings. A bad note alone takes one product and is remembered: an evil guardian's unit
 * may hold 500 of those, each of which is met when it is prepared and again when it is processed.
 *
 * Batches are verified on threads where there are some: other work goes on meanwhile, and who asks for a note whose
 * batch is under way waits for that one. Once, and for no note that is known: whoever sees a transaction's notes can
 * submit them in bad ones of his own, again and again, and would keep it waiting as long as he likes.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Dice } from "../../../actors/platform/platform.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { G2 } from "../../../core/crypto/bls/mod.ts";
import { messageSeed, messageToPoint, verifyNote } from "../../../core/crypto/tbs.ts";
import { allSignaturesHold, verifyGroups } from "../../../core/crypto/tbs_batch.ts";
import type { PointCheck } from "../../../core/crypto/tbs_packed.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { Recent } from "../../../core/recent.ts";
import type { Note } from "../common.ts";
import { note as noteCodec } from "../common.ts";
import type { Denomination } from "../denomination.ts";
import { BAD_NOTES_REMEMBERED_MIN, NOTES_REMEMBERED_MIN } from "../limits.ts";
import type { VerifyElsewhere } from "./note_task.ts";

/**
 * Notes of a transaction in its first batch; each further batch has twice as many. What fails early costs little, and
 * what holds gets most of the gain, as a batch's fixed cost (a Miller loop for each denomination) is small against 32
 * notes.
 */
const FIRST_BATCH = 32;

/**
 * Notes of several transactions in a batch, at most. With 128 a batch's fixed cost, 43 Miller loops at the most, is
 * less than what the notes cost each; the host hands over about as many at a time.
 */
const SHARED_BATCH = 256;

/** A note with its key. */
type Named = { readonly note: Note; readonly key: string };

export class NoteChecks {
  readonly #keys: ReadonlyMap<Denomination, G2>;
  readonly #dice: Dice;
  /** Notes that hold. */
  readonly #valid: Recent<true>;
  /** Notes that don't, of which each was found to be so alone. */
  readonly #bad: Recent<true>;
  readonly #elsewhere: VerifyElsewhere | null;
  /** Notes in calls that are under way: no more than their callers hold. */
  readonly #underWay = new Map<string, Promise<unknown>>();

  /**
   * @param keys whole keys, by denomination
   * @param elsewhere null: no threads
   * @param rememberedMin verdicts that are kept at least; never more than twice as many are
   */
  constructor(
    keys: ReadonlyMap<Denomination, G2>,
    dice: Dice,
    elsewhere: VerifyElsewhere | null,
    rememberedMin = NOTES_REMEMBERED_MIN,
  ) {
    this.#keys = keys;
    this.#dice = dice;
    this.#elsewhere = elsewhere;
    this.#valid = new Recent(rememberedMin);
    this.#bad = new Recent(BAD_NOTES_REMEMBERED_MIN);
  }

  /**
   * Verifies what isn't known yet in as few batches as may be. A transaction with many notes has batches of its own, as
   * it gains little from sharing and would cost others much.
   * @param transactions the notes of each
   * @returns for each whether no bad note was found in it
   */
  async prepare(transactions: readonly (readonly Note[])[]): Promise<boolean[]> {
    const named: Named[][] = transactions.map((notes) => notes.map((note) => ({ note, key: keyOf(note) })));
    const unknown = (): Named[][] =>
      named.map((notes) => {
        if (this.#hasBad(notes)) return [];
        return notes.filter(({ note, key }) => this.#keys.has(note.denomination) && !this.#isKnown(key));
      });
    const others = unknown().flat().flatMap(({ key }) => this.#underWay.get(key) ?? []);
    if (others.length > 0) await Promise.allSettled(others);
    const left = unknown(), spoilt = named.map((notes) => this.#hasBad(notes));
    const call = this.#prepareNow(left);
    for (const { key } of left.flat()) this.#underWay.set(key, call);
    try {
      return (await call).map((holds, i) => holds && !spoilt[i]);
    } finally {
      // somebody else who waited may have begun with the same note meanwhile
      for (const { key } of left.flat()) if (this.#underWay.get(key) === call) this.#underWay.delete(key);
    }
  }

  #hasBad(notes: readonly Named[]): boolean {
    return notes.some(({ key }) => this.#bad.get(key) ?? false);
  }

  /** @param unknown notes without a verdict, of denominations that have a key */
  async #prepareNow(unknown: readonly (readonly Named[])[]): Promise<boolean[]> {
    const holds = unknown.map(() => true);
    let shared: number[] = [], size = 0;
    const finish = async (): Promise<void> => {
      const held = await this.#shareBatch(shared.map((i) => unknown[i]!));
      held.forEach((held, at) => holds[shared[at]!] = held);
      [shared, size] = [[], 0];
    };
    for (const [i, { length }] of unknown.entries()) {
      if (length > FIRST_BATCH) holds[i] = await this.#prepareOne(unknown[i]!);
      else if (length > 0) {
        if (size + length > SHARED_BATCH) await finish();
        shared.push(i);
        size += length;
      }
    }
    await finish();
    return holds;
  }

  /** Whether the signature is one of the denomination's key. False for a denomination without a key. */
  holds(note: Note): boolean {
    const name = keyOf(note), key = this.#keys.get(note.denomination);
    if (this.#isKnown(name)) return true;
    if (key === undefined || this.#bad.get(name)) return false;
    const holds = verifyNote(messageToPoint(note.nonce), note.signature, key);
    (holds ? this.#valid : this.#bad).set(name, true);
    return holds;
  }

  async #shareBatch(transactions: readonly (readonly Named[])[]): Promise<boolean[]> {
    if (transactions.length < 2) return await Promise.all(transactions.map((notes) => this.#prepareOne(notes)));
    const groups = transactions.map((notes) => notes.map((note) => this.#checkOf(note)));
    const verdicts = await this.#elsewhere?.(groups, this.#random) ?? verifyGroups(groups, this.#random);
    const holds: boolean[] = [];
    for (const [i, verdict] of verdicts.entries()) {
      if (verdict === "holds") this.#remember(transactions[i]!);
      else if (verdict === "fails") this.#rememberBad(transactions[i]!);
      holds.push(verdict === "unknown" ? await this.#prepareOne(transactions[i]!) : verdict === "holds");
    }
    return holds;
  }

  async #prepareOne(notes: readonly Named[]): Promise<boolean> {
    for (let at = 0, size = FIRST_BATCH; at < notes.length; at += size, size *= 2) {
      const batch = notes.slice(at, at + size), checks = batch.map((note) => this.#checkOf(note));
      const verdicts = await this.#elsewhere?.([checks], this.#random);
      const hold = verdicts ? verdicts[0] === "holds" : allSignaturesHold(checks, this.#random);
      if (!hold) {
        this.#rememberBad(batch);
        return false;
      }
      this.#remember(batch);
    }
    return true;
  }

  readonly #random = (size: number): Bytes => this.#dice.bytes(size);

  #checkOf({ note: { denomination, signature, nonce } }: Named): PointCheck {
    return { publicKey: this.#keys.get(denomination)!, signature, seed: messageSeed(nonce) };
  }

  #remember(notes: readonly Named[]): void {
    for (const { key } of notes) this.#valid.set(key, true);
  }

  /** Of several it isn't known which one is bad. */
  #rememberBad(notes: readonly Named[]): void {
    if (notes.length === 1) this.#bad.set(notes[0]!.key, true);
  }

  #isKnown(key: string): boolean {
    return this.#valid.get(key) ?? false;
  }
}

/** The hash of all of the note: denomination, nonce and signature. */
function keyOf(note: Note): string {
  return sha256(encode(noteCodec, note)).toBase64();
}
