/** Deletes registrations a day after their invoices have expired. fedimint-gateway-server 0.13.0 (`lib.rs`). */
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import type { StoreView } from "../../actors/store/store.ts";
import { KEPT_AFTER_EXPIRY_SECS, PRUNE_MS, PRUNED_AT_ONCE } from "./limits.ts";
import { pruneRegistrations } from "./records.ts";

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
      const beforeSecs = Math.max(0, Math.floor(ctx.platform.clock.nowMs() / 1_000) - KEPT_AFTER_EXPIRY_SECS);
      const { value: pruned, durable } = await state.store.transact((tx) =>
        pruneRegistrations(tx, beforeSecs, PRUNED_AT_ONCE)
      );
      await durable;
      if (pruned > 0) ctx.log.info("Registrations of expired invoices were deleted", { pruned });
      ctx.after(pruned === PRUNED_AT_ONCE ? 0 : PRUNE_MS, { type: "prune", args: null });
      return next(state);
    },
  },
});
