/**
 * Each guardian's newest unit is sent again to everybody every 15 to 20 seconds while it stays the newest: so those
 * that lost it, and all after a blackout, find each other again. `fedimint-aleph-bft` member.rs;
 * docs/protocol/03-consensus.md §A7.
 */
import type { SignedUnit } from "../graph/unit.ts";

export class Dissemination {
  readonly #newest: { readonly unit: SignedUnit; dueMs: number }[] = [];

  /**
   * A unit that is on disk. True when a task for its creator must be scheduled at `dueMs`: one task a creator is
   * enough, it moves with the newest unit.
   */
  discover(unit: SignedUnit, dueMs: number): boolean {
    const known = this.#newest[unit.creator];
    if (known && known.unit.round >= unit.round) return false;
    this.#newest[unit.creator] = { unit, dueMs };
    return known === undefined;
  }

  /** At the task's time: the unit to send now and null, or null and when to look again. */
  due(creator: number, nowMs: number, nextMs: number): { readonly unit: SignedUnit | null; readonly againMs: number } {
    const newest = this.#newest[creator]!;
    if (newest.dueMs > nowMs) return { unit: null, againMs: newest.dueMs };
    newest.dueMs = nextMs;
    return { unit: newest.unit, againMs: nextMs };
  }
}
