/**
 * The recovery of one module as an actor: begins where the store says that it stopped, runs the module's way through
 * the log step by step, ends it in one transaction, and starts the module if it waited for that. Then it looks again,
 * if the module does. Whatever goes wrong with one module's recovery is told and leaves the others alone; a store that
 * fails ends the client.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Cast } from "../../actors/protocol.ts";
import { storeFailureIn } from "../../actors/store/error.ts";
import type { ActorChild } from "../../actors/supervisor.ts";
import { assert } from "../../core/assert.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import type { AnyClientModuleRecovery, ClientRecoveryEnv } from "../../modules/contract/recovery.ts";
import type { Operations } from "../core/core.ts";
import type { ExecutorRef } from "../executor/executor.ts";
import type { Machines } from "../executor/machines.ts";
import { onceAnswered } from "./answered.ts";
import { lookLater } from "./looks.ts";
import { firstPass, inTransaction, progressCodec, Steps } from "./passes.ts";
import type { Recoveries } from "./recoveries.ts";
import type { RecoveryRecord, RecoveryStage } from "./records.ts";
import { doneCount, getRecovery, setRecovery } from "./records.ts";

export type RecoveryMessage = Cast<"ended", { outcome: Result<void, unknown> }>;

/** What is known of a module before its recovery runs. */
// deno-lint-ignore no-explicit-any -- the config's type is behind the module's definition
export type RecoveryFacts = Omit<ClientRecoveryEnv<any>, "platform" | "log" | "signal" | "backup">;

export type RecoveryArgs = {
  readonly kind: string;
  readonly recovery: AnyClientModuleRecovery;
  readonly facts: RecoveryFacts;
  readonly operations: Operations;
  readonly machines: Machines;
  readonly recoveries: Recoveries;
  readonly executor: ExecutorRef;
  /** The module itself, and the path of the supervisor to start it under. */
  readonly module: ActorChild;
  readonly modules: string;
};

type Context = ActorContext<RecoveryMessage>;

// deno-lint-ignore no-explicit-any -- as above
type Env = ClientRecoveryEnv<any>;

/** Runs what is left of the recovery, the module's start included. */
async function recover(args: RecoveryArgs, ctx: Context, signal: AbortSignal): Promise<void> {
  const { facts, operations: { options: { store } }, recovery } = args;
  const stored = await store.read((tx) => getRecovery(tx, facts.instance));
  assert(stored, "a recovery has a record");
  const env: Env = { ...facts, backup: stored.backup, platform: ctx.platform, log: ctx.log, signal };
  const record = stored.stage.tag === "Unprepared" ? await prepare(args, stored, env) : stored;
  // what the module issues lies behind what is recovered from here on
  if (recovery.runsMeanwhile) await startModule(args, ctx);
  if (record.stage.tag === "Running") {
    const state = decode(progressCodec(args), record.stage.value);
    await recovery.run(env, new Steps(args, firstPass(args, record), state, signal));
    await finish(args, record, env);
  }
  await startModule(args, ctx);
  await lookAgain(args, env);
}

/** One that fails is told, and made at the next start: what is recovered stays so. */
async function lookAgain(args: RecoveryArgs, env: Env): Promise<void> {
  try {
    await lookLater(args, env);
  } catch (thrown) {
    if (env.signal.aborted || storeFailureIn(thrown)) throw thrown;
    env.log.error("A look that follows a module's recovery failed; it is made at the next start", {
      reason: errorText(thrown),
    });
  }
}

/** Fixes how far the log reaches, for a module that this program met after the client had been restored. */
async function prepare(args: RecoveryArgs, unprepared: RecoveryRecord, env: Env): Promise<RecoveryRecord> {
  const progress: unknown = await onceAnswered(env, () => args.recovery.prepare(env));
  return await inTransaction(args, unprepared.operationId, env.signal, (tx, record) => {
    assert(record.stage.tag === "Unprepared", "a recovery is prepared once");
    const prepared = beginning(record, args.recovery, progress);
    setRecovery(tx.root, tx.instance, prepared);
    args.recovery.restored?.(tx.store);
    tx.logCoreEvent("module-recovery-started", { module_id: tx.instance });
    return Promise.resolve(prepared);
  });
}

/** The record of a recovery that is about to run. @param progress of `prepare` */
export function beginning<R extends Pick<RecoveryRecord, "kind" | "operationId" | "backup">>(
  record: R,
  recovery: AnyClientModuleRecovery,
  progress: unknown,
): RecoveryRecord {
  const { kind, operationId, backup } = record;
  const { complete, total } = recovery.count(progress);
  const stage = { tag: "Running", value: encode(recovery.progress as Codec<unknown>, progress) } as const;
  return { kind, operationId, backup, complete, total, stage };
}

/** Happens once: the record says whether it has. */
async function finish(args: RecoveryArgs, begun: RecoveryRecord, env: Env): Promise<void> {
  const { recovery, kind } = args, { isLast } = firstPass(args, begun);
  await inTransaction(args, begun.operationId, env.signal, async (tx, record) => {
    if (record.stage.tag !== "Running") return;
    const { value: progress } = record.stage;
    const recovered = await recovery.finish(env, tx, decode(progressCodec(args), progress), isLast);
    const doneMs = Math.floor(env.platform.clock.nowMs());
    const stage: RecoveryStage = isLast
      ? { tag: "Done", value: recovered }
      : { tag: "Later", value: { recovered, doneMs, looks: 0, progress, look: null } };
    setRecovery(tx.root, tx.instance, { ...record, ...doneCount(record), stage });
    const amount = recovered.amountMsat;
    tx.logCoreEvent("module-recovery-completed", { module_id: tx.instance, kind, amount });
  });
}

/** Nothing happens when it runs. Then its machines go on that were added before it ran. */
async function startModule({ facts, machines, module, modules, recoveries, executor }: RecoveryArgs, ctx: Context) {
  try {
    await ctx.startChild(modules, module);
  } catch (thrown) {
    if (!(thrown instanceof ActorError && thrown.code === "duplicate_path")) throw thrown;
  }
  recoveries.started(facts.instance);
  const states = (await machines.active()).filter(({ instance }) => instance === facts.instance);
  if (states.length > 0) ctx.tell(executor, "start", { states });
}

export const moduleRecovery = defineActor<RecoveryMessage, RecoveryArgs, RecoveryArgs>({
  name: "recovery",
  init: (ctx, args) => {
    args.recoveries.begun(args.facts.instance);
    ctx.run((signal) => recover(args, ctx, signal), (outcome) => ({ type: "ended", args: { outcome } }));
    return args;
  },
  handle: {
    ended: (state, { outcome }, ctx) => {
      if (outcome.ok) return stop(state);
      const { error } = outcome;
      // the next opening goes on
      if (state.operations.options.closing.aborted) return next(state);
      if (storeFailureIn(error)) throw error;
      ctx.log.error("A module's recovery failed; it is tried again at the next start", { reason: errorText(error) });
      state.recoveries.fail(state.facts.instance, errorText(error));
      return stop(state);
    },
  },
  inspect: ({ facts: { instance }, kind }) => ({ instance, kind }),
});
