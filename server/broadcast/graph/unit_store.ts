/**
 * All valid units of the session: by hash, by coordinate, and who has forked. `fedimint-aleph-bft` units/store.rs;
 * docs/protocol/03-consensus.md §A7. Bound: one unit a coordinate, but for variants of forkers that confirmed alerts
 * brought.
 */
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { ByCoord } from "./by_coord.ts";
import type { DagUnit } from "./dag.ts";
import type { SignedUnit, UnitCoord } from "./unit.ts";

/** A unit and what became of it. */
export class StoredUnit {
  readonly unit: SignedUnit;
  /** In the graph. */
  vertex: DagUnit | null = null;
  /** On disk. Before that an own unit must not leave by any way. */
  durable = false;
  /** An own unit that was not on disk when another one with our signature turned up for its place: it never leaves. */
  withheld = false;
  #told: readonly string[] | null = null;

  constructor(unit: SignedUnit) {
    this.unit = unit;
  }

  /** Hashes (as keys) of its parents, ascending by creator; null until they are known for sure. */
  get parents(): readonly string[] | null {
    return this.vertex?.parents.map(({ unit }) => unit.key) ?? this.#told;
  }

  /** Somebody has told its parents, and they are those that it commits to. */
  parentsTold(parents: readonly string[]): readonly string[] {
    return this.#told = parents;
  }
}

/** Encodings of small units side by side: a buffer of its own takes three times as much as such a unit. */
class Shelf {
  #room: Bytes = new Uint8Array(0);
  #used = 0;

  take(unit: SignedUnit): void {
    const { length } = unit.bytes;
    if (length > SHELVED_BYTES_MAX) return;
    if (this.#used + length > this.#room.length) [this.#room, this.#used] = [new Uint8Array(SHELF_BYTES), 0];
    unit.moveTo(this.#room, this.#used);
    this.#used += length;
  }
}

const SHELF_BYTES = 16_384;
/** Of larger ones the buffer doesn't matter. */
const SHELVED_BYTES_MAX = 1_024;

export class UnitStore {
  readonly #byKey = new Map<string, StoredUnit>();
  /** The latest variants. */
  readonly #byCoord: ByCoord<StoredUnit>;
  readonly #shelf = new Shelf();
  readonly #forkers = new Set<number>();

  constructor(peers: number) {
    this.#byCoord = new ByCoord(peers);
  }

  get size(): number {
    return this.#byKey.size;
  }

  byKey(key: string): StoredUnit | undefined {
    return this.#byKey.get(key);
  }

  byCoord(coord: UnitCoord): StoredUnit | undefined {
    return this.#byCoord.get(coord);
  }

  /** One variant a round, ascending. */
  unitsOf(creator: number): StoredUnit[] {
    return this.#byCoord.of(creator);
  }

  /** Of the highest round; undefined also for an index that is no guardian's. */
  newest(creator: number): StoredUnit | undefined {
    return this.#byCoord.newest(creator);
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
    const stored = new StoredUnit(unit);
    this.#byKey.set(unit.key, stored);
    this.#byCoord.set(unit, stored);
    this.#shelf.take(unit);
    return stored;
  }
}
