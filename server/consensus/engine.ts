/**
 * Processes ordered items: one store transaction an item, accepted or rolled back alike on every guardian. fedimint-server
 * `consensus/engine.rs` (`process_consensus_item`), sheet "consensus" B4.
 *
 * Money is checked after every accepted item: liabilities above assets stop the guardian before anything is committed.
 */
import type { ActorContext, Sender } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import { fenced } from "../../actors/store/fenced.ts";
import type { StoreTx, StoreView } from "../../actors/store/store.ts";
import { rollback } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import { equalBytes } from "../../core/bytes.ts";
import { encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { fromDyn } from "../../core/types/dyn.ts";
import type { PeerId, TransactionId } from "../../core/types/ids.ts";
import type { AcceptedItem, ConsensusItem, SignedSessionOutcome } from "../../core/types/session.ts";
import { acceptedItem } from "../../core/types/session.ts";
import type { ConsensusBoard } from "./board.ts";
import {
  ACCEPTED_ITEM_PREFIX,
  acceptedItems,
  finishedSessions,
  getAcceptedItem,
  getAcceptedTransaction,
  modulePrefix,
  setAcceptedItem,
  setAcceptedTransaction,
  setSessionOutcome,
  UNITS_PREFIX,
} from "./db.ts";
import { transactionIdOf } from "../../core/types/transaction.ts";
import type { ConsensusSettings } from "./settings.ts";
import type { SubmissionsRef } from "./submissions.ts";
import type { Modules } from "./transaction.ts";
import { decodeTransaction, processTransaction } from "./transaction.ts";

export type EngineMessage =
  /** Position = number of items accepted before in this session; counted from 0 again after a restart. The error says why it was rejected. */
  | Request<"process", { session: number; position: number; item: ConsensusItem; peer: PeerId }, Result<null, string>>
  /** Accepted items of the running session; resolves when they are durable. */
  | Request<"pending", null, AcceptedItem[]>
  /** Stores a session's outcome and forgets its items and units; resolves when durable. */
  | Request<"complete", { session: number; outcome: SignedSessionOutcome }, null>
  | Request<"finishedSessions", null, number>
  | Cast<"durable", { txid: TransactionId | null }>;

export type EngineRef = ActorRef<EngineMessage>;

export type EngineArgs = {
  readonly store: StoreView;
  readonly modules: Modules;
  readonly settings: Pick<ConsensusSettings, "version">;
  readonly submissions: SubmissionsRef;
  readonly board: ConsensusBoard;
};

type State = EngineArgs & {
  readonly contributions: Map<PeerId, number>;
  /** The session whose items are processed now. */
  readonly running: number;
};

function sameItem(a: AcceptedItem, b: AcceptedItem): boolean {
  return equalBytes(encode(acceptedItem, a), encode(acceptedItem, b));
}

/** Assets less liabilities of all modules, msat. */
export async function auditAll(sender: Sender, modules: Modules, tx: StoreTx): Promise<bigint> {
  let netAssetsMsat = 0n;
  for (const [instance, ref] of modules.refs) {
    netAssetsMsat += await sender.ask(ref, "audit", { tx: tx.view(modulePrefix(instance)) }, { deadlineMs: Infinity });
  }
  return netAssetsMsat;
}

async function applyItem(
  sender: Sender,
  args: EngineArgs,
  tx: StoreTx,
  item: ConsensusItem,
  peer: PeerId,
): Promise<Result<null, string>> {
  if (item.tag === "Default") return err(`unknown kind of item ${item.value.variant}`);
  if (item.tag === "Module") {
    const ref = args.modules.refs.get(item.value.instance);
    assert(ref, "items are decoded against the registered modules before they are processed");
    const value = fromDyn(args.modules.decoders, "consensusItem", item.value);
    return sender.ask(ref, "processItem", { tx: tx.view(modulePrefix(item.value.instance)), item: value, peer }, {
      deadlineMs: Infinity,
    });
  }
  const decoded = decodeTransaction(args.modules, item.value);
  if (await getAcceptedTransaction(tx, decoded.txid) !== undefined) return err("transaction was accepted before");
  const processed = await processTransaction(sender, tx, decoded, args.settings.version, false);
  if (!processed.ok) return err(`transaction is refused: ${processed.error.tag}`);
  setAcceptedTransaction(tx, decoded.txid, item.value.outputs.map((output) => output.instance));
  return ok(null);
}

type Attempt = { readonly result: Result<null, string>; readonly isNew: boolean };

async function attempt(
  ctx: ActorContext<EngineMessage>,
  args: EngineArgs,
  tx: StoreTx,
  position: number,
  candidate: AcceptedItem,
): Promise<Attempt> {
  const before = await getAcceptedItem(tx, position);
  if (before) {
    // after a restart the broadcast orders the same items again: those accepted before come in the same order
    const result = sameItem(before, candidate) ? ok(null) : err("item was rejected before");
    return { result, isNew: false };
  }
  const result = await applyItem(ctx, args, tx, candidate.item, candidate.peer);
  if (!result.ok) return { result, isNew: false };
  setAcceptedItem(tx, position, candidate);
  const netAssetsMsat = await auditAll(ctx, args.modules, tx);
  assert(netAssetsMsat >= 0n, `liabilities never exceed assets, but they do by ${-netAssetsMsat} msat`);
  return { result, isNew: true };
}

export const engine = defineActor<EngineMessage, EngineArgs, State>({
  name: "engine",
  init: async (ctx, args) => {
    const store = fenced(args.store, ctx.signal);
    const running = await store.read((tx) => finishedSessions(tx));
    const contributions = new Map<PeerId, number>();
    args.board.contributions = contributions;
    return { ...args, store, contributions, running };
  },
  handle: {
    process: async (state, { session, position, item, peer }, ctx) => {
      assert(session === state.running, "items are processed in the running session, none after its outcome");
      state.contributions.set(peer, session);
      const committed = await state.store.transact(async (tx) => {
        const tried = await attempt(ctx, state, tx, position, { item, peer });
        return tried.isNew ? tried : rollback(tried);
      }, { triesMax: 10 });
      const { result, isNew } = committed.value;
      if (isNew) {
        const txid = item.tag === "Transaction" ? transactionIdOf(item.value) : null;
        ctx.run(() => committed.durable, (outcome) => {
          if (!outcome.ok) throw outcome.error;
          return { type: "durable", args: { txid } };
        });
      } else if (!result.ok) {
        ctx.log.debug("Item rejected", { session, position, peer, reason: result.error });
      }
      return reply(state, result);
    },
    durable: (state, { txid }, ctx) => {
      ctx.tell(state.submissions, "accepted", { txid });
      return next(state);
    },
    pending: async (state) => {
      const committed = await state.store.transact((tx) => acceptedItems(tx));
      await committed.durable;
      return reply(state, committed.value);
    },
    complete: async (state, { session, outcome }, ctx) => {
      assert(session === state.running, "sessions are completed in order, each once");
      const committed = await state.store.transact(async (tx) => {
        await tx.deleteAll(UNITS_PREFIX);
        await tx.deleteAll(ACCEPTED_ITEM_PREFIX);
        setSessionOutcome(tx, session, outcome);
      });
      await committed.durable;
      ctx.tell(state.submissions, "sessionCompleted", { session });
      return reply({ ...state, running: session + 1 }, null);
    },
    finishedSessions: (state) => reply(state, state.running),
  },
  // a session sends one item at a time
  mailbox: { max: 1_000, full: "refuse", always: ["process", "pending", "complete", "finishedSessions"] },
});
