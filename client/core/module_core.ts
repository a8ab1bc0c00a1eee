/** What the client's core does for one module: `ClientCore` of `modules/contract/client_env.ts`. */
import { assert } from "../../core/assert.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { ModuleInstanceId, OperationId, OutPointRange, TransactionId } from "../../core/types/ids.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import type { ClientCore, ClientTx, FinalizeError, NewTransaction } from "../../modules/contract/client_env.ts";
import { endedBy } from "../../modules/contract/waiting.ts";
import { modulePrefix } from "./database.ts";
import { followStates, hasStates } from "../executor/states.ts";
import type { SubmissionState } from "../executor/submission.ts";
import { submissionState } from "../executor/submission.ts";
import { followEvents } from "../logs/events.ts";
import { addOperation, getOperation } from "../logs/operations.ts";
import type { Draft } from "../transactions/finalize.ts";
import { quote } from "../transactions/finalize.ts";
import { OperationTx } from "./core.ts";
import type { Operations, StateOwner } from "./core.ts";

function draftOf<State>(
  instance: ModuleInstanceId,
  { inputs, outputs }: Pick<NewTransaction<State>, "inputs" | "outputs">,
): Draft {
  return {
    inputs: inputs.map((bundle) => ({ instance, bundle })),
    outputs: outputs.map((bundle) => ({ instance, bundle })),
  };
}

/** The core in the hands of one module. */
export class ModuleCore<State> implements ClientCore<State> {
  readonly #operations: Operations;
  readonly #instance: ModuleInstanceId;
  readonly #owner: StateOwner<State>;

  constructor(operations: Operations, instance: ModuleInstanceId, owner: StateOwner<State>) {
    this.#operations = operations;
    this.#instance = instance;
    this.#owner = owner;
  }

  /**
   * The same for one life of the module: what code of it begins and its actor's end overtakes leaves nothing behind.
   * Waiting goes on, as machines wait that outlive the module.
   */
  fenced(signal: AbortSignal): ModuleCore<State> {
    return new ModuleCore(this.#operations.fenced(signal), this.#instance, this.#owner);
  }

  transact<T>(operationId: OperationId, body: (tx: ClientTx<State>) => Promise<T>): Promise<T> {
    return this.#operations.transact(operationId, this.#instance, body);
  }

  /** As often as the wallet must first make fewer notes of its own: each time there are fewer. */
  async submit(draft: NewTransaction<State>): Promise<Result<OutPointRange, FinalizeError>> {
    for (;;) {
      const submitted = await this.#submit(draft);
      if (submitted.ok || submitted.error.code !== "fragmented") return submitted;
      const primary = this.#operations.options.primary();
      assert(primary, "a wallet that is fragmented is there");
      const fewer = await primary.module.consolidate(submitted.error.needMsat, draft.signal);
      if (!fewer.ok) return submitted;
    }
  }

  #submit(draft: NewTransaction<State>): Promise<Result<OutPointRange, FinalizeError>> {
    const { operationId } = draft;
    const body = async (tx: OperationTx): Promise<Result<OutPointRange, FinalizeError>> => {
      if (await getOperation(tx.root, operationId) || await hasStates(tx.root, operationId)) {
        return err({ code: "operation_exists", operationId });
      }
      const finalized = await tx.finalize(draftOf(this.#instance, draft), draft.spending);
      if (!finalized.ok) return finalized;
      await tx.commit(finalized.value);
      const { change } = finalized.value;
      addOperation(tx.root, operationId, this.#owner.kind!, draft.meta(change), tx.nowUs());
      await draft.also?.(tx, change);
      return ok(change);
    };
    return this.#operations.transact(operationId, this.#instance, body, (result) => result.ok);
  }

  quoteFee(
    draft: Pick<NewTransaction<State>, "inputs" | "outputs" | "spending">,
  ): Promise<Result<bigint, FinalizeError>> {
    const { store } = this.#operations.options;
    const { spending = "wallet" } = draft;
    return store.read((tx) =>
      quote(draftOf(this.#instance, draft), (unit, sums) => {
        const primary = this.#operations.primaryFor(unit);
        if (!primary) return Promise.resolve(err({ code: "no_primary_module" }));
        return primary.module.quoteBalance(tx.view(modulePrefix(primary.instance)), { ...sums, spending });
      })
    );
  }

  operationExists(operationId: OperationId): Promise<boolean> {
    return this.#operations.options.store.read(async (tx) =>
      await getOperation(tx, operationId) !== undefined || await hasStates(tx, operationId)
    );
  }

  logOperation(tx: ClientTx<State>, meta: Json): void {
    assert(tx instanceof OperationTx, "operations are logged in the core's own transactions");
    addOperation(tx.root, tx.operationId, this.#owner.kind!, meta, tx.nowUs());
  }

  async awaitTransaction(
    operationId: OperationId,
    txid: TransactionId,
    signal?: AbortSignal,
  ): Promise<Result<null, string>> {
    const { store } = this.#operations.options;
    const states = followStates(store, operationId, GLOBAL_INSTANCE_ID, this.#until(signal));
    for await (const bytes of states) {
      const state: SubmissionState = decode(submissionState, bytes);
      if (state.tag === "Accepted" && state.value === txid) return ok(null);
      if (state.tag === "Rejected" && state.value.txid === txid) return err(state.value.error);
    }
    throw endedBy(signal);
  }

  async awaitPrimaryOutputs(
    operationId: OperationId,
    range: OutPointRange,
    signal?: AbortSignal,
  ): Promise<Result<null, string>> {
    if (range.idxRange.start === range.idxRange.end) return this.awaitTransaction(operationId, range.txid, signal);
    const primary = this.#operations.options.primary();
    assert(primary, "change outputs were made by the primary module");
    return await primary.module.awaitOutputs(operationId, range, signal);
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    const { closing } = this.#operations.options;
    return signal ? AbortSignal.any([signal, closing]) : closing;
  }

  async *states(operationId: OperationId, signal?: AbortSignal): AsyncIterable<State> {
    const { store } = this.#operations.options;
    const states = followStates(store, operationId, this.#instance, this.#until(signal));
    for await (const bytes of states) yield decode(this.#owner.codec, bytes);
  }

  nextEventId(): Promise<number> {
    return this.#operations.options.sender.ask(this.#operations.options.eventOrder, "flush", null);
  }

  async *events(fromId: number, signal?: AbortSignal): AsyncIterable<{ id: number; kind: string; payload: Json }> {
    for await (const event of followEvents(this.#operations.options.store, fromId, this.#until(signal))) {
      if (event.module?.id === this.#instance) yield event;
    }
  }
}
