/** Answers the node's forwards; begins again whenever the node is lost. */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import type { Cast } from "../../actors/protocol.ts";
import { Reminder } from "../../actors/reminder.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { Forwards } from "./forwards.ts";
import { LISTEN_AGAIN_MS } from "./limits.ts";
import type { ForwardInterceptor } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";

export type ForwardListenerMessage = Cast<"listen", null> | Cast<"lost", { outcome: Result<null, unknown> }>;

export type ForwardListenerArgs = {
  readonly interceptor: ForwardInterceptor;
  readonly watch: NodeWatch;
  readonly forwards: Forwards;
};

type State = {
  readonly args: ForwardListenerArgs;
  readonly failures: number;
  readonly listeningMs: number;
  readonly trouble: Reminder;
};

function listen(
  ctx: ActorContext<ForwardListenerMessage>,
  { interceptor, watch, forwards }: ForwardListenerArgs,
): void {
  ctx.run(async (signal) => {
    // another node's forwards are nobody's
    await watch.awaitInfo(signal);
    await interceptor.run((forward, until) => forwards.decide(forward, until), signal);
    return null;
  }, (outcome) => ({ type: "lost", args: { outcome } }));
}

/** One that has held for so long is no failure. */
const HELD_MS = 60_000;

function nowMs({ platform }: { readonly platform: { readonly clock: Clock } }): number {
  return platform.clock.monotonicMs();
}

export const forwardListener = defineActor<ForwardListenerMessage, ForwardListenerArgs, State>({
  name: "forwards",
  init: (ctx, args) => {
    listen(ctx, args);
    const trouble = new Reminder(ctx.platform.clock, ctx.log, "warn");
    return { args, failures: 0, listeningMs: nowMs(ctx), trouble };
  },
  handle: {
    listen: (state, _, ctx) => {
      listen(ctx, state.args);
      return next({ ...state, listeningMs: nowMs(ctx) });
    },
    lost: (state, { outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof NodeError)) throw outcome.error;
      state.trouble.say("Forwards are listened for again", outcome.ok ? "the node ended it" : errorText(outcome.error));
      const failures = nowMs(ctx) - state.listeningMs > HELD_MS ? 0 : state.failures;
      ctx.after(backOffMs(LISTEN_AGAIN_MS, failures, ctx.platform.dice), { type: "listen", args: null });
      return next({ ...state, failures: Math.min(failures + 1, 16) });
    },
  },
});
