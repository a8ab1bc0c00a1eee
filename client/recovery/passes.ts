/**
 * One pass of a module's recovery through the log: the recovery itself, or a look that follows. Where its progress
 * stands in the record differs; its steps don't.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec } from "../../core/encoding/mod.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import type { ModuleInstanceId, OperationId } from "../../core/types/ids.ts";
import type { AnyClientModuleRecovery, RecoverySteps, RecoveryTx } from "../../modules/contract/recovery.ts";
import type { Operations, OperationTx } from "../core/core.ts";
import type { Recoveries } from "./recoveries.ts";
import type { RecoveryRecord } from "./records.ts";
import { getRecovery, setRecovery } from "./records.ts";

export type PassArgs = {
  readonly recovery: AnyClientModuleRecovery;
  readonly facts: { readonly instance: ModuleInstanceId };
  readonly operations: Operations;
  readonly recoveries: Pick<Recoveries, "giveWay">;
};

/** Which pass it is, and where its progress stands. */
export type Pass = {
  readonly operationId: OperationId;
  readonly isLast: boolean;
  /** Null when the pass is done. */
  readonly progressIn: (record: RecoveryRecord) => Bytes | null;
  /** The same record with other progress. */
  readonly withProgress: (record: RecoveryRecord, progress: Bytes) => RecoveryRecord;
};

export function progressCodec({ recovery }: Pick<PassArgs, "recovery">): Codec<unknown> {
  return recovery.progress;
}

/** The recovery itself. */
export function firstPass({ recovery }: PassArgs, { operationId }: Pick<RecoveryRecord, "operationId">): Pass {
  return {
    operationId,
    isLast: recovery.later === undefined,
    progressIn: ({ stage }) => stage.tag === "Running" ? stage.value : null,
    withProgress: (record, value) => {
      const { complete, total } = recovery.count(decode(progressCodec({ recovery }), value));
      return { ...record, complete, total, stage: { tag: "Running", value } };
    },
  };
}

/** The look that follows and is under way. */
export function lookPass(
  { recovery }: PassArgs,
  { operationId, looks }: { operationId: OperationId; looks: number },
): Pass {
  return {
    operationId,
    // the last one may be made twice (`looks.ts`)
    isLast: looks > (recovery.later?.afterMs.length ?? 0),
    progressIn: ({ stage }) => stage.tag === "Later" && stage.value.look ? stage.value.look.progress : null,
    withProgress: (record, progress) => {
      const { stage } = record;
      assert(stage.tag === "Later" && stage.value.look, "a look that is done makes no more steps");
      return { ...record, stage: { tag: "Later", value: { ...stage.value, look: { ...stage.value.look, progress } } } };
    },
  };
}

async function storedRecord(tx: OperationTx): Promise<RecoveryRecord> {
  const record = await getRecovery(tx.root, tx.instance);
  assert(record, "a recovery's record stays");
  return record;
}

/** One transaction of an operation of the recovery, with the record of that moment. Resolves when durable. */
export function inTransaction<T>(
  { operations, facts }: PassArgs,
  operationId: OperationId,
  signal: AbortSignal,
  body: (tx: OperationTx, record: RecoveryRecord) => Promise<T>,
): Promise<T> {
  return operations.transact(
    operationId,
    facts.instance,
    async (tx) => body(tx, await storedRecord(tx)),
    undefined,
    // once the actor has ended nothing of it commits: the next incarnation has read the record by then
    { signal },
  );
}

export class Steps implements RecoverySteps<unknown, unknown> {
  readonly #args: PassArgs;
  readonly #pass: Pass;
  readonly #signal: AbortSignal;
  #state: unknown;
  #stepping = false;

  constructor(args: PassArgs, pass: Pass, state: unknown, signal: AbortSignal) {
    this.#args = args;
    this.#pass = pass;
    this.#state = state;
    this.#signal = signal;
  }

  get state(): unknown {
    return this.#state;
  }

  get isLast(): boolean {
    return this.#pass.isLast;
  }

  giveWay(signal: AbortSignal): Promise<void> {
    const { recoveries, facts } = this.#args;
    return recoveries.giveWay(facts.instance, signal);
  }

  async step(body: (tx: RecoveryTx<unknown>, state: unknown) => Promise<unknown>): Promise<void> {
    assert(!this.#stepping, "a recovery makes one step after the other");
    this.#stepping = true;
    const { operationId, progressIn, withProgress } = this.#pass;
    try {
      this.#state = await inTransaction(this.#args, operationId, this.#signal, async (tx, record) => {
        const stored = progressIn(record);
        assert(stored, "a pass that is done makes no more steps");
        const progress = progressCodec(this.#args);
        const following = await body(tx, decode(progress, stored));
        setRecovery(tx.root, tx.instance, withProgress(record, encode(progress, following)));
        return following;
      });
    } finally {
      this.#stepping = false;
    }
  }
}
