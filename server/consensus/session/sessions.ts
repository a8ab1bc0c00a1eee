/**
 * One session after the other: starts a fresh tree for each, stores its outcome, starts the next. fedimint-server
 * `consensus/engine.rs` (`run_consensus`); docs/protocol/03-consensus.md §B1, §B7.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../../actors/protocol.ts";
import type { SupervisorSpec } from "../../../actors/supervisor.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { ConsensusBoard } from "./board.ts";
import type { Disagreement } from "../engine/disagreement.ts";
import type { EngineRef, Sealed } from "../engine/engine.ts";

/** After a planned shutdown peers may still fetch the last outcome from us for so long. */
const FAREWELL_MS = 60_000;

export type SessionsMessage =
  | Cast<"completed", { session: number; sealed: Sealed; signatures: ReadonlyMap<PeerId, Bytes> }>
  /** The federation's signed outcome of the running session is not ours. */
  | Cast<"disagreed", Disagreement>
  | Cast<"timedOut", { session: number }>
  | Cast<"farewellOver", null>
  | Cast<"begin", null>
  /** After this session consensus ends and with it the process; null takes it back. Not persisted. */
  | Request<"scheduleShutdown", { session: number | null }, null>;

export type SessionsRef = ActorRef<SessionsMessage>;

export type SessionsArgs = {
  readonly engine: EngineRef;
  /** Path of the supervisor under which session trees live. */
  readonly supervisor: string;
  readonly sessionTree: (session: number) => SupervisorSpec;
  /** Resolves when consensus may begin: the Bitcoin node answers and is synced. */
  readonly ready: (signal: AbortSignal) => Promise<void>;
  readonly timeoutMs: number;
  readonly total: number;
  /** Ends the process in order. */
  readonly shutdown: () => void;
  /** Ends it too, as a failure that the operator has to see to. It was noted in the store before. */
  readonly disagreed: (found: Disagreement) => void;
  readonly board: ConsensusBoard;
};

type State = SessionsArgs & {
  readonly session: number | null;
  readonly shutdownAfter: number | null;
};
type Context = ActorContext<SessionsMessage>;

async function start(state: State, ctx: Context): Promise<State> {
  // the engine may wait for the Bitcoin node, as long as that takes
  const session = await ctx.ask(state.engine, "finishedSessions", null, { deadlineMs: Infinity });
  const tree = state.sessionTree(session);
  // after a crash of this actor alone the old tree is still there
  await ctx.stopChild(`${state.supervisor}/${tree.id}`);
  await ctx.startChild(state.supervisor, tree);
  ctx.log.info("Session begins", { session });
  ctx.after(state.timeoutMs, { type: "timedOut", args: { session } });
  return { ...state, session };
}

export const sessions = defineActor<SessionsMessage, SessionsArgs, State>({
  name: "sessions",
  init: (ctx, args) => {
    ctx.run((signal) => args.ready(signal), (outcome) => {
      if (!outcome.ok) throw outcome.error;
      return { type: "begin", args: null };
    });
    args.board.scheduledShutdown = null;
    return { ...args, session: null, shutdownAfter: null };
  },
  handle: {
    begin: async (state, _args, ctx) => next(await start(state, ctx)),
    completed: async (state, { session, sealed, signatures }, ctx) => {
      if (session !== state.session) return next(state);
      // the broadcast must have stopped saving before its units are deleted
      await ctx.stopChild(`${state.supervisor}/${state.sessionTree(session).id}`);
      const args = { session, root: sealed.root, signatures };
      await ctx.ask(state.engine, "complete", args, { deadlineMs: Infinity });
      ctx.log.info("Session completed", { session, items: sealed.items });
      if (session !== state.shutdownAfter) return next(await start(state, ctx));
      ctx.log.info("Planned shutdown: waiting for peers to complete the session", { session });
      ctx.after(state.total === 1 ? 0 : FAREWELL_MS, { type: "farewellOver", args: null });
      return next({ ...state, session: null });
    },
    disagreed: async (state, found, ctx) => {
      if (found.session !== state.session) return next(state);
      await ctx.stopChild(`${state.supervisor}/${state.sessionTree(found.session).id}`);
      await ctx.ask(state.engine, "disagree", found, { deadlineMs: Infinity });
      ctx.log.error("The federation signed another outcome of the session: this guardian stops", found);
      state.disagreed(found);
      return next({ ...state, session: null });
    },
    farewellOver: (state) => {
      state.shutdown();
      return next(state);
    },
    timedOut: async (state, { session }, ctx) => {
      if (session !== state.session) return next(state);
      // no crash: others may be away for weeks
      ctx.log.warn("Session takes too long and is started anew: are enough guardians up?", {
        session,
        timeoutMs: state.timeoutMs,
      });
      return next(await start(state, ctx));
    },
    scheduleShutdown: (state, { session }) => {
      state.board.scheduledShutdown = session;
      return reply({ ...state, shutdownAfter: session }, null);
    },
  },
  // operators ask through the same mailbox
  mailbox: { max: 1_000, full: "refuse", always: ["completed", "disagreed"] },
  inspect: (state) => ({ session: state.session }),
});
