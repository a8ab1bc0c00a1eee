/** A session of a federation of one guardian: no broadcast, items are processed as they come. Sheet "consensus" B8. */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { Keychain } from "../broadcast/keychain.ts";
import type { Result } from "../../core/result.ts";
import type { PeerId } from "../../core/types/ids.ts";
import type { ConsensusItem } from "../../core/types/session.ts";
import { sessionHeader } from "../../core/types/session.ts";
import type { EngineRef } from "./engine.ts";
import { SINGLE_SESSION_MS } from "./limits.ts";
import type { MempoolRef } from "./mempool.ts";
import type { SessionsRef } from "./sessions.ts";

export type SingleMessage = Cast<"taken", { item: Result<ConsensusItem, unknown> }>;

export type SingleArgs = {
  readonly session: number;
  readonly identity: PeerId;
  readonly keychain: Keychain;
  readonly engine: EngineRef;
  readonly mempool: MempoolRef;
  readonly sessions: SessionsRef;
};

type State = SingleArgs & { readonly position: number; readonly startedMs: number };
type Context = ActorContext<SingleMessage>;

function take(state: State, ctx: Context): void {
  ctx.run(
    () => ctx.ask(state.mempool, "take", null, { deadlineMs: Infinity }),
    (item) => ({ type: "taken", args: { item } }),
  );
}

export const single = defineActor<SingleMessage, SingleArgs, State>({
  name: "single",
  init: async (ctx, args) => {
    const accepted = await ctx.ask(args.engine, "pending", null);
    const state = { ...args, position: accepted.length, startedMs: ctx.platform.clock.monotonicMs() };
    take(state, ctx);
    return state;
  },
  handle: {
    taken: async (state, { item }, ctx) => {
      if (!item.ok) throw item.error;
      const args = { session: state.session, position: state.position, item: item.value, peer: state.identity };
      const processed = await ctx.ask(state.engine, "process", args, { deadlineMs: Infinity });
      const after = processed.ok ? { ...state, position: state.position + 1 } : state;
      if (ctx.platform.clock.monotonicMs() - state.startedMs <= SINGLE_SESSION_MS) {
        take(after, ctx);
        return next(after);
      }
      const sessionOutcome = { items: await ctx.ask(state.engine, "pending", null, { deadlineMs: Infinity }) };
      const signature = state.keychain.sign(sessionHeader(state.session, sessionOutcome));
      const outcome = { sessionOutcome, signatures: new Map([[state.identity, signature]]) };
      ctx.tell(state.sessions, "completed", { session: state.session, outcome });
      return stop(after);
    },
  },
});
