/** Whether something happens so often in a while that it is no accident. Pure. */
import type { PeerId } from "../../core/types/ids.ts";
import { REPLACEMENTS, TOGETHER_MS } from "./limits.ts";

export class Repeats {
  readonly #many: number;
  readonly #windowMs: number;
  /** Of the last times, the oldest first: `#many` at most. */
  #atMs: number[] = [];

  constructor(bounds: { readonly many: number; readonly windowMs: number }) {
    this.#many = bounds.many;
    this.#windowMs = bounds.windowMs;
  }

  /** It has happened. True when it was so often within the window, this time included. */
  note(nowMs: number): boolean {
    this.#atMs = [...this.#atMs, nowMs].slice(-this.#many);
    return this.#atMs.length === this.#many && nowMs - this.#atMs[0]! < this.#windowMs;
  }
}

/**
 * Connections that we dialled and that the others closed soon after. One guardian that does so may be in trouble
 * itself; where two do, or one again and again, somebody else with our keys takes the connections from us.
 */
export class CutShort {
  readonly #byPeer = new Map<PeerId, { readonly repeats: Repeats; atMs: number }>();

  /** True when it is no accident. */
  note(peer: PeerId, nowMs: number): boolean {
    const own = this.#byPeer.get(peer) ?? { repeats: new Repeats(REPLACEMENTS), atMs: nowMs };
    this.#byPeer.set(peer, own);
    own.atMs = nowMs;
    const peers = [...this.#byPeer.values()].filter(({ atMs }) => nowMs - atMs < TOGETHER_MS).length;
    return own.repeats.note(nowMs) || peers > 1;
  }
}
