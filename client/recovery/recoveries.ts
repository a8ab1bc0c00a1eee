/**
 * All recoveries of an opened client: what became of them this time, and how they stand for whoever looks. Progress is
 * in the store; a failure is of this opening alone, as the next one tries again.
 */
import type { StoreView } from "../../actors/store/store.ts";
import { assert } from "../../core/assert.ts";
import type { ModuleInstanceId } from "../../core/types/ids.ts";
import { readDurable } from "../../modules/contract/read_durable.ts";
import { endedBy } from "../../modules/contract/waiting.ts";
import { RECOVERY_PREFIX } from "../core/database.ts";
import { ClientError } from "../error.ts";
import { allRecoveries } from "./records.ts";
import type { RecoveryStatus } from "./status.ts";
import { statusOf } from "./status.ts";

function sameStatus(one: RecoveryStatus, other: RecoveryStatus): boolean {
  return one.status === other.status && one.complete === other.complete && one.total === other.total;
}

/** Two looks at the same recoveries. */
function sameAll(before: readonly RecoveryStatus[], after: readonly RecoveryStatus[]): boolean {
  return before.length === after.length && before.every((one, i) => sameStatus(one, after[i]!));
}

export class Recoveries {
  readonly #store: StoreView;
  readonly #failures = new Map<ModuleInstanceId, string>();
  /** Of modules that don't run until they have recovered. */
  readonly #waiting = new Map<ModuleInstanceId, string>();
  readonly #givingWay = new Set<ModuleInstanceId>();
  /** Aborted at each change that isn't in the store, and then made anew. */
  #changed = new AbortController();

  constructor(store: StoreView) {
    this.#store = store;
  }

  /** This module recovers first. */
  holdBack(instance: ModuleInstanceId, kind: string): void {
    this.#waiting.set(instance, kind);
  }

  /** This module runs. */
  started(instance: ModuleInstanceId): void {
    this.#waiting.delete(instance);
  }

  /** It is tried. */
  begun(instance: ModuleInstanceId): void {
    this.#failures.delete(instance);
  }

  /** The recovery ends for this time; the next opening tries again. */
  fail(instance: ModuleInstanceId, error: string): void {
    this.#failures.set(instance, error);
    this.#tellChange();
  }

  #tellChange(): void {
    const changed = this.#changed;
    this.#changed = new AbortController();
    changed.abort();
  }

  /** Resolves when none runs. Rejects with the signal's reason. */
  async untilNone(signal: AbortSignal): Promise<void> {
    for await (const statuses of this.#looks(signal)) {
      if (statuses.every(({ status }) => status !== "running")) return;
    }
    throw signal.reason;
  }

  /** Resolves when no other one runs, but those that give way too. Rejects with the signal's reason. */
  async giveWay(instance: ModuleInstanceId, signal: AbortSignal): Promise<void> {
    this.#givingWay.add(instance);
    this.#tellChange();
    try {
      for await (const statuses of this.#looks(signal)) {
        if (statuses.every(({ status, instance }) => status !== "running" || this.#givingWay.has(instance))) return;
      }
      throw signal.reason;
    } finally {
      this.#givingWay.delete(instance);
    }
  }

  /** Why a module of this kind doesn't run, if that is because it recovers. */
  whyNot(kind: string | null): ClientError | null {
    for (const [instance, waiting] of this.#waiting) {
      if (kind !== null && kind !== waiting) continue;
      const failure = this.#failures.get(instance);
      const text = failure === undefined
        ? `What belongs to the words is still being recovered: the ${waiting} module runs when that is done`
        : `The ${waiting} module doesn't run, as its recovery failed: ${failure}. Open the wallet again to try once more`;
      return new ClientError({ code: kind === null ? "no_primary_module" : "no_module" }, text);
    }
    return null;
  }

  /** How all stand, in order of instances. */
  async all(): Promise<RecoveryStatus[]> {
    const records = await readDurable(this.#store, (tx) => allRecoveries(tx));
    return [...records].flatMap(([instance, record]) => statusOf(instance, record, this.#failures.get(instance)) ?? []);
  }

  /** A failed one counts. */
  async hasPending(): Promise<boolean> {
    return (await this.all()).some(({ status }) => status !== "done");
  }

  /**
   * How all stand, now and after each change, until none runs any more. Whoever reads slowly gets the newest, not all.
   */
  async *follow(signal: AbortSignal): AsyncGenerator<RecoveryStatus[]> {
    let last: RecoveryStatus[] | null = null;
    for await (const statuses of this.#looks(signal)) {
      if (last === null || !sameAll(last, statuses)) {
        last = statuses;
        yield statuses;
      }
      if (statuses.every(({ status }) => status !== "running")) return;
    }
  }

  /** How all stand, now and whenever something may have changed, until the signal is aborted. */
  async *#looks(signal: AbortSignal): AsyncGenerator<RecoveryStatus[]> {
    while (!signal.aborted) {
      // registered before reading, so that nothing in between is missed
      const stop = new AbortController();
      const either = AbortSignal.any([signal, stop.signal, this.#changed.signal]);
      const changed = this.#store.changed(RECOVERY_PREFIX, either).then(() => undefined, () => undefined);
      try {
        yield await this.all();
        await changed;
      } finally {
        stop.abort();
      }
    }
  }

  /**
   * Resolves when all are done.
   * @throws {ClientError} `recovery_failed`, as soon as one has · {WaitError} `aborted` · `closed`
   */
  async awaitAll(signal: AbortSignal): Promise<void> {
    for await (const statuses of this.follow(signal)) {
      for (const status of statuses) {
        if (status.status !== "failed") continue;
        throw new ClientError(
          { code: "recovery_failed" },
          `Recovery of module ${status.instance} failed: ${status.error}`,
        );
      }
      if (statuses.every(({ status }) => status === "done")) return;
    }
    assert(signal.aborted, "it is followed until none runs any more");
    throw endedBy(signal);
  }
}
