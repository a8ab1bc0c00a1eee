/**
 * Asking everybody for our own newest unit before we create any. `fedimint-aleph-bft` runway/collection.rs; sheet
 * "consensus" A5, A10.
 *
 * A guardian whose database was lost or restored doesn't know which units it has signed in this session; creating those
 * rounds again would be a fork. The highest of the answers says where it may go on. It is an option: the reference
 * doesn't ask, though it answers.
 */
import { encode } from "../../core/encoding/codec.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";
import type { Keychain } from "./keychain.ts";
import type { NewestUnitResponse } from "./messages.ts";
import { newestUnitResponse } from "./messages.ts";
import type { SignedUnit } from "./unit.ts";
import type { Validator } from "./validator.ts";

export class NewestCollection {
  readonly salt: bigint;
  readonly #keychain: Keychain;
  readonly #validator: Validator;
  readonly #peers: NumPeers;
  readonly #session: bigint;
  /** guardian → the round after the newest unit it has of us. */
  readonly #rounds = new Map<number, number>();
  #patienceOver = false;

  /** `ownRound` = the round after the newest own unit in the backup. */
  constructor(
    options: {
      readonly keychain: Keychain;
      readonly validator: Validator;
      readonly peers: NumPeers;
      readonly session: bigint;
      readonly salt: bigint;
      readonly ownRound: number;
    },
  ) {
    const { keychain, validator, peers, session, salt, ownRound } = options;
    this.#keychain = keychain;
    this.#validator = validator;
    this.#peers = peers;
    this.#session = session;
    this.salt = salt;
    this.#rounds.set(keychain.index, ownRound);
  }

  /**
   * False for an answer that doesn't count: one to somebody else's question or to another question of ours (salt), one
   * that is passed on (`from` didn't sign it), a bad signature, or a unit that isn't a valid one of ours. An evil guardian
   * may ask the others about itself with our salt: what they sign for it says nothing about us. A unit of an earlier
   * session says that its guardian is still there and has none of this session.
   */
  receive(from: number, response: NewestUnitResponse, signature: Uint8Array): boolean {
    const { requester, responder, unit, salt } = response;
    if (requester !== this.#keychain.index || responder !== from || salt !== this.salt) return false;
    const isEarlier = unit !== null && unit.session < this.#session;
    if (unit !== null && !isEarlier && !this.#isOwn(unit)) return false;
    if (!this.#keychain.verify(responder, encode(newestUnitResponse, response), signature)) return false;
    const round = unit === null || isEarlier ? 0 : unit.round + 1;
    this.#rounds.set(responder, Math.max(this.#rounds.get(responder) ?? 0, round));
    return true;
  }

  #isOwn(unit: SignedUnit): boolean {
    return unit.creator === this.#keychain.index && this.#validator.fault(unit) === null;
  }

  /** From now on a threshold of answers is enough. */
  endPatience(): void {
    this.#patienceOver = true;
  }

  /** The first round we may create; null while too few have answered. */
  get startRound(): number | null {
    const needed = this.#patienceOver ? this.#peers.threshold : this.#peers.total;
    return this.#rounds.size < needed ? null : Math.max(...this.#rounds.values());
  }
}
