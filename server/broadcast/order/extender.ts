/**
 * Orders the graph: elects a head for each round in turn and puts out its batch. `fedimint-aleph-bft`
 * extension/extender.rs; A11. Cost: a unit votes once in the running election, n map reads; rounds later elections look
 * only a few rounds ahead.
 */
import type { DagUnit } from "../graph/dag.ts";
import { RoundElection } from "./election.ts";
import { takeBatch } from "./order.ts";

export type Batch = { readonly head: DagUnit; /** Oldest first, the head last. */ readonly units: readonly DagUnit[] };

const NO_UNITS: DagUnit[] = [];

export class Extender {
  readonly #threshold: number;
  /** Of rounds whose heads are elected nothing. */
  readonly #rounds: DagUnit[][] = [];
  /** Units of the graph that are not ordered yet. */
  readonly #pool = new Set<DagUnit>();
  #round = 0;
  #election: RoundElection | null = null;

  /** @param threshold guardians whose agreement decides: n − ⌊(n − 1) / 3⌋ */
  constructor(threshold: number) {
    this.#threshold = threshold;
  }

  /** The round whose head is elected next. */
  get round(): number {
    return this.#round;
  }

  /** A unit that entered the graph, after its parents. */
  add(unit: DagUnit): Batch[] {
    const rounds = this.#rounds, { round } = unit.unit;
    while (rounds.length <= round) rounds.push([]);
    // a unit of a round whose head is elected votes no more
    if (round >= this.#round) rounds[round]!.push(unit);
    this.#pool.add(unit);
    const batches: Batch[] = [];
    let head = this.#election?.vote(unit, rounds) ?? null;
    for (;;) {
      if (head !== null) {
        batches.push({ head, units: takeBatch(head, this.#pool) });
        for (const { unit } of rounds[this.#round]!) unit.settle();
        rounds[this.#round++] = NO_UNITS;
        this.#election = null;
      } else if (this.#election !== null) return batches;
      this.#election = RoundElection.start(this.#round, rounds, this.#threshold);
      if (this.#election === null) return batches;
      head = this.#election.voteAll(rounds);
    }
  }
}
