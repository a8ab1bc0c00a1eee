/**
 * Processes ordered items: one store transaction for what is ordered together (a unit's items), each item accepted or
 * rolled back alike on every guardian. fedimint-server `consensus/engine.rs` (`process_consensus_item`),
 * docs/protocol/03-consensus.md §B4.
 *
 * What is rejected by its kind alone costs nothing more than its decoding: a unit may hold 25,000 of such items.
 *
 * Money is checked before anything is committed: liabilities above assets stop the guardian. Only the modules that a
 * transaction touched are audited again; at a session's end all are.
 */
import type { ActorContext, Sender } from "../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../../actors/protocol.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { fenced } from "../../../actors/store/fenced.ts";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { equalBytes } from "../../../core/bytes.ts";
import type { Result } from "../../../core/result.ts";
import type { ModuleInstanceId, PeerId, TransactionId } from "../../../core/types/ids.ts";
import type { AcceptedItem, KnownItem } from "../../../core/types/session.ts";
import { SessionTree } from "../../../core/types/session_tree.ts";
import type { Applied, Candidate } from "./apply_items.ts";
import { applyItems, modulesTouchedBy } from "./apply_items.ts";
import type { ConsensusBoard } from "../session/board.ts";
import {
  countAcceptedItems,
  finishedSessions,
  getAcceptedTransaction,
  itemKey,
  itemsRange,
  modulePrefix,
  setSessionEnd,
  unitKey,
} from "../store/db.ts";
import { setDisagreement } from "./disagreement.ts";
import { moveOldSession } from "../store/old_layout.ts";
import { deleteUnitsBefore } from "../store/old_units.ts";
import { someEntries } from "../store/some_entries.ts";
import type { ConsensusSettings } from "../settings.ts";
import type { SubmissionsRef } from "../waiting/submissions.ts";
import { prepareTransactions } from "./prepare.ts";
import type { DecodedTransaction, Modules } from "./transaction.ts";
import { decodeTransaction } from "./transaction.ts";

/** How many of the items were accepted, and why the first of the others was not. */
export type Processed = { readonly accepted: number; readonly refused: string | null };

/** A session's items: their number and the root of the tree over them, 32 bytes. */
export type Sealed = { readonly items: number; readonly root: Bytes };

/** `waiting`: of the tree, so that others can go on with it (`core/types/session_tree.ts`). */
export type Resumed = Sealed & { readonly waiting: readonly Bytes[] };

export type EngineMessage =
  /** These items are processed soon: what is dear in their transactions is checked for all of them together. */
  | Request<"prepare", { session: number; items: readonly AcceptedItem[] }, null>
  /**
   * Position = number of items accepted before in this session. Where the store has items, these are compared with
   * them: after a restart they come again, and both what is ordered and a peer's outcome bring them. All items in one
   * transaction. `creator`: whose unit has them, and maybe others that were not worth handing over. `adopted`: the
   * federation has accepted all of them, so when one is refused nothing is kept of any; `accepted` are those before it.
   */
  | Request<
    "process",
    { session: number; position: number; items: readonly AcceptedItem[]; creator?: PeerId; adopted?: true },
    Processed
  >
  /** What the store has of the running session: further items come after it. Resolves when it is durable. */
  | Request<"resume", null, Resumed>
  /**
   * No items come any more: `position` of them were accepted. Resolves when they are durable; null when the store has
   * others.
   */
  | Request<"seal", { session: number; position: number }, Sealed | null>
  /** Ends a session, whose items and root these are; resolves when that is durable. */
  | Request<"complete", { session: number; root: Bytes; signatures: ReadonlyMap<PeerId, Bytes> }, null>
  /** Notes that the federation signed another outcome; resolves when that is durable. */
  | Request<"disagree", { session: number; reason: string }, null>
  | Request<"finishedSessions", null, number>
  | Cast<"durable", { items: readonly KnownItem[] }>
  | Cast<"unitsDeleted", { outcome: Result<void, unknown> }>;

export type EngineRef = ActorRef<EngineMessage>;

export type EngineArgs = {
  readonly store: StoreView;
  readonly modules: Modules;
  readonly settings: Pick<ConsensusSettings, "version">;
  readonly submissions: SubmissionsRef;
  readonly board: ConsensusBoard;
};

/** Assets less liabilities, msat. */
type NetAssets = ReadonlyMap<ModuleInstanceId, bigint>;

type State = EngineArgs & {
  /** The session whose items are processed now. */
  readonly running: number;
  /** Over the first items accepted in it. After a restart it grows as they come again, or when more are wanted. */
  readonly tree: SessionTree;
  /** Items of it in the store: at least those in the tree. */
  readonly stored: number;
  /** Of modules audited already, as of the last commit. */
  readonly netAssets: NetAssets;
  /** Guardians that ordered a transaction in this session in which something bad was found: no honest one does. */
  readonly suspects: Set<PeerId>;
};
type Context = ActorContext<EngineMessage>;

/** Of these modules, and of those that were never audited. */
async function audit(sender: Sender, { modules, netAssets }: State, tx: StoreTx, touched: Iterable<ModuleInstanceId>) {
  const again = new Set(touched);
  const audited = new Map<ModuleInstanceId, bigint>();
  let sumMsat = 0n;
  for (const [instance, ref] of modules.refs) {
    const before = again.has(instance) ? undefined : netAssets.get(instance);
    const args = { tx: tx.view(modulePrefix(instance)) };
    const netMsat = before ?? await sender.ask(ref, "audit", args, { deadlineMs: Infinity });
    audited.set(instance, netMsat);
    sumMsat += netMsat;
  }
  assert(sumMsat >= 0n, `liabilities never exceed assets, but they do by ${-sumMsat} msat`);
  return audited;
}

/** Those that were not accepted before, each once, by who ordered it. */
async function freshTransactions({ store, modules }: State, items: readonly AcceptedItem[]) {
  const all = new Map<TransactionId, { readonly decoded: DecodedTransaction; readonly peer: PeerId }>();
  for (const { item, peer } of items) {
    if (item.tag !== "Transaction") continue;
    const decoded = decodeTransaction(modules, item.value);
    if (!all.has(decoded.txid)) all.set(decoded.txid, { decoded, peer });
  }
  if (all.size === 0) return all;
  const accepted = await store.read(async (tx) => {
    const found: TransactionId[] = [];
    for (const txid of all.keys()) if (await getAcceptedTransaction(tx, txid) !== undefined) found.push(txid);
    return found;
  });
  for (const txid of accepted) all.delete(txid);
  return all;
}

/** All in common batches, but those of suspects: they have their own. */
async function prepareItems(state: State, ctx: Context, items: readonly AcceptedItem[]): Promise<void> {
  const fresh = await freshTransactions(state, items);
  const batches = new Map<PeerId | null, DecodedTransaction[]>();
  for (const { decoded, peer } of fresh.values()) {
    const key = state.suspects.has(peer) ? peer : null, batch = batches.get(key);
    if (batch) batch.push(decoded);
    else batches.set(key, [decoded]);
  }
  const pause = (): Promise<void> => sleep(ctx.platform.clock, 0);
  for (const transactions of batches.values()) {
    const { bad } = await prepareTransactions(ctx, transactions, false, pause);
    for (const txid of bad) state.suspects.add(fresh.get(txid)!.peer);
  }
}

type Attempt = Applied & { readonly netAssets: NetAssets };

async function attempt(
  sender: Context,
  state: State,
  tx: StoreTx,
  candidates: readonly Candidate[],
  at: Place,
): Promise<Attempt> {
  const { modules, settings: { version }, running, stored, netAssets } = state;
  const { stopping } = sender;
  const { position, adopted } = at;
  const args = { sender, modules, version, session: running, stored, position, stopping, untilRefused: adopted };
  const applied = await applyItems(tx, candidates, args);
  const { refused, fresh } = applied;
  if (fresh.length === 0 || (adopted && refused.length > 0)) return { ...applied, fresh: [], netAssets };
  return { ...applied, netAssets: await audit(sender, state, tx, fresh.flatMap(modulesTouchedBy)) };
}

type Place = { readonly position: number; readonly adopted: boolean };

function isKnown(candidate: AcceptedItem): candidate is Candidate {
  return candidate.item.tag !== "Default";
}

/** Adds what the store has before a position and the tree lacks. */
async function growTree({ store, tree, running }: State, position: number): Promise<void> {
  while (tree.count < position) {
    const some = await store.read((tx) => someEntries(tx, itemsRange(running, tree.count, position)));
    assert(some.length > 0, "there are no gaps in a session's items");
    for (const { value } of some) tree.add(value);
  }
}

function deleteOldUnits({ store, running }: Pick<State, "store" | "running">, ctx: Context): void {
  ctx.run(() => deleteUnitsBefore(store, running), (outcome) => ({ type: "unitsDeleted", args: { outcome } }));
}

export const engine = defineActor<EngineMessage, EngineArgs, State>({
  name: "engine",
  init: async (ctx, args) => {
    const store = fenced(args.store, ctx.signal);
    const running = await store.read((tx) => finishedSessions(tx));
    const places = { item: (position: number) => itemKey(running, position), unit: (n: number) => unitKey(running, n) };
    await moveOldSession(store, places);
    const stored = await store.read((tx) => countAcceptedItems(tx, running));
    deleteOldUnits({ store, running }, ctx);
    args.board.contributions.clear();
    return { ...args, store, running, tree: new SessionTree(), stored, netAssets: new Map(), suspects: new Set() };
  },
  handle: {
    prepare: async (state, { session, items }, ctx) => {
      assert(session === state.running, "items are prepared in the session that processes them");
      await prepareItems(state, ctx, items);
      return reply(state, null);
    },
    process: async (state, { session, position, items, creator, adopted = false }, ctx) => {
      assert(session === state.running, "items are processed in the running session, none after its outcome");
      assert(position <= state.stored, "items are processed one after the other");
      const { contributions } = state.board;
      if (creator !== undefined) contributions.set(creator, session);
      for (const { peer } of items) contributions.set(peer, session);
      const known = items.filter(isKnown);
      const unknown = known.length < items.length ? `unknown kind of item ${unknownKind(items)}` : null;
      if (known.length === 0) return reply(state, { accepted: 0, refused: unknown });
      // after a restart what comes again is compared with what is stored
      if (position + known.length > state.stored) await prepareItems(state, ctx, known);

      const { value: { accepted, refused, fresh, netAssets }, durable } = await state.store.transact(async (tx) => {
        const tried = await attempt(ctx, state, tx, known, { position, adopted });
        return tried.fresh.length > 0 ? tried : rollback(tried);
      }, { triesMax: 10 });
      if (adopted && refused.length > 0) return reply(state, { accepted: accepted.length, refused: refused[0]! });
      const { tree } = state;
      if (fresh.length > 0) await growTree(state, state.stored);
      for (const [i, encoded] of accepted.entries()) if (position + i === tree.count) tree.add(encoded);
      if (fresh.length > 0) {
        const freshItems = fresh.map(({ item }) => item);
        ctx.run(() => durable, (outcome) => {
          if (!outcome.ok) throw outcome.error;
          return { type: "durable", args: { items: freshItems } };
        });
      }
      const reason = refused[0] ?? unknown;
      if (reason !== null) {
        ctx.log.debug("Items rejected", { session, position, rejected: items.length - accepted.length, reason });
      }
      const stored = state.stored + fresh.length;
      return reply({ ...state, stored, netAssets }, { accepted: accepted.length, refused: reason });
    },
    durable: (state, { items }, ctx) => {
      ctx.tell(state.submissions, "accepted", { items });
      return next(state);
    },
    resume: async (state) => {
      const { tree, stored } = state;
      await growTree(state, stored);
      await (await state.store.transact(() => null)).durable;
      return reply(state, { items: stored, root: tree.root(), waiting: tree.waiting });
    },
    seal: async (state, { session, position }) => {
      const { tree, stored } = state;
      assert(session === state.running, "the session that ends is the running one");
      if (stored !== position) return reply(state, null);
      await growTree(state, stored);
      await (await state.store.transact(() => null)).durable;
      return reply(state, { items: stored, root: tree.root() });
    },
    complete: async (state, { session, root, signatures }, ctx) => {
      assert(session === state.running, "sessions are completed in order, each once");
      const { tree } = state;
      assert(equalBytes(tree.root(), root) && tree.count === state.stored, "what was signed is what is stored");
      const { value: netAssets, durable } = await state.store.transact(async (tx) => {
        const audited = await audit(ctx, state, tx, state.modules.refs.keys());
        setSessionEnd(tx, session, { items: tree.count, bytes: tree.bytes, root, signatures: new Map(signatures) });
        return audited;
      });
      await durable;
      ctx.tell(state.submissions, "sessionCompleted", { session });
      const after = {
        ...state,
        running: session + 1,
        tree: new SessionTree(),
        stored: 0,
        netAssets,
        suspects: new Set<PeerId>(),
      };
      deleteOldUnits(after, ctx);
      return reply(after, null);
    },
    unitsDeleted: (state, { outcome }) => {
      if (!outcome.ok) throw outcome.error;
      return next(state);
    },
    disagree: async (state, found) => {
      const { durable } = await state.store.transact((tx) => setDisagreement(tx, found));
      await durable;
      return reply(state, null);
    },
    finishedSessions: (state) => reply(state, state.running),
  },
  // one session and whoever starts sessions ask, each one thing at a time
  mailbox: {
    max: 1_000,
    full: "refuse",
    always: ["prepare", "process", "resume", "seal", "complete", "disagree", "finishedSessions"],
  },
});

function unknownKind(items: readonly AcceptedItem[]): bigint | null {
  for (const { item } of items) if (item.tag === "Default") return item.value.variant;
  return null;
}
