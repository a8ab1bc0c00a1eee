/** Listens for payments that the node holds; begins again whenever the node is lost. */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import { Reminder } from "../../actors/reminder.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { HeldPayments } from "./held.ts";
import { LISTEN_AGAIN_MS } from "./limits.ts";
import type { LightningNode } from "./node/node.ts";
import { NodeError } from "./node/node.ts";
import type { NodeWatch } from "./node_watch.ts";

export type HeldListenerMessage = Cast<"listen", null> | Cast<"lost", { outcome: Result<boolean, unknown> }>;

export type HeldListenerArgs = {
  readonly node: LightningNode;
  readonly watch: NodeWatch;
  readonly held: HeldPayments;
  /** Aborted when the gateway closes. */
  readonly closing: AbortSignal;
};

type State = { readonly args: HeldListenerArgs; readonly failures: number; readonly trouble: Reminder };

function listen(ctx: ActorContext<HeldListenerMessage>, { node, watch, held, closing }: HeldListenerArgs): void {
  ctx.run(async (signal) => {
    // another node's payments are nobody's
    await watch.awaitInfo(signal);
    let isTold = false;
    for await (const payment of node.heldPayments(signal)) {
      isTold = true;
      held.seen(payment).catch((thrown) => {
        if (!closing.aborted) ctx.log.error("A held payment was given up", { reason: errorText(thrown) });
      });
    }
    return isTold;
  }, (outcome) => ({ type: "lost", args: { outcome } }));
}

export const heldListener = defineActor<HeldListenerMessage, HeldListenerArgs, State>({
  name: "held",
  init: (ctx, args) => {
    listen(ctx, args);
    return { args, failures: 0, trouble: new Reminder(ctx.platform.clock, ctx.log, "warn") };
  },
  handle: {
    listen: (state, _, ctx) => {
      listen(ctx, state.args);
      return next(state);
    },
    lost: (state, { outcome }, ctx) => {
      if (!outcome.ok && !(outcome.error instanceof NodeError)) throw outcome.error;
      const reason = outcome.ok ? "the node ended it" : errorText(outcome.error);
      state.trouble.say("Held payments are listened for again", reason);
      ctx.after(backOffMs(LISTEN_AGAIN_MS, state.failures, ctx.platform.dice), { type: "listen", args: null });
      return next({ ...state, failures: outcome.ok && outcome.value ? 0 : Math.min(state.failures + 1, 16) });
    },
  },
  inspect: ({ args: { held } }) => ({ inHand: held.size }),
});
