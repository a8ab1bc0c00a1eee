/**
 * Items that wait for our next unit, and what that unit carries: `nextUnitData`. fedimint-server
 * `aleph_bft/data_provider.rs`. The queue survives sessions; the leftover item and the ids of transactions taken are
 * forgotten at a session's end.
 */
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, Cast, ReplyTo, Request } from "../../../actors/protocol.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { encode, list } from "../../../core/encoding/mod.ts";
import type { TransactionId } from "../../../core/types/ids.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import { consensusItem } from "../../../core/types/session.ts";
import { transactionIdOf } from "../../../core/types/transaction.ts";
import type { ConsensusBoard } from "../session/board.ts";
import { BATCH_BYTES_MAX, BATCH_COUNT_BYTES, MEMPOOL_ITEMS_MAX, MEMPOOL_PRODUCERS_MAX } from "../limits.ts";

/** What a unit carries: a batch of encoded items, our signature (64 bytes) over the session's header, or nothing. */
export type NextUnitData =
  | { readonly kind: "batch"; readonly bytes: Bytes }
  | { readonly kind: "signature"; readonly signature: Bytes }
  | null;

export type MempoolMessage =
  /**
   * True once the item is queued; false when too many producers wait already. Nothing is durable: producers submit
   * again.
   */
  | Request<"submit", { item: ConsensusItem }, boolean>
  /**
   * `measured`: the time until its batch is ordered counts. Not in a session that goes on after a restart: old units
   * are ordered first.
   */
  | Request<"nextUnitData", { session: number; measured: boolean }, NextUnitData>
  /** The oldest batch of ours that was not ordered yet is ordered now. */
  | Cast<"batchOrdered", { session: number }>
  /** The next item alone, as soon as there is one: for a federation of one guardian. */
  | Request<"take", null, ConsensusItem>
  /** From now on every unit of this session carries the signature and nothing else. */
  | Cast<"sign", { session: number; signature: Bytes }>;

export type MempoolRef = ActorRef<MempoolMessage>;

type Producer = { readonly item: ConsensusItem; readonly from: ReplyTo<boolean> };

/** Mutable inside the actor: a queue of a thousand items is not copied per message. */
type State = {
  readonly queue: ConsensusItem[];
  readonly producers: Producer[];
  /** Who waits for an item: the last who asked, as one before it may have crashed meanwhile. */
  taker: ReplyTo<ConsensusItem> | null;
  session: number;
  leftover: ConsensusItem | null;
  signature: Bytes | null;
  readonly taken: Set<TransactionId>;
  /** When the batches that wait for ordering were made, oldest first; as many as a session has rounds at most. */
  readonly madeAtMs: number[];
  readonly board: ConsensusBoard;
};

const items = list(consensusItem);

function enterSession(state: State, session: number): void {
  if (state.session === session) return;
  state.session = session;
  state.leftover = null;
  state.signature = null;
  state.taken.clear();
  state.madeAtMs.length = 0;
  state.board.orderingLatencyMs = null;
}

/**
 * Takes from the queue what fits into a unit. Pure but for the state it is given; `admit` lets a waiting producer in.
 */
function takeBatch(state: State, admit: () => void, oversized: (bytes: number) => void): ConsensusItem[] {
  let bytes = BATCH_COUNT_BYTES;
  const batch: ConsensusItem[] = [];
  const add = (item: ConsensusItem): number => {
    const size = encode(consensusItem, item).length;
    if (bytes + size > BATCH_BYTES_MAX) return size;
    bytes += size;
    batch.push(item);
    return 0;
  };
  if (state.leftover !== null) {
    const size = add(state.leftover);
    if (size > 0) oversized(size);
    state.leftover = null;
  }
  for (;;) {
    const item = state.queue.shift();
    if (item === undefined) return batch;
    admit();
    if (item.tag === "Transaction") {
      const txid = transactionIdOf(item.value);
      if (state.taken.has(txid)) continue;
      state.taken.add(txid);
    }
    if (add(item) === 0) continue;
    state.leftover = item;
    return batch;
  }
}

export const mempool = defineActor<MempoolMessage, { readonly board: ConsensusBoard }, State>({
  name: "mempool",
  init: (_ctx, { board }) => ({
    board,
    queue: [],
    producers: [],
    taker: null,
    session: -1,
    leftover: null,
    signature: null,
    taken: new Set(),
    madeAtMs: [],
  }),
  handle: {
    submit: (state, { item }, ctx, from) => {
      if (state.taker) {
        ctx.reply(state.taker, item);
        state.taker = null;
        return reply(state, true);
      }
      if (state.queue.length < MEMPOOL_ITEMS_MAX) {
        state.queue.push(item);
        return reply(state, true);
      }
      if (state.producers.length >= MEMPOOL_PRODUCERS_MAX) return reply(state, false);
      state.producers.push({ item, from });
      return next(state);
    },
    nextUnitData: (state, { session, measured }, ctx) => {
      enterSession(state, session);
      if (!measured) state.madeAtMs.length = 0;
      if (state.signature !== null) return reply(state, { kind: "signature", signature: state.signature });
      const admit = (): void => {
        const producer = state.producers.shift();
        if (!producer) return;
        state.queue.push(producer.item);
        ctx.reply(producer.from, true);
      };
      const batch = takeBatch(state, admit, (bytes) => {
        ctx.log.warn("Item is larger than a unit and was dropped", { bytes, bytesMax: BATCH_BYTES_MAX });
      });
      if (batch.length === 0) return reply(state, null);
      if (measured) state.madeAtMs.push(ctx.platform.clock.monotonicMs());
      return reply(state, { kind: "batch", bytes: encode(items, batch) });
    },
    batchOrdered: (state, { session }, ctx) => {
      const madeAtMs = session === state.session ? state.madeAtMs.shift() : undefined;
      if (madeAtMs === undefined) return next(state);
      const elapsedMs = ctx.platform.clock.monotonicMs() - madeAtMs;
      const beforeMs = state.board.orderingLatencyMs;
      state.board.orderingLatencyMs = beforeMs === null ? elapsedMs : (9 * beforeMs + elapsedMs) / 10;
      return next(state);
    },
    take: (state, _args, ctx, from) => {
      const item = state.queue.shift();
      if (item === undefined) {
        state.taker = from;
        return next(state);
      }
      const producer = state.producers.shift();
      if (producer) {
        state.queue.push(producer.item);
        ctx.reply(producer.from, true);
      }
      return reply(state, item);
    },
    sign: (state, { session, signature }) => {
      enterSession(state, session);
      state.signature = signature;
      return next(state);
    },
  },
  // producers bound themselves by waiting for their answer; a session asks for one unit at a time and must not be
  // refused for them
  mailbox: { max: 10_000, full: "refuse", always: ["nextUnitData", "batchOrdered", "take", "sign"] },
  inspect: (state) => ({ waiting: state.queue.length, producers: state.producers.length, session: state.session }),
});
