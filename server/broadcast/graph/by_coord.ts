/** One thing for each place in the graph: a map by creator and round that takes eight bytes a place. */
import { assert } from "../../../core/assert.ts";
import type { UnitCoord } from "./unit.ts";

export class ByCoord<T> {
  /** creator → round → */
  readonly #rounds: (T | undefined)[][];

  constructor(peers: number) {
    this.#rounds = Array.from({ length: peers }, () => []);
  }

  /** Undefined also for an index that is no guardian's. */
  get({ round, creator }: UnitCoord): T | undefined {
    return this.#rounds[creator]?.[round];
  }

  /** @param coord of a guardian, in a round that is bounded: all below it take room, too */
  set({ round, creator }: UnitCoord, value: T): void {
    const rounds = this.#rounds[creator];
    assert(rounds, "a validated unit's creator is a guardian");
    // no holes: an array with gaps would turn into a slow dictionary
    while (rounds.length < round) rounds.push(undefined);
    rounds[round] = value;
  }

  /** Of one creator, ascending by round. */
  of(creator: number): T[] {
    return (this.#rounds[creator] ?? []).filter((value) => value !== undefined);
  }

  /** Of the highest round; undefined also for an index that is no guardian's. */
  newest(creator: number): T | undefined {
    return this.#rounds[creator]?.at(-1);
  }
}
