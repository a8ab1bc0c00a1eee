/**
 * A session of a federation of one guardian: no broadcast, items are processed as they come.
 * docs/protocol/03-consensus.md §B8.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next, stop } from "../../../actors/actor.ts";
import type { Cast } from "../../../actors/protocol.ts";
import { assert } from "../../../core/assert.ts";
import type { Keychain } from "../../broadcast/keychain.ts";
import type { Result } from "../../../core/result.ts";
import type { PeerId } from "../../../core/types/ids.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import { headerOf } from "../../../core/types/session.ts";
import type { EngineRef } from "../engine/engine.ts";
import { SINGLE_SESSION_MS } from "../limits.ts";
import type { MempoolRef } from "../waiting/mempool.ts";
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
    const { items } = await ctx.ask(args.engine, "resume", null, { deadlineMs: Infinity, untilStop: true });
    const state = { ...args, position: items, startedMs: ctx.platform.clock.monotonicMs() };
    take(state, ctx);
    return state;
  },
  handle: {
    taken: async (state, { item }, ctx) => {
      if (!item.ok) throw item.error;
      const { session, position, identity } = state;
      const items = [{ item: item.value, peer: identity }];
      const processed = await ctx.ask(state.engine, "process", { session, position, items }, {
        deadlineMs: Infinity,
        untilStop: true,
      });
      const after = { ...state, position: position + processed.accepted };
      if (ctx.platform.clock.monotonicMs() - state.startedMs <= SINGLE_SESSION_MS) {
        take(after, ctx);
        return next(after);
      }
      const args = { session, position: after.position };
      const sealed = await ctx.ask(state.engine, "seal", args, { deadlineMs: Infinity, untilStop: true });
      assert(sealed, "a single guardian takes up all items of the store first");
      const signature = state.keychain.sign(headerOf(session, sealed.root));
      ctx.tell(state.sessions, "completed", { session, sealed, signatures: new Map([[identity, signature]]) });
      return stop(after);
    },
  },
});
