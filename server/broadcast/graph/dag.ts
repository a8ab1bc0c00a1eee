/**
 * From units with control hashes to a graph with explicit parents, parents before children. `fedimint-aleph-bft`
 * reconstruction/{parents,dag}.rs; docs/protocol/03-consensus.md §A8.
 *
 * A unit's parents are guessed: for each creator in its mask the first variant that we got. Only where somebody forked
 * the guess can be wrong, which the control hash shows; then the parents are asked for, and from then on only an
 * explicit list that matches completes it.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import { assert } from "../../../core/assert.ts";
import { ByCoord } from "./by_coord.ts";
import type { SignedUnit, UnitCoord } from "./unit.ts";
import { combineHashes } from "./unit.ts";

/** A vertex: the unit and its parents, ascending by creator. */
export type DagUnit = { readonly unit: SignedUnit; readonly parents: readonly DagUnit[] };

/** What a step came to, in order: units that entered the graph, and what must be asked for. */
export type DagOutput = {
  readonly added: DagUnit[];
  readonly missing: UnitCoord[];
  /** Units whose guessed parents don't match. */
  readonly wrongParents: SignedUnit[];
};

type Incomplete = {
  readonly unit: SignedUnit;
  /** By creator. */
  readonly slots: (Bytes | null)[];
  open: number;
  /** Guessing was wrong: wait for an explicit list. */
  explicitOnly: boolean;
};
type Orphan = { readonly unit: SignedUnit; readonly parents: readonly string[]; open: number };

/** A unit's parents by hash: 32 bytes or null for each guardian. Whether that is what the unit commits to. */
export function matchesControlHash(unit: SignedUnit, parents: readonly (Bytes | null)[]): boolean {
  return equalBytes(combineHashes(parents), unit.combinedHash);
}

export class Dag {
  readonly #peers: number;
  /** The first variants. */
  readonly #firstAt: ByCoord<SignedUnit>;
  /** By coordinate number. */
  readonly #waitingForCoord = new Map<number, string[]>();
  readonly #incomplete = new Map<string, Incomplete>();
  readonly #orphans = new Map<string, Orphan>();
  readonly #waitingForParent = new Map<string, string[]>();
  readonly #units = new Map<string, DagUnit>();

  constructor(peers: number) {
    this.#peers = peers;
    this.#firstAt = new ByCoord(peers);
  }

  /** Units in the graph, and units that wait for something. */
  get size(): { readonly units: number; readonly waiting: number } {
    return { units: this.#units.size, waiting: this.#incomplete.size + this.#orphans.size };
  }

  get(key: string): DagUnit | undefined {
    return this.#units.get(key);
  }

  #coordNumber(round: number, creator: number): number {
    return round * this.#peers + creator;
  }

  /** A validated unit, each one once. */
  add(unit: SignedUnit): DagOutput {
    const output: DagOutput = { added: [], missing: [], wrongParents: [] };
    if (this.#incomplete.has(unit.key)) return output;
    if (!this.#firstAt.get(unit)) this.#firstAt.set(unit, unit);
    const coord = this.#coordNumber(unit.round, unit.creator);
    const children = this.#waitingForCoord.get(coord);
    if (children) {
      this.#waitingForCoord.delete(coord);
      for (const child of children) this.#fill(child, unit.creator, unit.hash, output);
    }
    if (unit.round === 0) this.#complete(unit, [], output);
    else this.#guessParents(unit, output);
    return output;
  }

  #guessParents(unit: SignedUnit, output: DagOutput): void {
    const slots = new Array<Bytes | null>(this.#peers).fill(null), { parentCreators } = unit;
    this.#incomplete.set(unit.key, { unit, slots, open: parentCreators.length, explicitOnly: false });
    for (const creator of parentCreators) {
      const candidate = this.#firstAt.get({ round: unit.round - 1, creator });
      if (candidate) {
        this.#fill(unit.key, creator, candidate.hash, output);
        continue;
      }
      const coord = this.#coordNumber(unit.round - 1, creator), children = this.#waitingForCoord.get(coord);
      if (children) children.push(unit.key);
      else this.#waitingForCoord.set(coord, [unit.key]);
      output.missing.push({ round: unit.round - 1, creator });
    }
  }

  #fill(key: string, creator: number, hash: Bytes, output: DagOutput): void {
    const incomplete = this.#incomplete.get(key);
    // an explicit list may have completed it meanwhile
    if (!incomplete || incomplete.explicitOnly) return;
    incomplete.slots[creator] = hash;
    incomplete.open--;
    if (incomplete.open > 0) return;
    if (matchesControlHash(incomplete.unit, incomplete.slots)) {
      this.#incomplete.delete(key);
      this.#complete(incomplete.unit, this.#keysOf(incomplete), output);
    } else {
      incomplete.explicitOnly = true;
      output.wrongParents.push(incomplete.unit);
    }
  }

  #keysOf({ unit }: Incomplete): string[] {
    return unit.parentCreators.map((creator) => {
      const candidate = this.#firstAt.get({ round: unit.round - 1, creator });
      assert(candidate, "guessed parents are the first variants of their coordinates");
      return candidate.key;
    });
  }

  /** An explicit list of parents, checked against the control hash by the caller; ascending by creator, as keys. */
  addParents(unit: SignedUnit, parents: readonly string[]): DagOutput {
    const output: DagOutput = { added: [], missing: [], wrongParents: [] };
    if (this.#incomplete.delete(unit.key)) this.#complete(unit, parents, output);
    return output;
  }

  /** A unit of the own backup, whose parents are in the graph already. */
  restore(unit: SignedUnit, parents: readonly string[]): DagUnit {
    if (!this.#firstAt.get(unit)) this.#firstAt.set(unit, unit);
    return this.#insert(unit, parents);
  }

  #insert(unit: SignedUnit, parents: readonly string[]): DagUnit {
    const dagUnit: DagUnit = {
      unit,
      parents: parents.map((key) => {
        const parent = this.#units.get(key);
        assert(parent, "parents enter the graph before their children");
        return parent;
      }),
    };
    this.#units.set(unit.key, dagUnit);
    return dagUnit;
  }

  #complete(unit: SignedUnit, parents: readonly string[], output: DagOutput): void {
    if (this.#units.has(unit.key)) return;
    const absent = parents.filter((key) => !this.#units.has(key));
    if (absent.length > 0) {
      this.#orphans.set(unit.key, { unit, parents, open: absent.length });
      for (const key of absent) {
        const children = this.#waitingForParent.get(key);
        if (children) children.push(unit.key);
        else this.#waitingForParent.set(key, [unit.key]);
      }
      return;
    }
    const ready: { unit: SignedUnit; parents: readonly string[] }[] = [{ unit, parents }];
    for (let next = 0; next < ready.length; next++) {
      const { unit, parents } = ready[next]!;
      output.added.push(this.#insert(unit, parents));
      for (const key of this.#waitingForParent.get(unit.key) ?? []) {
        const orphan = this.#orphans.get(key);
        assert(orphan, "who waits for a parent is an orphan");
        orphan.open--;
        if (orphan.open > 0) continue;
        this.#orphans.delete(key);
        ready.push(orphan);
      }
      this.#waitingForParent.delete(unit.key);
    }
  }
}
