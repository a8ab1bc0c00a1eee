/** A client module as an actor: starts it, keeps its background work going, and tells everybody where it is. */
import { defineActor, next } from "../../actors/actor.ts";
import type { Cast } from "../../actors/protocol.ts";
import { fenced } from "../../actors/store/fenced.ts";
import type { Result } from "../../core/result.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { AnyClientModule, AnyClientModuleDefinition } from "../../modules/contract/client.ts";
import type { ClientModuleEnv } from "../../modules/contract/client_env.ts";
import { WaitError } from "../../modules/contract/waiting.ts";

/** Running modules by instance; an actor that restarts puts its new module in the old one's place. */
export type ModuleTable = Map<ModuleInstanceId, AnyClientModule>;

export type ClientModuleMessage = Cast<"ended", { outcome: Result<void, unknown> }>;

export type ClientModuleArgs = {
  readonly definition: AnyClientModuleDefinition;
  // deno-lint-ignore no-explicit-any -- the module's own types are behind its definition
  readonly env: Omit<ClientModuleEnv<any, any>, "platform" | "log" | "signal">;
  readonly table: ModuleTable;
};

type State = { readonly instance: ModuleInstanceId };

export const clientModule = defineActor<ClientModuleMessage, ClientModuleArgs, State>({
  name: "module",
  init: async (ctx, { definition, env, table }) => {
    const store = fenced(env.store, ctx.signal);
    const module = await definition.start({ ...env, store, platform: ctx.platform, log: ctx.log, signal: ctx.signal });
    table.set(env.instance, module);
    const { background } = module;
    if (background) ctx.run(() => background.call(module), (outcome) => ({ type: "ended", args: { outcome } }));
    return { instance: env.instance };
  },
  handle: {
    ended: (state, { outcome }) => {
      if (!outcome.ok && !(outcome.error instanceof WaitError && outcome.error.code === "closed")) throw outcome.error;
      return next(state);
    },
  },
});
