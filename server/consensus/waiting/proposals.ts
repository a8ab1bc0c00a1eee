/**
 * Asks every module for items to propose, once a second (100 ms in test federations), and queues them.
 * docs/protocol/03-consensus.md §B3.
 */
import type { ActorContext } from "../../../actors/actor.ts";
import { defineActor, next } from "../../../actors/actor.ts";
import type { Cast } from "../../../actors/protocol.ts";
import { ActorError } from "../../../actors/error.ts";
import type { Result } from "../../../core/result.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import type { ModuleInstanceId } from "../../../core/types/ids.ts";
import { PROPOSAL_TIMEOUT_MS } from "../limits.ts";
import type { MempoolRef } from "./mempool.ts";
import type { Modules } from "../engine/transaction.ts";

export type ProposalsMessage =
  | Cast<"tick", { instance: ModuleInstanceId }>
  | Cast<"proposed", { instance: ModuleInstanceId; items: Result<Dyn[], unknown> }>
  | Cast<"queued", { instance: ModuleInstanceId; outcome: Result<null, unknown> }>;

export type ProposalsArgs = { readonly modules: Modules; readonly mempool: MempoolRef; readonly intervalMs: number };

type Context = ActorContext<ProposalsMessage>;

/** At the next multiple of the interval: modules are asked at the same moments, and a guardian at rest wakes once. */
function later({ intervalMs }: ProposalsArgs, ctx: Context, instance: ModuleInstanceId): void {
  const sinceMs = ctx.platform.clock.monotonicMs() % intervalMs;
  ctx.after(intervalMs - sinceMs, { type: "tick", args: { instance } });
}

export const proposals = defineActor<ProposalsMessage, ProposalsArgs, ProposalsArgs>({
  name: "proposals",
  init: (ctx, args) => {
    for (const instance of args.modules.refs.keys()) ctx.after(0, { type: "tick", args: { instance } });
    return args;
  },
  handle: {
    tick: (state, { instance }, ctx) => {
      const ref = state.modules.refs.get(instance)!;
      ctx.run(
        () => ctx.ask(ref, "consensusProposal", null, { deadlineMs: PROPOSAL_TIMEOUT_MS }),
        (items) => ({ type: "proposed", args: { instance, items } }),
      );
      return next(state);
    },
    proposed: (state, { instance, items }, ctx) => {
      if (!items.ok) {
        if (!(items.error instanceof ActorError)) throw items.error;
        ctx.log.warn("A module did not propose in time", { instance, reason: items.error.code });
        later(state, ctx, instance);
        return next(state);
      }
      ctx.run(async () => {
        for (const value of items.value) {
          await ctx.ask(state.mempool, "submit", { item: { tag: "Module", value } }, { deadlineMs: Infinity });
        }
        return null;
      }, (outcome) => ({ type: "queued", args: { instance, outcome } }));
      return next(state);
    },
    queued: (state, { instance, outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      later(state, ctx, instance);
      return next(state);
    },
  },
});
