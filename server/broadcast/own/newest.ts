/**
 * Asking everybody for our own newest unit before we create any. `fedimint-aleph-bft` runway/collection.rs;
 * docs/protocol/03-consensus.md §A5, §A10.
 *
 * A guardian whose database was lost or restored doesn't know which units it has signed in this session; creating those
 * rounds again would be a fork. The highest of the answers says where it may go on. It is an option: the reference
 * doesn't ask, though it answers.
 *
 * A unit is saved before it is sent. So with our whole database no answer can show more than we have, and we begin as
 * soon as all have answered, or a threshold after some seconds: who is away delays an honest restart no longer. Once an
 * answer shows more, our key has signed what our database doesn't know, for one of two reasons, and care costs little
 * beside what they cost:
 *
 * - The database was lost or is an old one. Of those that are silent one may hold a newer unit than all that answered,
 *   and a second one for its place would shut us out of the session; where another guardian is away or evil, the
 *   session could then not end. So all are waited for, up to a minute; for ever would let one silent guardian stop us.
 * - Another process runs with our key. While we create nothing, our newest unit gets newer. So we go on asking for a
 *   while; who finds a copy of itself at work stops, and the one that works goes on. But a guardian that was behind
 *   learns of our old units meanwhile, and where one is silent and one lies it may be the first to tell them. They come
 *   to an end, which a copy's units don't: so when some have appeared, we wait and look a second time.
 *
 * Two copies that begin at the same moment see nothing of each other and fork. Then both create nothing more in this
 * session (intake.ts), and in the next ones (`inDoubt`) each waits a while by chance, watching: the first to begin
 * stays, the other stops.
 */
import { encode } from "../../../core/encoding/codec.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { Delays } from "../delays.ts";
import type { Keychain } from "../keychain.ts";
import { COPY_ROUNDS } from "../limits.ts";
import type { NewestUnitResponse } from "../messages.ts";
import { newestUnitResponse } from "../messages.ts";
import type { SignedUnit } from "../graph/unit.ts";
import type { Validator } from "../graph/validator.ts";

export type NewestOptions = {
  readonly keychain: Keychain;
  readonly validator: Validator;
  readonly peers: NumPeers;
  readonly session: bigint;
  readonly salt: bigint;
  /** The round after the newest own unit in the backup. */
  readonly ownRound: number;
  readonly nowMs: number;
  readonly delays: Pick<
    Delays,
    "newestRequestMs" | "newestPatienceMs" | "newestLostPatienceMs" | "newestWatchMs" | "newestSettleMs"
  >;
  /** To watch for so long whatever the answers say, from when enough are there; default not at all. */
  readonly doubtMs?: number;
};

export type NewestConclusion =
  | { readonly kind: "wait" }
  /** `round`: the first that we may create. `isKnown`: nothing of ours was shown that the backup lacks. */
  | { readonly kind: "begin"; readonly round: number; readonly isKnown: boolean }
  /** Another process creates our units now; `round` of one that it has created while we watched. */
  | { readonly kind: "copy"; readonly round: number };

type Watch = {
  readonly sinceMs: number;
  /** Until then what guardians that were behind learn is known, too. */
  readonly settledMs: number;
  /** What was known when it began; more only by guardians that answered for the first time since. */
  known: number;
  isSettled: boolean;
  /** Units have appeared in a watch before this one. */
  readonly isSecond: boolean;
};

export class NewestCollection {
  readonly salt: bigint;
  readonly #options: NewestOptions;
  /** guardian → the round after the newest unit it has of us. */
  readonly #rounds = new Map<number, number>();
  #askedMs = -Infinity;
  #watch: Watch | null = null;
  /** The round of a unit that appeared in this watch. */
  #appeared: number | null = null;

  constructor(options: NewestOptions) {
    this.salt = options.salt;
    this.#options = options;
    this.#rounds.set(options.keychain.index, options.ownRound);
  }

  /**
   * `refused`: one to somebody else's question, one that is passed on (`from` didn't sign it), a bad signature, or a
   * unit that isn't a valid one of ours. `stale`: to another question of ours (salt), which was asked in the session
   * before, or by a guardian that is in a later one, where the running one is to be fetched. An evil guardian may ask
   * the others about itself with our salt: what they sign for it says nothing about us. A unit of an earlier session
   * says that its guardian is still there and has none of this session.
   */
  receive(from: number, response: NewestUnitResponse, signature: Uint8Array): "counts" | "stale" | "refused" {
    const { keychain, session } = this.#options;
    const { requester, responder, unit, salt } = response;
    if (requester !== keychain.index || responder !== from) return "refused";
    if (salt !== this.salt || (unit !== null && unit.session > session)) return "stale";
    const isEarlier = unit !== null && unit.session < session;
    if (unit !== null && !isEarlier && !this.#isOwn(unit)) return "refused";
    if (!keychain.verify(responder, encode(newestUnitResponse, response), signature)) return "refused";
    const round = unit === null || isEarlier ? 0 : unit.round + 1;
    this.#lookForCopy(responder, round);
    this.#rounds.set(responder, Math.max(this.#rounds.get(responder) ?? 0, round));
    return "counts";
  }

  /**
   * What a guardian says first may be old and new to us. What counts is a unit beyond all that enough guardians knew
   * when we began to watch, by more rounds than can have been on their way when we were stopped: an evil guardian can't
   * make one, and can hold back only what nobody else has.
   */
  #lookForCopy(responder: number, round: number): void {
    if (!this.#watch) return;
    const isNew = this.#rounds.has(responder) && this.#watch.isSettled;
    if (!isNew) this.#watch.known = Math.max(this.#watch.known, round);
    else if (round >= this.#watch.known + COPY_ROUNDS) this.#appeared = round - 1;
  }

  #isOwn(unit: SignedUnit): boolean {
    return unit.creator === this.#options.keychain.index && this.#options.validator.fault(unit) === null;
  }

  /** If so, it is asked now. */
  isQuestionDue(nowMs: number): boolean {
    if (!this.#watch && nowMs - this.#askedMs < this.#options.delays.newestRequestMs) return false;
    this.#askedMs = nowMs;
    return true;
  }

  /** @param heldRound the round after the newest unit of ours that we have by now, from the backup or from others */
  conclude(nowMs: number, heldRound = this.#options.ownRound): NewestConclusion {
    const { peers, ownRound, delays, doubtMs = 0 } = this.#options;
    if (this.#appeared !== null) {
      if (this.#watch?.isSecond) return { kind: "copy", round: this.#appeared };
      this.#watch = watchFrom(nowMs, this.#appeared + 1, delays.newestSettleMs);
      this.#appeared = null;
    }
    const round = Math.max(heldRound, ...this.#rounds.values());
    const isKnown = round === ownRound;
    const waitedMs = nowMs - this.#options.nowMs;
    if (this.#rounds.size < peers.threshold || waitedMs < (this.#hasAll() ? 0 : delays.newestPatienceMs)) {
      return { kind: "wait" };
    }
    const watchMs = Math.max(doubtMs, isKnown ? 0 : delays.newestWatchMs);
    if (watchMs > 0) this.#watch ??= watchFrom(nowMs, round);
    if (this.#watch) {
      this.#watch.isSettled ||= nowMs >= this.#watch.settledMs;
      if (nowMs - this.#watch.sinceMs < Math.max(watchMs, this.#watch.isSecond ? delays.newestWatchMs : 0)) {
        return { kind: "wait" };
      }
    }
    const isLate = isKnown || this.#hasAll() || waitedMs >= delays.newestLostPatienceMs;
    return isLate ? { kind: "begin", round, isKnown } : { kind: "wait" };
  }

  #hasAll(): boolean {
    return this.#rounds.size === this.#options.peers.total;
  }
}

/** @param settleMs for a second watch */
function watchFrom(sinceMs: number, known: number, settleMs = 0): Watch {
  return { sinceMs, settledMs: sinceMs + settleMs, known, isSettled: settleMs === 0, isSecond: settleMs > 0 };
}
