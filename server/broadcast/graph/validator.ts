/**
 * Whether a unit may enter the store at all. What its combined hash commits to can't be seen yet, except in round 0;
 * its data is not looked at. `fedimint-aleph-bft` units/validator.rs; docs/protocol/03-consensus.md §A6.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import type { NumPeers } from "../../../core/types/num_peers.ts";
import type { SignatureChecks } from "../keychain.ts";
import { membersOf } from "../scale.ts";
import type { SignedUnit } from "./unit.ts";
import { combineHashes } from "./unit.ts";

export type UnitFault =
  | "bad_signature"
  | "wrong_session"
  | "round_too_high"
  | "wrong_mask_size"
  | "round_zero_with_parents"
  | "round_zero_bad_hash"
  | "too_few_parents"
  | "no_own_parent";

export class Validator {
  readonly #checks: SignatureChecks;
  readonly #session: bigint;
  readonly #peers: NumPeers;
  readonly #roundMax: number;
  readonly #noParentsHash: Bytes;

  constructor(checks: SignatureChecks, session: bigint, peers: NumPeers, roundMax: number) {
    this.#checks = checks;
    this.#session = session;
    this.#peers = peers;
    this.#roundMax = roundMax;
    this.#noParentsHash = combineHashes(new Array(peers.total).fill(null));
  }

  /** Null when the unit is valid. The costly signature comes last; which of several faults is found doesn't matter. */
  fault(unit: SignedUnit): UnitFault | null {
    return this.structureFault(unit) ?? (this.#checks.unit(unit) ? null : "bad_signature");
  }

  /** All but the signature. */
  structureFault(unit: SignedUnit): UnitFault | null {
    if (unit.session !== this.#session) return "wrong_session";
    if (unit.round > this.#roundMax) return "round_too_high";
    const { mask } = unit;
    if (mask.size !== this.#peers.total) return "wrong_mask_size";
    const parents = membersOf(mask);
    if (unit.round === 0) {
      if (parents.length > 0) return "round_zero_with_parents";
      return equalBytes(unit.combinedHash, this.#noParentsHash) ? null : "round_zero_bad_hash";
    }
    if (parents.length < this.#peers.threshold) return "too_few_parents";
    return parents.includes(unit.creator) ? null : "no_own_parent";
  }
}
