/** One operation, as applications follow it: what it is, how far it has come, what came of it, what it cost. */
import type { ReadTx } from "../actors/store/store.ts";
import type { Json } from "../core/encoding/mod.ts";
import { isJsonObject, stringifyJson } from "../core/encoding/mod.ts";
import type { OperationId } from "../core/types/ids.ts";
import { readDurable } from "../modules/contract/read_durable.ts";
import { WaitError } from "../modules/contract/waiting.ts";
import type { Client } from "./core/client.ts";
import { OPERATION_PREFIX, operationKey, STATE_PREFIX } from "./core/database.ts";
import { activeOperations, isOperationActive } from "./executor/states.ts";
import type { OperationEntry } from "./logs/operations.ts";
import { getOperation, isRecovered, listOperations } from "./logs/operations.ts";
import type { OperationTransaction } from "./logs/transactions.ts";
import { operationTransactions, paidFeesMsat } from "./logs/transactions.ts";

/**
 * How far an operation has come. `pending`: guardians are asked, or notes are being issued · `success`, `failure`:
 * nothing of it is under way any more, and its module has said which · `ended`: nothing is under way any more, and what
 * its module says of it is its own.
 */
export type OperationStatus = "pending" | "success" | "failure" | "ended";

/** What all transactions of an operation cost, msat: what came in and didn't go out. */
export type OperationFees = {
  /** Of those that guardians have accepted. */
  readonly paidMsat: bigint;
  /** Of those that they haven't decided about. */
  readonly pendingMsat: bigint;
};

/**
 * An entry of the operation log, with the transactions that the operation made, what each cost, and how far all of it
 * is.
 */
export type Operation = OperationEntry & {
  /**
   * It was done before the wallet was restored, and the federation's log has shown it. Of its time nothing else is
   * known: `createdUs` is that of the restore. In its `meta` is what the log tells, as the module says it.
   */
  readonly isRecovered: boolean;
  readonly transactions: readonly OperationTransaction[];
  readonly status: OperationStatus;
  readonly fees: OperationFees;
};

/** Where the next page of operations begins: the last one of the page before. */
export type OperationCursor = Pick<OperationEntry, "createdUs" | "operationId">;

/** Which operations to read. */
export type OperationsOptions = {
  /** Default: 100. */
  readonly limit?: number;
  /** The last operation of the page before. */
  readonly before?: OperationCursor;
  /** Those alone of which something is under way. */
  readonly active?: boolean;
};

/** Outcomes that the modules of this field write: the reference's own words. */
const SUCCESSES: readonly Json[] = ["Success", "Claimed"];
const FAILURES: readonly Json[] = ["Rejected", "Aborted", "Failure", "Refunded", "Expired", "Uneconomical"];

function statusOf(outcome: OperationEntry["outcome"], isActive: boolean): OperationStatus {
  if (isActive) return "pending";
  const said = outcome?.outcome ?? null;
  if (SUCCESSES.includes(said) || isJsonObject(said) && "Success" in said) return "success";
  return FAILURES.includes(said) ? "failure" : "ended";
}

async function withFacts(tx: ReadTx, entry: OperationEntry): Promise<Operation> {
  const transactions = await operationTransactions(tx, entry.operationId);
  const pendingMsat = transactions.reduce((sum, { status, feeMsat }) => status === "pending" ? sum + feeMsat : sum, 0n);
  return {
    ...entry,
    transactions,
    status: statusOf(entry.outcome, await isOperationActive(tx, entry.operationId)),
    fees: { paidMsat: paidFeesMsat(transactions), pendingMsat },
    isRecovered: await isRecovered(tx, entry.operationId),
  };
}

/** Newest first. */
export async function readOperations(tx: ReadTx, options: OperationsOptions): Promise<Operation[]> {
  const { limit = 100, before, active = false } = options;
  const entries = active
    ? await activeEntries(tx, limit, before)
    : await listOperations(tx, { limit, ...(before && { before }) });
  const operations: Operation[] = [];
  for (const entry of entries) operations.push(await withFacts(tx, entry));
  return operations;
}

/** By what is under way, which is little, and not by the log, which is all that ever was. */
async function activeEntries(
  tx: ReadTx,
  limit: number,
  before: OperationCursor | undefined,
): Promise<OperationEntry[]> {
  const entries: OperationEntry[] = [];
  for (const operationId of await activeOperations(tx)) {
    const entry = await getOperation(tx, operationId);
    if (entry && (!before || isNewer(before, entry))) entries.push(entry);
  }
  return entries.sort((a, b) => isNewer(a, b) ? -1 : 1).slice(0, limit);
}

/** In the log's order: by time, then by id. */
function isNewer(one: OperationCursor, other: OperationCursor): boolean {
  return one.createdUs !== other.createdUs ? one.createdUs > other.createdUs : one.operationId > other.operationId;
}

/** An operation of this wallet, by its id. Made by `FederationClient.operation`. */
export class OperationHandle {
  /** 32 bytes as 64 hex digits. */
  readonly id: OperationId;
  readonly #client: Client;

  /** @internal */
  constructor(client: Client, id: OperationId) {
    this.#client = client;
    this.id = id;
  }

  /** As it is on disk; undefined when this wallet has no such operation. */
  state(): Promise<Operation | undefined> {
    return readDurable(this.#client.options.store, async (tx) => {
      const entry = await getOperation(tx, this.id);
      return entry && await withFacts(tx, entry);
    });
  }

  /** What it has cost so far, and what it may cost besides. @throws {WaitError} `unknown_operation` */
  async fees(): Promise<OperationFees> {
    return (await this.#known()).fees;
  }

  /**
   * The state, then each time it is another: the last one is not `pending`. Ends there, or when the signal is aborted.
   * @throws {WaitError} `unknown_operation`
   */
  async *progress(signal?: AbortSignal): AsyncGenerator<Operation> {
    let last: string | null = null;
    for (;;) {
      // registered before reading, so that nothing in between is missed
      const stop = new AbortController();
      const changed = this.#changed(signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
      try {
        const state = await this.#known();
        const text = stringifyJson(fingerprint(state));
        if (text !== last) yield state;
        last = text;
        if (state.status !== "pending" || !await changed) return;
      } finally {
        stop.abort();
      }
    }
  }

  /**
   * Waits until nothing of it is under way any more: what it brought is in the balance, or never will be. The outcome
   * says what came of it, in its module's words; `awaitReceive` and `awaitWithdraw` say it typed.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
   */
  async result(signal?: AbortSignal): Promise<Operation> {
    await this.#client.awaitOperation(this.id, signal);
    return await this.#known();
  }

  async #known(): Promise<Operation> {
    const state = await this.state();
    if (state) return state;
    throw WaitError.unknownOperation(this.id);
  }

  /** Whether something of it has changed; false when the signal was aborted or the client closed. */
  #changed(signal: AbortSignal): Promise<boolean> {
    const { store } = this.#client.options;
    const prefixes = [OPERATION_PREFIX, STATE_PREFIX].map((prefix) => operationKey(prefix, this.id));
    return Promise.any(prefixes.map((prefix) => store.changed(prefix, signal))).then(() => true, () => false);
  }
}

/** All that may change of an operation. */
function fingerprint({ status, outcome, transactions }: Operation): Json {
  return [status, outcome?.outcome ?? null, transactions.map(({ txid, status }) => [txid, status])];
}
