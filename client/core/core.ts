/**
 * Store transactions of operations: states of machines, transactions to the federation and logs, all in one at a time.
 * The implementation of `ClientTx` of `modules/contract/client_env.ts`.
 */
import type { Sender } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { fenced } from "../../actors/store/fenced.ts";
import type { StoreTx, StoreView, TransactOptions } from "../../actors/store/store.ts";
import { rollback } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, Json } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { AmountUnit, ModuleInstanceId, OperationId, OutPointRange } from "../../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import type { PrimaryModule } from "../../modules/contract/client.ts";
import type {
  Attempt,
  EventPersistence,
  FinalizeError,
  InputBundle,
  Spending,
  Transition,
} from "../../modules/contract/client_env.ts";
import type { RecoveryTx } from "../../modules/contract/recovery.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { NotReady } from "../../modules/contract/client_env.ts";
import { MODULE_AGAIN_MS } from "../limits.ts";
import { modulePrefix } from "./database.ts";
import type { UniqueTime } from "./database.ts";
import type { ExecutorRef } from "../executor/executor.ts";
import type { StateId } from "../executor/states.ts";
import { addState } from "../executor/states.ts";
import { submissionState } from "../executor/submission.ts";
import type { EventOrderRef } from "../logs/events.ts";
import { logEvent } from "../logs/events.ts";
import { restoredSlot } from "../federation/join_state.ts";
import { addRecoveredOperation, setOperationOutcome } from "../logs/operations.ts";
import { setFee } from "../logs/transactions.ts";
import type { Draft, Finalized } from "../transactions/finalize.ts";
import { finalize } from "../transactions/finalize.ts";

/** Who knows a module's states. */
export type StateOwner<State> = {
  readonly kind: string | null;
  readonly codec: Codec<State>;
  readonly transitions: (state: State, operationId: OperationId) => readonly Transition<State>[];
  /** Whether its module runs; left out: always. States of one that doesn't yet rest. */
  readonly runs?: () => boolean;
};
// deno-lint-ignore no-explicit-any -- owners of all modules stand in one map
export type AnyStateOwner = StateOwner<any>;

// deno-lint-ignore no-explicit-any -- the primary module's states are its own
export type Primary = { readonly instance: ModuleInstanceId; readonly module: PrimaryModule<any> };

export type OperationsOptions = {
  readonly store: StoreView;
  readonly platform: Platform;
  readonly sender: Sender;
  readonly executor: ExecutorRef;
  readonly eventOrder: EventOrderRef;
  readonly time: UniqueTime;
  /** Filled while modules start; complete before anything runs. */
  readonly owners: ReadonlyMap<ModuleInstanceId, AnyStateOwner>;
  readonly primary: () => Primary | null;
  /** Aborted when the client closes. */
  readonly closing: AbortSignal;
};

/** What one run of a transaction's body did beside the store. */
class OperationAttempt implements Attempt {
  readonly started: StateId[] = [];
  #effects: (() => void)[] = [];

  onUndo(effect: () => void): void {
    this.#effects.push(effect);
  }

  undo(): void {
    const effects = this.#effects;
    this.#effects = [];
    for (const effect of effects) effect();
  }
}

/** One store transaction of an operation, as the core sees it. `ClientTx` is what a module sees of it. */
// deno-lint-ignore no-explicit-any -- one object serves modules of all kinds of state
export class OperationTx implements RecoveryTx<any> {
  constructor(
    readonly operations: Operations,
    readonly root: StoreTx,
    readonly operationId: OperationId,
    readonly instance: ModuleInstanceId,
    readonly attempt: OperationAttempt,
  ) {}

  get store(): StoreTx {
    return this.root.view(modulePrefix(this.instance));
  }

  nowUs(): number {
    return this.operations.options.time.nowUs();
  }

  /** The same transaction in another module's hands. */
  as(instance: ModuleInstanceId): OperationTx {
    return new OperationTx(this.operations, this.root, this.operationId, instance, this.attempt);
  }

  async addState(instance: ModuleInstanceId, state: Bytes): Promise<void> {
    const owner = this.operations.options.owners.get(instance);
    assert(owner, "states are added by modules that are loaded");
    // whether a state of a module that doesn't run yet is its machine's last shows when it runs
    const runs = owner.runs?.() ?? true;
    const terminal = runs && owner.transitions(decode(owner.codec, state), this.operationId).length === 0;
    const id = { operationId: this.operationId, instance, state };
    const added = await addState(this.root, id, this.nowUs(), terminal);
    // two machines of an operation may end alike; one that goes on has a state of its own
    assert(added || terminal, "a state machine never returns to a state that it was in");
    if (!terminal) this.attempt.started.push(id);
    this.#log("sm-updated", { operation_id: this.operationId, terminal, module_id: instance }, null);
  }

  async addMachine(state: unknown): Promise<void> {
    const owner = this.operations.options.owners.get(this.instance);
    assert(owner, "a module's own states are registered");
    await this.addState(this.instance, encode(owner.codec, state));
  }

  // deno-lint-ignore no-explicit-any -- the bundle's states are the module's own
  async claimInputs(bundle: InputBundle<any>, spending?: Spending): Promise<Result<OutPointRange, FinalizeError>> {
    const draft: Draft = { inputs: [{ instance: this.instance, bundle }], outputs: [] };
    const finalized = await this.finalize(draft, spending);
    if (!finalized.ok) return finalized;
    await this.commit(finalized.value);
    return ok(finalized.value.change);
  }

  finalize(draft: Draft, spending: Spending = "wallet"): Promise<Result<Finalized, FinalizeError>> {
    return finalize(draft, async (unit, sums) => {
      const primary = this.operations.primaryFor(unit);
      if (!primary) return err({ code: "no_primary_module" });
      const tx = this.as(primary.instance);
      const added = await primary.module.balanceTransaction(tx, { ...sums, spending });
      return added.ok ? ok({ instance: primary.instance, ...added.value }) : added;
    }, this.operations.options.platform.dice);
  }

  /** Stores what a finalised transaction sets going. */
  async commit({ txid, transaction, machines, feeMsat }: Finalized): Promise<void> {
    for (const { instance, state } of machines) {
      const owner = this.operations.options.owners.get(instance)!;
      await this.addState(instance, encode(owner.codec, state));
    }
    await this.addState(GLOBAL_INSTANCE_ID, encode(submissionState, { tag: "Created", value: transaction }));
    setFee(this.root, txid, feeMsat);
    this.#log("tx-created", { txid, operation_id: this.operationId }, null, "persistent");
  }

  setOutcome(operationId: OperationId, outcome: Json): Promise<void> {
    return setOperationOutcome(this.root, operationId, outcome, this.nowUs());
  }

  async logRecovered(operationId: OperationId, meta: Json, outcome: Json | null): Promise<void> {
    const { kind } = this.operations.options.owners.get(this.instance)!;
    assert(kind !== null, "what a module did is recovered");
    // nobody knows more of its time than that it was before: so it stands behind all that was done since
    const restored = await restoredSlot.get(this.root);
    const atUs = restored?.atUs ?? this.nowUs();
    return await addRecoveredOperation(this.root, { operationId, kind, meta, outcome }, atUs);
  }

  /** An event of the core's own. */
  logCoreEvent(kind: string, payload: Json): void {
    this.#log(kind, payload, null, "persistent");
  }

  logEvent(kind: string, payload: Json, persistence: EventPersistence = "persistent"): void {
    const owner = this.operations.options.owners.get(this.instance)!;
    this.#log(kind, payload, owner.kind === null ? null : { kind: owner.kind, id: this.instance }, persistence);
  }

  #log(
    kind: string,
    payload: Json,
    module: { kind: string; id: number } | null,
    persistence: EventPersistence = "trimable",
  ): void {
    if (persistence === "persistent") logEvent(this.root, { kind, module, tsUs: this.nowUs(), payload });
  }
}

/** Store transactions of operations: what they start runs once they have committed. */
export class Operations {
  readonly options: OperationsOptions;

  constructor(options: OperationsOptions) {
    this.options = options;
  }

  /** The same, committing nothing any more once the signal is aborted. */
  fenced(signal: AbortSignal): Operations {
    return new Operations({ ...this.options, store: fenced(this.options.store, signal) });
  }

  primaryFor(unit: AmountUnit): Primary | null {
    const primary = this.options.primary();
    return primary && primary.module.unit === unit ? primary : null;
  }

  /**
   * Runs `body` in one store transaction, again on conflict and when it was not ready; resolves when durable, then its
   * machines run.
   */
  async transact<T>(
    operationId: OperationId,
    instance: ModuleInstanceId,
    body: (tx: OperationTx) => Promise<T>,
    keep?: (value: T) => boolean,
    options?: TransactOptions,
  ): Promise<T> {
    for (;;) {
      try {
        return await this.transactOnce(operationId, instance, body, keep, options);
      } catch (thrown) {
        if (!(thrown instanceof NotReady)) throw thrown;
        await this.#ready(thrown, options?.signal);
      }
    }
  }

  /** A module that is started anew while it makes what is waited for makes it in its next life. */
  async #ready(wait: NotReady, signal?: AbortSignal): Promise<void> {
    const { platform: { clock }, closing } = this.options;
    const until = signal ? AbortSignal.any([signal, closing]) : closing;
    try {
      await wait.ready(until);
    } catch (thrown) {
      const isEnd = thrown instanceof ActorError || thrown instanceof WaitError && thrown.code === "closed";
      if (until.aborted || !isEnd) throw thrown;
      await sleep(clock, MODULE_AGAIN_MS, until);
    }
  }

  /** As `transact`, for who waits in a way of its own. @throws {NotReady} */
  async transactOnce<T>(
    operationId: OperationId,
    instance: ModuleInstanceId,
    body: (tx: OperationTx) => Promise<T>,
    keep: (value: T) => boolean = () => true,
    options: TransactOptions = {},
  ): Promise<T> {
    let last: OperationAttempt | undefined;
    const { value, durable } = await this.options.store.transact(async (root) => {
      last?.undo(); // it ran before, and a conflict came between
      const attempt = new OperationAttempt();
      last = attempt;
      try {
        const done = await body(new OperationTx(this, root, operationId, instance, attempt));
        if (keep(done)) return done;
        attempt.undo();
        return rollback(done);
      } catch (thrown) {
        attempt.undo();
        throw thrown;
      }
    }, options);
    await durable;
    if (keep(value) && last && last.started.length > 0) {
      this.options.sender.tell(this.options.executor, "start", { states: last.started });
    }
    return value;
  }
}
