/**
 * The levels of one run of a transaction: the body itself, and savepoints inside. A level remembers what it overwrote,
 * so that undoing costs what it wrote and a level that writes nothing costs nothing. Only the innermost level is used:
 * so nobody's write is undone with another's.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";

/** What a key had in the run's writes before a level wrote it; undefined for: nothing. */
export type Overwritten = Bytes | null | undefined;

export class Level {
  readonly outer: Level | undefined;
  /** How many effects the run had when the level began. */
  readonly effects: number;
  #overwritten: Map<string, Overwritten> | undefined;

  constructor(outer: Level | undefined, effects: number) {
    this.outer = outer;
    this.effects = effects;
  }

  /**
   * Remembers what a key had; the first time counts. The body's own level needs nothing: it is undone by being
   * forgotten.
   */
  remember(key: string, value: Overwritten): void {
    if (this.outer === undefined) return;
    this.#overwritten ??= new Map();
    if (!this.#overwritten.has(key)) this.#overwritten.set(key, value);
  }

  /** What has to be put back to undo the level. */
  get overwritten(): Iterable<readonly [string, Overwritten]> {
    return this.#overwritten ?? [];
  }

  /** Keeps what the level did: the outer level can undo it. */
  keep(): void {
    assert(this.outer !== undefined, "the body's own level is kept by committing");
    for (const [key, value] of this.overwritten) this.outer.remember(key, value);
  }
}
