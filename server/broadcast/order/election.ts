/**
 * Which unit of a round becomes its head: a virtual vote among later units. `fedimint-aleph-bft` extension/election.rs;
 * docs/protocol/03-consensus.md §A11. The rules are consensus: every guardian reaches the same head whatever the order
 * in which units reach it.
 *
 * Candidates are the round's units by ascending hash; each is voted on in turn. A unit one round later votes for the
 * candidate if it is its parent; later units vote as all their parents do, or, when those differ, as the common vote of
 * that distance says. A threshold of parents that agree with the common vote decides.
 */
import { assert } from "../../../core/assert.ts";
import { compareBytes } from "../../../core/bytes.ts";
import type { DagUnit } from "../graph/dag.ts";

/** Units of the graph by round, in order of arrival. */
export type Rounds = readonly (readonly DagUnit[])[];

/** `distance` ≥ 2 rounds after the candidate: true, false, true, true, then alternating from false. */
export function commonVote(distance: number): boolean {
  if (distance === 3) return false;
  if (distance <= 4) return true;
  return distance % 2 === 1;
}

/** A candidate is decided on no earlier than this many rounds later: elimination at 3, election at 4. */
const DECISION_DISTANCE = 3;

type Outcome = "open" | "elected" | "eliminated";

class CandidateElection {
  readonly candidate: DagUnit;
  readonly #threshold: number;
  readonly #votes = new Map<DagUnit, boolean>();

  constructor(candidate: DagUnit, threshold: number) {
    this.candidate = candidate;
    this.#threshold = threshold;
  }

  voteAll(rounds: Rounds): Outcome {
    for (let round = this.candidate.unit.round + 1; round < rounds.length; round++) {
      for (const voter of rounds[round]!) {
        const outcome = this.vote(voter);
        if (outcome !== "open") return outcome;
      }
    }
    return "open";
  }

  /** Votes of units up to the candidate's round don't exist. A voter's parents have voted before it. */
  vote(voter: DagUnit): Outcome {
    const distance = voter.unit.round - this.candidate.unit.round;
    if (distance < 1 || this.#votes.has(voter)) return "open";
    if (distance === 1) {
      this.#votes.set(voter, voter.parents.includes(this.candidate));
      return "open";
    }
    let yes = 0;
    for (const parent of voter.parents) {
      const vote = this.#votes.get(parent);
      assert(vote !== undefined, "a unit's parents vote before it");
      if (vote) yes++;
    }
    const no = voter.parents.length - yes;
    const common = commonVote(distance);
    if (distance >= DECISION_DISTANCE) {
      if (common && yes >= this.#threshold) return "elected";
      if (!common && no >= this.#threshold) return "eliminated";
    }
    this.#votes.set(voter, yes === 0 ? false : no === 0 ? true : common);
    return "open";
  }
}

/** The election of one round's head. */
export class RoundElection {
  /** Highest hash first: taken from the end. */
  readonly #candidates: DagUnit[];
  readonly #threshold: number;
  #current: CandidateElection;

  private constructor(candidates: DagUnit[], threshold: number) {
    this.#candidates = candidates;
    this.#threshold = threshold;
    this.#current = this.#next();
  }

  /**
   * Null while no unit is three rounds ahead: before that, the winner might not be known. Units of the round that come
   * later could only be eliminated.
   */
  static start(round: number, rounds: Rounds, threshold: number): RoundElection | null {
    if (rounds.length <= round + DECISION_DISTANCE) return null;
    const candidates = rounds[round]!.toSorted((a, b) => compareBytes(b.unit.hash, a.unit.hash));
    return new RoundElection(candidates, threshold);
  }

  #next(): CandidateElection {
    const candidate = this.#candidates.pop();
    assert(candidate, "exactly one candidate of a round is elected, so they can't run out");
    return new CandidateElection(candidate, this.#threshold);
  }

  /** Lets every known unit vote, right after the start. The head, or null while undecided. */
  voteAll(rounds: Rounds): DagUnit | null {
    return this.#conclude(this.#current.voteAll(rounds), rounds);
  }

  /** Lets one more unit vote. */
  vote(voter: DagUnit, rounds: Rounds): DagUnit | null {
    return this.#conclude(this.#current.vote(voter), rounds);
  }

  #conclude(outcome: Outcome, rounds: Rounds): DagUnit | null {
    while (outcome === "eliminated") {
      this.#current = this.#next();
      outcome = this.#current.voteAll(rounds);
    }
    return outcome === "elected" ? this.#current.candidate : null;
  }
}
