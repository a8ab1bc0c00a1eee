/**
 * A server module as an actor: `modules/<id>:<kind>`. The engine calls it once a message, in consensus order, handing
 * down the transaction of the item. API calls don't come here: they find the module among the live ones.
 */
import type { ActorContext, Step } from "../../../actors/actor.ts";
import { defineActor, next, reply } from "../../../actors/actor.ts";
import type { ActorRef, ArgsOf, Cast, ReplyTo, Request } from "../../../actors/protocol.ts";
import { ActorError } from "../../../actors/error.ts";
import type { RpcRef } from "../../../actors/rpc/mod.ts";
import { fenced } from "../../../actors/store/fenced.ts";
import type { ReadTx, StoreTx, StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import type { Result } from "../../../core/result.ts";
import { err, errorText } from "../../../core/result.ts";
import type { Dyn } from "../../../core/types/dyn.ts";
import { toDyn } from "../../../core/types/dyn.ts";
import type { InPoint, ModuleInstanceId, OutPoint, PeerId } from "../../../core/types/ids.ts";
import type {
  AnyServerModule,
  AnyServerModuleDefinition,
  InputMeta,
  OtherGuardians,
  OutputMeta,
  ServerModuleEnv,
} from "../../../modules/contract/server.ts";
import type { LiveModules } from "./live_modules.ts";

/** What the module threw at a submission: a bug of ours, or a broken invariant. The text is for the log. */
export type Broken = { readonly broken: string };

export type ModuleMessage =
  /**
   * Checks in one batch what is dear in the inputs of transactions that are processed next. For each whether nothing
   * bad was found in it.
   */
  | Request<
    "prepareInputs",
    { transactions: readonly (readonly unknown[])[]; submission: boolean },
    readonly boolean[] | Broken
  >
  /** Stateless; false makes the transaction `InvalidWitnessLength`. */
  | Request<"verifyInput", { input: unknown; submission: boolean }, boolean | Broken>
  | Request<
    "processInput",
    { tx: StoreTx; input: unknown; inPoint: InPoint; submission: boolean },
    Result<InputMeta, Dyn> | Broken
  >
  | Request<
    "processOutput",
    { tx: StoreTx; output: unknown; outPoint: OutPoint; submission: boolean },
    Result<OutputMeta, Dyn> | Broken
  >
  /**
   * Items of one guardian, one after the other; what one did that is refused is undone. Null when `stopping` was
   * aborted while one waited.
   */
  | Request<
    "processConsensusItems",
    { tx: StoreTx; items: readonly unknown[]; peer: PeerId; stopping: AbortSignal },
    readonly Result<null, string>[] | null
  >
  | Request<"consensusProposal", null, Dyn[]>
  | Request<"audit", { tx: ReadTx }, bigint>
  | Cast<"answered", { to: ReplyTo<unknown>; outcome: Result<unknown, unknown> }>
  | Cast<"backgroundEnded", { outcome: Result<void, unknown> }>;

export type ModuleRef = ActorRef<ModuleMessage>;

export type ModuleArgs = {
  readonly definition: AnyServerModuleDefinition;
  /** Where it is shown to those who only read. */
  readonly live: LiveModules;
  // deno-lint-ignore no-explicit-any -- the module's own config types are behind its definition
  readonly env: Omit<ServerModuleEnv<any, any>, "guardians" | "platform" | "log" | "signal">;
  /** Connections to the other guardians' APIs. */
  readonly guardians: ReadonlyMap<PeerId, RpcRef>;
};

type State = {
  readonly store: StoreView;
  readonly instance: ModuleInstanceId;
  readonly definition: AnyServerModuleDefinition;
  readonly module: AnyServerModule;
};

type Context = ActorContext<ModuleMessage>;

/** Runs `work` beside the mailbox and replies with what it gives; if it throws, the actor crashes. */
function answerLater<R>(
  state: State,
  ctx: Context,
  to: ReplyTo<R>,
  work: (signal: AbortSignal) => Promise<R>,
): Step<State, never> {
  ctx.run(work, (outcome) => ({ type: "answered", args: { to: to as ReplyTo<unknown>, outcome } }));
  return next(state);
}

/**
 * One step of a transaction. At a submission nothing that it throws goes further than the answer: a client must not be
 * able to restart a guardian, and all that the step wrote is thrown away.
 *
 * In consensus it is a crash, and meant to be one. Every guardian processes the item; to go on as if it were refused
 * would leave this one with another state than the others, or with books that don't add up. After the restart the item
 * comes again, and when it breaks again the guardian ends, loudly: the reference panics at the same places.
 */
async function stepOf<R>(submission: boolean, step: () => R | Promise<R>): Promise<R | Broken> {
  if (!submission) return await step();
  try {
    return await step();
  } catch (thrown) {
    return { broken: errorText(thrown) };
  }
}

async function processInput(
  { module, instance, definition }: State,
  { tx, input, inPoint, submission }: ArgsOf<ModuleMessage, "processInput">,
): Promise<Result<InputMeta, Dyn>> {
  const refuse = (error: unknown) => err(toDyn(instance, definition.codecs.inputError, error));
  if (submission) {
    const checked = await module.verifyInputSubmission?.(tx, input);
    if (checked && !checked.ok) return refuse(checked.error);
  }
  const processed = await module.processInput(tx, input, inPoint);
  return processed.ok ? processed : refuse(processed.error);
}

async function processOutput(
  { module, instance, definition }: State,
  { tx, output, outPoint, submission }: ArgsOf<ModuleMessage, "processOutput">,
): Promise<Result<OutputMeta, Dyn>> {
  const refuse = (error: unknown) => err(toDyn(instance, definition.codecs.outputError, error));
  if (submission) {
    const checked = await module.verifyOutputSubmission?.(tx, output, outPoint);
    if (checked && !checked.ok) return refuse(checked.error);
  }
  const processed = submission && module.checkOutput
    ? await module.checkOutput(tx, output, outPoint)
    : await module.processOutput(tx, output, outPoint);
  return processed.ok ? processed : refuse(processed.error);
}

async function processConsensusItems(
  { module }: State,
  { tx, items, peer }: ArgsOf<ModuleMessage, "processConsensusItems">,
  signal: AbortSignal,
): Promise<readonly Result<null, string>[]> {
  const results: Result<null, string>[] = [];
  for (const item of items) {
    results.push(
      await tx.savepoint<Result<null, string>>(async (inner) => {
        const processed: Result<null, string> = await module.processConsensusItem(inner, item, peer, signal);
        return processed.ok ? processed : rollback(processed);
      }),
    );
  }
  return results;
}

/** Work that either signal ends; null when it was `stopping`. Leaves no listener behind. */
async function untilStopping<R>(
  stopping: AbortSignal,
  ended: AbortSignal,
  work: (either: AbortSignal) => Promise<R>,
): Promise<R | null> {
  const either = new AbortController();
  const signals = [stopping, ended], end = (event: Event): void => either.abort((event.target as AbortSignal).reason);
  for (const signal of signals) {
    if (signal.aborted) either.abort(signal.reason);
    else signal.addEventListener("abort", end);
  }
  try {
    return await work(either.signal);
  } catch (thrown) {
    if (stopping.aborted && thrown === stopping.reason) return null;
    throw thrown;
  } finally {
    for (const signal of signals) signal.removeEventListener("abort", end);
  }
}

/** The module's API of the other guardians, through connections that all parts of this one share. */
function otherGuardians(
  ctx: Context,
  instance: ModuleInstanceId,
  guardians: ReadonlyMap<PeerId, RpcRef>,
): OtherGuardians {
  return {
    ask: async (peer, method, params, timeoutMs) => {
      const ref = guardians.get(peer);
      if (!ref) return err(`there is no other guardian ${peer}`);
      const call = { method: `module_${instance}_${method}`, params: [{ auth: null, params }], timeoutMs };
      try {
        // the connection answers in time by itself
        const answer = await ctx.ask(ref, "call", call, { deadlineMs: 2 * timeoutMs, untilStop: true });
        return answer.ok ? answer : err(answer.error.message);
      } catch (thrown) {
        // it is started anew, or has too much to do
        if (thrown instanceof ActorError && !ctx.signal.aborted) return err(thrown.message);
        throw thrown;
      }
    },
  };
}

export const moduleActor = defineActor<ModuleMessage, ModuleArgs, State>({
  name: "module",
  init: async (ctx, { definition, live, env, guardians }) => {
    const store = fenced(env.store, ctx.signal);
    const { platform, log, signal } = ctx;
    const others = otherGuardians(ctx, env.instance, guardians);
    const module = await definition.start({ ...env, store, guardians: others, platform, log, signal });
    const { background } = module;
    if (background) {
      ctx.run(() => background.call(module), (outcome) => ({ type: "backgroundEnded", args: { outcome } }));
    }
    live.publish(env.instance, { definition, module, signal: ctx.signal });
    return { store, instance: env.instance, definition, module };
  },
  handle: {
    // may wait for a thread, and what is prepared already can be processed meanwhile
    prepareInputs: (state, { transactions, submission }, ctx, from) =>
      answerLater(state, ctx, from, () =>
        stepOf(
          submission,
          async () => await state.module.prepareInputs?.(transactions) ?? transactions.map(() => true),
        )),
    verifyInput: async (state, { input, submission }) =>
      reply(state, await stepOf(submission, () => state.module.verifyInput?.(input).ok ?? true)),
    processInput: async (state, args) => reply(state, await stepOf(args.submission, () => processInput(state, args))),
    processOutput: async (state, args) => reply(state, await stepOf(args.submission, () => processOutput(state, args))),
    // may wait for the Bitcoin node, so submissions must go on meanwhile
    processConsensusItems: (state, args, ctx, from) =>
      answerLater(state, ctx, from, (signal) =>
        untilStopping(args.stopping, signal, (either) => {
          return processConsensusItems(state, args, either);
        })),
    consensusProposal: (state, _args, ctx, from) =>
      answerLater(state, ctx, from, async () => {
        const items = await state.store.read((tx) => state.module.consensusProposal(tx));
        return items.map((item: unknown) => toDyn(state.instance, state.definition.codecs.consensusItem, item));
      }),
    audit: async (state, { tx }) => reply(state, await state.module.audit(tx)),
    answered: (state, { to, outcome }, ctx) => {
      if (!outcome.ok) throw outcome.error;
      ctx.reply(to, outcome.value);
      return next(state);
    },
    backgroundEnded: (state, { outcome }) => {
      if (!outcome.ok) throw outcome.error;
      return next(state);
    },
  },
  // the engine asks one thing at a time, submissions one for each transaction that is checked
  mailbox: {
    max: 1_000,
    full: "refuse",
    always: [
      "prepareInputs",
      "verifyInput",
      "processInput",
      "processOutput",
      "processConsensusItems",
      "consensusProposal",
      "audit",
    ],
  },
});
