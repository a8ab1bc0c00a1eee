/**
 * A client module as an actor: starts it, keeps its background work going, tells everybody where it is, and does what
 * applications ask of it by message (`module_calls.ts`).
 *
 * A call never holds up the mailbox: it runs beside it and is answered when it is settled. When the actor crashes,
 * whoever waits is told at once, and nothing that such a call has begun commits any more: it is done by then, or never
 * will be. When the actor stops, calls under way are told first, so that what can't be stopped is settled.
 *
 * What runs inside one store transaction is no message: `balanceTransaction`, `quoteBalance`, `transitions` and what
 * they `apply` are the module's code in the hands of the core (`ModuleTable`). Such a transaction is run again after a
 * conflict, with everything that takes part in it; a message in between could come to another life of the actor.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, reply } from "../../actors/actor.ts";
import type { ActorRef, Cast, Request } from "../../actors/protocol.ts";
import { fenced } from "../../actors/store/fenced.ts";
import type { ReadTx } from "../../actors/store/store.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import type { CallError } from "../../modules/contract/calls.ts";
import type {
  ActiveState,
  AnyClientModule,
  AnyClientModuleDefinition,
  PendingMoney,
} from "../../modules/contract/client.ts";
import type { ClientModuleEnv } from "../../modules/contract/client_env.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import type { ModuleCore } from "./module_core.ts";
import type { Call, StreamStep } from "./module_serving.ts";
import { Serving } from "./module_serving.ts";

/** Running modules by instance; an actor that restarts puts its new module in the old one's place. */
export type ModuleTable = Map<ModuleInstanceId, AnyClientModule>;

export type ClientModuleMessage =
  /** A method of the module's API. The answer is what it resolves with, or the object that it throws. */
  | Request<"call", Call, Result<unknown, unknown>>
  /** One of its commands. */
  | Request<"command", { id: number; name: string; args: readonly string[] }, Result<Json, unknown>>
  /** Money under way, of the moment that `tx` shows: of the module's own part of the store. */
  | Request<"pending", { tx: ReadTx; active: readonly ActiveState<unknown>[] }, Result<PendingMoney, unknown>>
  /** The next item of a stream; the first time with the call that opens it. */
  | Request<"pull", { id: number; opens: Call | null }, Result<StreamStep, unknown>>
  /** Whoever made this call, or reads this stream, gives it up. */
  | Cast<"cancel", { id: number; reason: unknown }>
  | Cast<"settled", { id: number; ended: boolean }>
  | Cast<"ended", { outcome: Result<void, unknown> }>;
export type ClientModuleRef = ActorRef<ClientModuleMessage>;

export type ClientModuleArgs = {
  readonly definition: AnyClientModuleDefinition;
  readonly env:
    // deno-lint-ignore no-explicit-any -- the module's own types are behind its definition
    & Omit<ClientModuleEnv<any, any>, "platform" | "log" | "signal" | "core">
    // deno-lint-ignore no-explicit-any -- as above
    & { readonly core: ModuleCore<any> };
  readonly table: ModuleTable;
  /** Whether it does by itself what it has to do. */
  readonly inBackground: boolean;
};

type Context = ActorContext<ClientModuleMessage>;
type State = { readonly module: AnyClientModule; readonly serving: Serving };

/** Answers when it is settled, beside the mailbox. */
function answerLater<R>(
  ctx: Context,
  from: { readonly id: number },
  id: number,
  work: Promise<Result<R, unknown>>,
  hasEnded: (outcome: Result<R, unknown>) => boolean = () => true,
): void {
  ctx.run(
    async () => {
      const outcome = await work;
      ctx.reply<Result<R, unknown>>(from, outcome);
      return hasEnded(outcome);
    },
    (told) => ({ type: "settled", args: { id, ended: !told.ok || told.value } }),
  );
}

export const clientModule = defineActor<ClientModuleMessage, ClientModuleArgs, State>({
  name: "module",
  init: async (ctx, { definition, env, table, inBackground }) => {
    const stopping = new AbortController();
    const module = await definition.start({
      ...env,
      store: fenced(env.store, ctx.signal),
      core: env.core.fenced(ctx.signal),
      platform: ctx.platform,
      log: ctx.log,
      signal: AbortSignal.any([ctx.signal, stopping.signal]),
    });
    table.set(env.instance, module);
    const { background } = module;
    if (background && inBackground) {
      ctx.run(() => background.call(module), (outcome) => ({ type: "ended", args: { outcome } }));
    }
    return { module, serving: new Serving(definition.kind, stopping, ctx.log) };
  },
  handle: {
    call: (state, call, ctx, from) => {
      const work = state.serving.call(state.module.api, call);
      if (!work.ok) return refuse(state, work.error);
      answerLater(ctx, from, call.id, work.value);
      return next(state);
    },
    command: (state, { id, name, args }, ctx, from) => {
      const command = state.module.commands[name]!;
      const work = state.serving.run(id, (signal) => command.run(args, signal));
      if (!work.ok) return refuse(state, work.error);
      answerLater(ctx, from, id, work.value);
      return next(state);
    },
    pending: (state, { tx, active }, ctx, from) => {
      const { module, serving } = state, id = serving.ownId();
      const work = serving.run(id, async () => await module.pending!(tx, active));
      if (!work.ok) return refuse(state, work.error);
      answerLater(ctx, from, id, work.value);
      return next(state);
    },
    pull: (state, { id, opens }, ctx, from) => {
      const work = state.serving.pull(state.module.api, id, opens);
      if (!work.ok) return refuse(state, work.error);
      answerLater(ctx, from, id, work.value, (outcome) => !outcome.ok || outcome.value.done);
      return next(state);
    },
    cancel: (state, { id, reason }) => {
      state.serving.cancel(id, reason);
      return next(state);
    },
    settled: (state, { id, ended }) => {
      state.serving.settled(id, ended);
      return next(state);
    },
    ended: (state, { outcome }) => {
      if (!outcome.ok && !(outcome.error instanceof WaitError && outcome.error.code === "closed")) throw outcome.error;
      return next(state);
    },
  },
  terminate: ({ serving }) => serving.end(),
  // cancelled at most once a call, and calls are bounded
  mailbox: { max: 10_000, full: "refuse", always: ["cancel"] },
  inspect: ({ serving }) => ({ calls: serving.calls, streams: serving.streams }),
});

function refuse(state: State, error: CallError) {
  return reply(state, err<unknown>(error));
}
