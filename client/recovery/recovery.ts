/**
 * The recovery of one module as an actor: begins where the store says that it stopped, runs the module's way through
 * the log step by step, ends it in one transaction, and starts the module if it waited for that. Whatever goes wrong
 * with one module's recovery is told and leaves the others alone; a store that fails ends the client.
 */
import type { ActorContext } from "../../actors/actor.ts";
import { defineActor, next, stop } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Cast } from "../../actors/protocol.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { backOffMs } from "../../actors/rpc/mod.ts";
import { storeFailureIn } from "../../actors/store/error.ts";
import type { ActorChild } from "../../actors/supervisor.ts";
import { assert } from "../../core/assert.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { errorText } from "../../core/result.ts";
import { ApiError } from "../../modules/contract/federation_api.ts";
import type {
  AnyClientModuleRecovery,
  ClientRecoveryEnv,
  RecoverySteps,
  RecoveryTx,
} from "../../modules/contract/recovery.ts";
import type { Operations, OperationTx } from "../core/core.ts";
import type { ExecutorRef } from "../executor/executor.ts";
import type { Machines } from "../executor/machines.ts";
import type { Recoveries } from "./recoveries.ts";
import type { RecoveryRecord } from "./records.ts";
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

/** Between two questions how far the log reaches, while guardians don't answer. */
const PREPARE_AGAIN = { minMs: 1_000, maxMs: 60_000 };
// deno-lint-ignore no-explicit-any -- as above
type Env = ClientRecoveryEnv<any>;

async function storedRecord(tx: OperationTx): Promise<RecoveryRecord> {
  const record = await getRecovery(tx.root, tx.instance);
  assert(record, "a recovery's record stays");
  return record;
}

class Steps implements RecoverySteps<unknown, unknown> {
  readonly #args: RecoveryArgs;
  readonly #record: Pick<RecoveryRecord, "operationId">;
  readonly #signal: AbortSignal;
  #state: unknown;
  #stepping = false;

  constructor(args: RecoveryArgs, record: RecoveryRecord, state: unknown, signal: AbortSignal) {
    this.#args = args;
    this.#record = record;
    this.#state = state;
    this.#signal = signal;
  }

  get state(): unknown {
    return this.#state;
  }

  async step(body: (tx: RecoveryTx<unknown>, state: unknown) => Promise<unknown>): Promise<void> {
    assert(!this.#stepping, "a recovery makes one step after the other");
    this.#stepping = true;
    try {
      this.#state = await inTransaction(this.#args, this.#record, this.#signal, async (tx, record) => {
        assert(record.stage.tag === "Running", "a recovery that is done makes no more steps");
        const progress = progressOf(this.#args);
        const following = await body(tx, decode(progress, record.stage.value));
        const value = encode(progress, following);
        const { complete, total } = this.#args.recovery.count(following);
        setRecovery(tx.root, tx.instance, { ...record, complete, total, stage: { tag: "Running", value } });
        return following;
      });
    } finally {
      this.#stepping = false;
    }
  }
}

function progressOf({ recovery }: RecoveryArgs): Codec<unknown> {
  return recovery.progress;
}

/** One transaction of the recovery's operation, with its record of that moment. Resolves when durable. */
function inTransaction<T>(
  args: RecoveryArgs,
  { operationId }: Pick<RecoveryRecord, "operationId">,
  signal: AbortSignal,
  body: (tx: OperationTx, record: RecoveryRecord) => Promise<T>,
): Promise<T> {
  return args.operations.transact(
    operationId,
    args.facts.instance,
    async (tx) => body(tx, await storedRecord(tx)),
    undefined,
    // once the actor has ended nothing of it commits: the next incarnation has read the record by then
    { signal },
  );
}

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
    const state = decode(progressOf(args), record.stage.value);
    await recovery.run(env, new Steps(args, record, state, signal));
    await finish(args, record, env);
  }
  await startModule(args, ctx);
}

/** Fixes how far the log reaches, for a module that this program met after the client had been restored. */
async function prepare(args: RecoveryArgs, unprepared: RecoveryRecord, env: Env): Promise<RecoveryRecord> {
  const progress = await prepareOnceAnswered(args, env);
  return await inTransaction(args, unprepared, env.signal, (tx, record) => {
    assert(record.stage.tag === "Unprepared", "a recovery is prepared once");
    const prepared = beginning(record, args.recovery, progress);
    setRecovery(tx.root, tx.instance, prepared);
    tx.logCoreEvent("module-recovery-started", { module_id: tx.instance });
    return Promise.resolve(prepared);
  });
}

/** Guardians that are away are waited for. */
async function prepareOnceAnswered({ recovery }: RecoveryArgs, env: Env): Promise<unknown> {
  const { platform: { clock, dice }, log, signal } = env;
  for (let attempt = 0;; attempt++) {
    try {
      return await recovery.prepare(env);
    } catch (thrown) {
      if (!(thrown instanceof ApiError)) throw thrown;
      log.warn("Too few guardians say how far their log reaches; they are asked again", { reason: errorText(thrown) });
    }
    await sleep(clock, backOffMs(PREPARE_AGAIN, attempt, dice), signal);
  }
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
  const { recovery, kind } = args;
  await inTransaction(args, begun, env.signal, async (tx, record) => {
    if (record.stage.tag !== "Running") return;
    const recovered = await recovery.finish(env, tx, decode(progressOf(args), record.stage.value));
    setRecovery(tx.root, tx.instance, { ...record, ...doneCount(record), stage: { tag: "Done", value: recovered } });
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
