/**
 * All valid units of the session: by hash, by coordinate, and who has forked. `fedimint-aleph-bft` units/store.rs;
 * docs/protocol/03-consensus.md §A7. Bound: one unit a coordinate, but for variants of forkers that confirmed alerts
 * brought.
 */
import { assert } from "../../../core/assert.ts";
import type { SignedUnit, UnitCoord } from "./unit.ts";

/** A unit and what became of it. */
export type StoredUnit = {
  readonly unit: SignedUnit;
  /** Hashes (as keys) of its parents, ascending by creator; null until they are known for sure. */
  parents: readonly string[] | null;
  inDag: boolean;
  /** On disk. Before that an own unit must not leave by any way. */
  durable: boolean;
  /** An own unit that was not on disk when another one with our signature turned up for its place: it never leaves. */
  withheld: boolean;
};

export class UnitStore {
  readonly #byKey = new Map<string, StoredUnit>();
  /** creator → round → the latest variant. */
  readonly #byCoord: (StoredUnit | undefined)[][];
  readonly #forkers = new Set<number>();

  constructor(peers: number) {
    this.#byCoord = Array.from({ length: peers }, () => []);
  }

  get size(): number {
    return this.#byKey.size;
  }

  byKey(key: string): StoredUnit | undefined {
    return this.#byKey.get(key);
  }

  byCoord({ round, creator }: UnitCoord): StoredUnit | undefined {
    return this.#byCoord[creator]?.[round];
  }

  /** One variant a round, ascending. */
  unitsOf(creator: number): StoredUnit[] {
    return (this.#byCoord[creator] ?? []).filter((stored) => stored !== undefined);
  }

  /** Of the highest round; undefined also for an index that is no guardian's. */
  newest(creator: number): StoredUnit | undefined {
    return this.#byCoord[creator]?.at(-1);
  }

  isForker(creator: number): boolean {
    return this.#forkers.has(creator);
  }

  get forkers(): ReadonlySet<number> {
    return this.#forkers;
  }

  markForker(creator: number): void {
    this.#forkers.add(creator);
  }

  /** A validated unit that isn't stored yet. */
  add(unit: SignedUnit): StoredUnit {
    assert(!this.#byKey.has(unit.key), "a unit is stored once");
    const stored: StoredUnit = { unit, parents: null, inDag: false, durable: false, withheld: false };
    this.#byKey.set(unit.key, stored);
    const rounds = this.#byCoord[unit.creator];
    assert(rounds, "a validated unit's creator is a guardian");
    // no holes: an array with gaps would turn into a slow dictionary
    while (rounds.length < unit.round) rounds.push(undefined);
    rounds[unit.round] = stored;
    return stored;
  }
}
