/**
 * When we create a unit and on which parents. `fedimint-aleph-bft` creation/{mod,creator}.rs;
 * docs/protocol/03-consensus.md §A5.
 *
 * One unit a round, no round skipped: after the round's delay (none when others are ahead already) as soon as a
 * threshold of units of the round before, with our own among them, is in the graph. Its parents are all those that are
 * there then.
 */
import type { DagUnit } from "../graph/dag.ts";

/** A unit of ours that still lacks its data. */
export type PreUnit = { readonly round: number; readonly parents: readonly DagUnit[] };

type Phase =
  /** The delay of the round hasn't been decided yet. */
  | "begin"
  | "delay"
  | "gather"
  /** No more units from us. */
  | "ended";

export class Creator {
  readonly #peers: number;
  readonly #threshold: number;
  readonly #identity: number;
  /** Rounds start … `#endRound` − 1 are created. */
  readonly #endRound: number;
  /** round → creator → the first of its units that entered the graph. */
  readonly #collected: (DagUnit | undefined)[][] = [];
  readonly #counts: number[] = [];
  #round = 0;
  #phase: Phase = "ended";

  constructor(options: { peers: number; threshold: number; identity: number; endRound: number }) {
    this.#peers = options.peers;
    this.#threshold = options.threshold;
    this.#identity = options.identity;
    this.#endRound = options.endRound;
  }

  /** The next round of ours. */
  get round(): number {
    return this.#round;
  }

  get ended(): boolean {
    return this.#phase === "ended";
  }

  start(round: number): void {
    this.#round = round;
    this.#phase = round < this.#endRound ? "begin" : "ended";
  }

  end(): void {
    this.#phase = "ended";
  }

  /**
   * While we wait for parents of our next unit: guardians whose unit of the round before isn't in the graph. Otherwise
   * none.
   */
  get lacking(): number[] {
    if (this.#phase !== "gather" || this.#round === 0) return [];
    const collected = this.#collected[this.#round - 1] ?? [];
    return Array.from({ length: this.#peers }, (_, peer) => peer).filter((peer) => collected[peer] === undefined);
  }

  /** A unit that entered the graph. */
  absorb(unit: DagUnit): void {
    const { round, creator } = unit.unit;
    while (this.#collected.length <= round) {
      this.#collected.push(new Array<DagUnit | undefined>(this.#peers).fill(undefined));
      this.#counts.push(0);
    }
    const collected = this.#collected[round]!;
    if (collected[creator]) return;
    collected[creator] = unit;
    this.#counts[round]!++;
  }

  /** True when the round's delay must be waited for now: then `delayOver(round)` comes back. */
  needsDelay(): boolean {
    if (this.#phase !== "begin") return false;
    // units beyond this round stand on a threshold of units of it: nobody waits for a delay of ours any more
    this.#phase = this.#collected.length - 1 > this.#round ? "gather" : "delay";
    return this.#phase === "delay";
  }

  delayOver(round: number): void {
    if (this.#phase === "delay" && round === this.#round) this.#phase = "gather";
  }

  /** The next unit if its parents are there; afterwards the next round begins. */
  create(): PreUnit | null {
    if (this.#phase !== "gather") return null;
    const round = this.#round;
    const candidates = round === 0 ? [] : this.#collected[round - 1] ?? [];
    const isReady = round === 0 ||
      ((this.#counts[round - 1] ?? 0) >= this.#threshold && candidates[this.#identity] !== undefined);
    if (!isReady) return null;
    this.start(round + 1);
    return { round, parents: candidates.filter((unit) => unit !== undefined) };
  }
}
