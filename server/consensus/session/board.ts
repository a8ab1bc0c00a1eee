/**
 * What consensus shows of itself without being asked: its actors write here as things happen, the API reads. So a
 * thousand questions about the guardian's state cost the actors that consensus needs nothing, and are answered while
 * these wait.
 */
import type { PeerId } from "../../../core/types/ids.ts";

export type ConsensusBoard = {
  /** Session in which an item of each peer was last ordered, in this life of the engine. By the engine. */
  readonly contributions: Map<PeerId, number>;
  /** From a batch's making to its ordering, smoothed, ms; null until the session has ordered one. By the mempool. */
  orderingLatencyMs: number | null;
  /** After this session consensus ends. By `sessions`. */
  scheduledShutdown: number | null;
};

/** For who only reads. */
export type ShownBoard = Readonly<Omit<ConsensusBoard, "contributions">> & {
  readonly contributions: ReadonlyMap<PeerId, number>;
};

export function newBoard(): ConsensusBoard {
  return { contributions: new Map(), orderingLatencyMs: null, scheduledShutdown: null };
}
