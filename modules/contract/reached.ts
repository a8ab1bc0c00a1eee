/**
 * How far something has come that only grows, and alike on all guardians, by what they say one after the other: the
 * rule behind `FederationApi.reached`.
 */
import type { PeerId } from "../../core/types/ids.ts";
import type { NumPeers } from "../../core/types/num_peers.ts";

/**
 * - Some honest guardian has come so far: more than may be evil have said so, at any time.
 * - It is not less than what the federation had agreed on when it was first asked. That more than may be evil of the
 *   honest ones had, so of any threshold at least one, and a threshold's first answers are no higher.
 */
export class Reached {
  readonly #peers: NumPeers;
  readonly #first = new Map<PeerId, number>();
  readonly #highest = new Map<PeerId, number>();

  constructor(peers: NumPeers) {
    this.#peers = peers;
  }

  /** @returns how far it has come; null when guardians are to be asked again */
  answered(peer: PeerId, value: number): number | null {
    if (!this.#first.has(peer)) this.#first.set(peer, value);
    this.#highest.set(peer, Math.max(value, this.#highest.get(peer) ?? 0));
    const descending = [...this.#highest.values()].sort((a, b) => b - a);
    const reached = descending[this.#peers.oneHonest - 1];
    if (reached === undefined) return null;
    const covered = [...this.#first.values()].filter((value) => value <= reached);
    return covered.length >= this.#peers.threshold ? reached : null;
  }
}
