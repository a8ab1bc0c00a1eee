/** What goes wrong with a simulated node, by dice or at once. */
import { assert } from "../../../../core/assert.ts";

/** Chances are 0 … 1, times milliseconds of the world's clock. */
export type NodeFaults = {
  /** A call takes up to so long to the node, and its answer as long back. */
  readonly lateMs: number;
  /** Chance that a call never comes to the node. */
  readonly lostCall: number;
  /** Chance that a call is carried out and its answer is lost. */
  readonly lostAnswer: number;
  /** Chance that a held payment is told a second time. */
  readonly toldTwice: number;
  /**
   * Chance that a node which starts gives back what had come within `FORGETS_WITHIN_MS` of its end, and its invoices
   * stay accepted: as an LND that was killed right after it told of a payment.
   */
  readonly forgetsHeld: number;
  /** Chance that a payment of this node finds no way. */
  readonly noRoute: number;
  /** Chance that a payment of this node is stuck on its way, for up to `stuckMs`. */
  readonly stuck: number;
  readonly stuckMs: number;
  /** Parts that a payment of this node is split into, at most. */
  readonly partsMax: number;
  /** Blocks that the node adds to the height that it tells: it lies. */
  readonly heightLie: number;
};

/** LND tells of a payment some milliseconds before it has it for good. docs/protocol/08-lightning-nodes.md §A. */
export const FORGETS_WITHIN_MS = 50;

export const NO_FAULTS: NodeFaults = {
  lateMs: 0,
  lostCall: 0,
  lostAnswer: 0,
  toldTwice: 0,
  forgetsHeld: 0,
  noRoute: 0,
  stuck: 0,
  stuckMs: 0,
  partsMax: 1,
  heightLie: 0,
};

/** These, and no others. */
export function faultsOf(faults: Partial<NodeFaults>): NodeFaults {
  const all = { ...NO_FAULTS, ...faults };
  for (const chance of [all.lostCall, all.lostAnswer, all.toldTwice, all.forgetsHeld, all.noRoute, all.stuck]) {
    assert(chance >= 0 && chance <= 1, "a chance is 0 … 1");
  }
  assert(Number.isInteger(all.partsMax) && all.partsMax >= 1, "a payment has a part at least");
  return all;
}
