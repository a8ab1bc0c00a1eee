/**
 * Deletes registrations a day after their invoices have expired, fedimint-gateway-server 0.13.0 (`lib.rs`), and answers
 * to forwards that have ended long since.
 */
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { ANSWER_KEPT_SECS, KEPT_AFTER_EXPIRY_SECS, PRUNE_MS, PRUNED_AT_ONCE } from "./limits.ts";
import { pruneAnswers, pruneRegistrations } from "./records.ts";

export type PrunerMessage = Cast<"prune", null>;
/** `store`: the gateway's part. */
export type PrunerArgs = { readonly store: StoreView };

export const pruner = defineActor<PrunerMessage, PrunerArgs, PrunerArgs>({
  name: "pruner",
  init: (ctx, args) => {
    ctx.after(0, { type: "prune", args: null });
    return args;
  },
  handle: {
    prune: async (state, _, ctx) => {
      const nowSecs = Math.floor(ctx.platform.clock.nowMs() / 1_000);
      const before = (keptSecs: number): number => Math.max(0, nowSecs - keptSecs);
      const { value: [pruned, answers], durable } = await state.store.transact(async (tx) =>
        [
          await pruneRegistrations(tx, before(KEPT_AFTER_EXPIRY_SECS), PRUNED_AT_ONCE),
          await pruneAnswers(tx, before(ANSWER_KEPT_SECS), PRUNED_AT_ONCE),
        ] as const
      );
      await durable;
      if (pruned > 0) ctx.log.info("Registrations of expired invoices were deleted", { pruned });
      const isMore = pruned === PRUNED_AT_ONCE || answers === PRUNED_AT_ONCE;
      ctx.after(isMore ? 0 : PRUNE_MS, { type: "prune", args: null });
      return next(state);
    },
  },
});
