/**
 * For tests: a module with money that is a number, state machines that count, and guardians who keep the books. What
 * the client's core does shows in it without any e-cash.
 */
import type { ReadTx, StoreTx } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { toHex } from "../../core/bytes.ts";
import type { CodecType, Json } from "../../core/encoding/mod.ts";
import {
  closedEnum,
  decode,
  encode,
  moduleEncoding,
  struct,
  text,
  u64,
  u64Number,
  unit,
} from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { toDyn } from "../../core/types/dyn.ts";
import type { OperationId, OutPointRange, TransactionId } from "../../core/types/ids.ts";
import { BITCOIN_UNIT, outPointRange, transactionId } from "../../core/types/ids.ts";
import type { Transaction, TransactionError } from "../../core/types/transaction.ts";
import { transaction, transactionIdOf, transactionSubmissionOutcome } from "../../core/types/transaction.ts";
import type { AddedMsat, ToBalance } from "../../modules/contract/client.ts";
import type {
  ClientInput,
  ClientModuleEnv,
  ClientTx,
  FinalizeError,
  InputBundle,
  OutputBundle,
} from "../../modules/contract/client_env.ts";
import { defineClientModule } from "../../modules/contract/client.ts";
import { transition } from "../../modules/contract/client_env.ts";
import { endedBy } from "../../modules/contract/waiting.ts";
import type { ModuleTable } from "../core/module_actor.ts";
import type { Asked, Script } from "./world.ts";

export const TOY_KIND = "toy";
/** Of each output, msat. */
export const TOY_FEE = 3n;
/** Inputs come in multiples of this, so that most payments have change. */
const COIN = 10n;
const BALANCE = Uint8Array.of(1), COUNT = Uint8Array.of(2);

const toyState = closedEnum("ToyState", {
  Counting: u64Number,
  Counted: unit,
  Spending: struct("Spending", { txid: transactionId, msat: u64 }),
  Spent: transactionId,
  Refunded: struct("Refunded", { txid: transactionId, reason: text }),
  Issuing: struct("Issuing", { range: outPointRange, msat: u64 }),
  Issued: outPointRange,
  Aborted: outPointRange,
});
export type ToyState = CodecType<typeof toyState>;
type Env = ClientModuleEnv<null, ToyState>;
type Tx = ClientTx<ToyState>;

async function read(tx: Pick<StoreTx, "get">, key: Uint8Array): Promise<bigint> {
  const value = await tx.get(key);
  return value ? decode(u64, value) : 0n;
}

async function add(tx: StoreTx, key: Uint8Array, delta: bigint): Promise<void> {
  tx.set(key, encode(u64, await read(tx, key) + delta));
}

/** For what money comes by otherwise. */
export function addToBalance(tx: StoreTx, msat: bigint): Promise<void> {
  return add(tx, BALANCE, msat);
}

/** What an input or output is worth is all that it says. */
const item = u64;

function outputsOf(env: Env, msat: bigint, machines: (range: OutPointRange) => ToyState[]): OutputBundle<ToyState> {
  const output = { output: toDyn(env.instance, item, msat), amounts: amount(msat), fees: amount(TOY_FEE) };
  return { outputs: [output], machines };
}

function amount(msat: bigint): Map<bigint, bigint> {
  return new Map([[BITCOIN_UNIT, msat]]);
}

/** What applications call. */
export type ToyApi = Pick<Toy, "count" | "counted" | "fund" | "balance" | "pay" | "take">;

export class Toy {
  readonly env: Env;
  readonly unit = BITCOIN_UNIT;

  constructor(env: Env) {
    this.env = env;
  }

  newOperation(): OperationId {
    return toHex(this.env.platform.dice.bytes(32)) as OperationId;
  }

  /** Counts to five, one store transaction a number, asking guardians before each. */
  async count(operationId: OperationId): Promise<void> {
    await this.env.core.transact(operationId, async (tx) => {
      this.env.core.logOperation(tx, "count");
      await tx.addMachine({ tag: "Counting", value: 0 });
    });
  }

  counted(): Promise<bigint> {
    return this.env.store.read((tx) => read(tx, COUNT));
  }

  async fund(msat: bigint): Promise<void> {
    const { durable } = await this.env.store.transact((tx) => add(tx, BALANCE, msat));
    await durable;
  }

  balance(): Promise<bigint> {
    return this.env.store.read((tx) => read(tx, BALANCE));
  }

  pay(operationId: OperationId, msat: bigint): Promise<Result<OutPointRange, FinalizeError>> {
    return this.env.core.submit({
      operationId,
      inputs: [],
      outputs: [outputsOf(this.env, msat, () => [])],
      meta: (change) => ({ Pay: { change: outPointRange.toJson(change) } }),
    });
  }

  /** Takes from outside too: the transaction then has two machines that watch its inputs. */
  async take(
    operationId: OperationId,
    fromOutsideMsat: bigint,
    payMsat: bigint,
  ): Promise<Result<OutPointRange, FinalizeError>> {
    const outside: InputBundle<ToyState> = {
      inputs: [this.#input(fromOutsideMsat)],
      machines: (txid) => [{ tag: "Spending", value: { txid, msat: fromOutsideMsat } }],
    };
    return await this.env.core.submit({
      operationId,
      inputs: [outside],
      outputs: [outputsOf(this.env, payMsat, () => [])],
      meta: () => "take",
    });
  }

  #input(msat: bigint): ClientInput {
    return {
      input: toDyn(this.env.instance, item, msat),
      amounts: amount(msat),
      fees: new Map(),
      key: this.env.platform.dice.bytes(32).fill(7, 0, 1) as Bytes,
    };
  }

  balanceMsat(tx: Pick<StoreTx, "get">): Promise<bigint> {
    return read(tx, BALANCE);
  }

  denominations(): Promise<Map<bigint, number>> {
    return Promise.resolve(new Map());
  }

  async balanceTransaction(
    tx: Tx,
    { inputMsat, outputMsat }: ToBalance,
  ): Promise<Result<{ inputs: InputBundle<ToyState>; outputs: OutputBundle<ToyState> }, FinalizeError>> {
    const missing = outputMsat > inputMsat ? outputMsat - inputMsat : 0n;
    const msat = (missing + COIN - 1n) / COIN * COIN;
    const availableMsat = await read(tx.store, BALANCE);
    if (msat > availableMsat) return err({ code: "insufficient_funds", requestedMsat: missing, availableMsat });
    await add(tx.store, BALANCE, -msat);
    const inputs: InputBundle<ToyState> = msat === 0n ? { inputs: [], machines: () => [] } : {
      inputs: [this.#input(msat)],
      machines: (txid) => [{ tag: "Spending", value: { txid, msat } }],
    };
    const change = inputMsat + msat - outputMsat - TOY_FEE;
    const outputs = change <= 0n
      ? { outputs: [], machines: () => [] }
      : outputsOf(this.env, change, (range) => [{ tag: "Issuing", value: { range, msat: change } }]);
    return ok({ inputs, outputs });
  }

  async quoteBalance(
    tx: ReadTx,
    { inputMsat, outputMsat }: ToBalance,
  ): Promise<Result<AddedMsat, FinalizeError>> {
    const missing = outputMsat > inputMsat ? outputMsat - inputMsat : 0n;
    const msat = (missing + COIN - 1n) / COIN * COIN;
    const availableMsat = await read(tx, BALANCE);
    if (msat > availableMsat) return err({ code: "insufficient_funds", requestedMsat: missing, availableMsat });
    const change = inputMsat + msat - outputMsat - TOY_FEE;
    return ok({ inputMsat: msat, outputMsat: change > 0n ? change : 0n, feesBeforeMsat: 0n });
  }

  consolidate(): Promise<Result<null, string>> {
    return Promise.resolve(err("there are no notes"));
  }

  async awaitOutputs(
    operationId: OperationId,
    { txid }: OutPointRange,
    signal?: AbortSignal,
  ): Promise<Result<null, string>> {
    for await (const state of this.env.core.states(operationId, signal)) {
      if (state.tag === "Issued" && state.value.txid === txid) return ok(null);
      if (state.tag === "Aborted" && state.value.txid === txid) return err("aborted");
    }
    throw endedBy(signal);
  }
}

function transitionsOf({ env }: Toy, state: ToyState, operationId: OperationId) {
  const accepted = (txid: TransactionId) => (signal: AbortSignal) =>
    env.core.awaitTransaction(operationId, txid, signal);
  switch (state.tag) {
    case "Counting":
      return [transition<ToyState, number>(
        (signal) =>
          env.api.consensus({ method: "tick", params: state.value, result: u64Number }, { retry: true, signal }),
        async (tx, tick) => {
          await add(tx.store, COUNT, 1n);
          tx.logEvent("counted", { tick });
          if (tick >= 5) await tx.setOutcome(operationId, tick);
          return tick >= 5 ? { tag: "Counted", value: null } : { tag: "Counting", value: tick };
        },
      )];
    case "Spending":
      return [transition<ToyState, Result<null, string>>(accepted(state.value.txid), async (tx, outcome) => {
        const { txid, msat } = state.value;
        await tx.setOutcome(operationId, outcome.ok ? "Paid" : "Refused");
        if (outcome.ok) return { tag: "Spent", value: txid };
        await add(tx.store, BALANCE, msat);
        return { tag: "Refunded", value: { txid, reason: outcome.error } };
      })];
    case "Issuing":
      return [transition<ToyState, Result<null, string>>(accepted(state.value.range.txid), async (tx, outcome) => {
        const { range, msat } = state.value;
        if (!outcome.ok) return { tag: "Aborted", value: range };
        await add(tx.store, BALANCE, msat);
        return { tag: "Issued", value: range };
      })];
    default:
      return [];
  }
}

export const toyModule = defineClientModule<null, ToyState, ToyApi>({
  kind: TOY_KIND,
  consensusVersion: { major: 0, minor: 0 },
  requiredApi: { major: 0, minor: 0 },
  config: unit,
  codecs: {
    config: unit,
    input: u64,
    output: u64,
    outputOutcome: unit,
    consensusItem: unit,
    inputError: unit,
    outputError: unit,
  },
  describeError: () => "no such coin",
  state: toyState,
  api: { count: "call", counted: "call", fund: "call", balance: "call", pay: "call", take: "call" },
  start: (env) => {
    const toy = new Toy(env);
    return Promise.resolve({
      transitions: (state, operationId) => transitionsOf(toy, state, operationId),
      primary: toy,
      api: toy,
      commands: {},
      pending: (_tx, active) => {
        let incomingMsat = 0n;
        for (const { state } of active) if (state.tag === "Issuing") incomingMsat += state.value.msat;
        return Promise.resolve({ incomingMsat, outgoingMsat: 0n, inDoubtMsat: 0n });
      },
    });
  },
});

/** The module itself, as it runs at the moment: for what applications can't see. */
export function toyOf({ running: { table } }: { readonly running: { readonly table: ModuleTable } }): Toy {
  return table.get(0)!.primary as Toy;
}

const outcome = moduleEncoding(transactionSubmissionOutcome);

/** Guardians of a federation with the toy module at instance 0. */
export class ToyBooks {
  readonly accepted = new Map<TransactionId, Transaction>();
  submissions = 0;
  /** Why transactions are refused; null: they are accepted. */
  refuse: TransactionError | null = null;
  /** No submission is answered. */
  silent = false;

  script(honest: Script): Script {
    return (asked) => this.#answer(asked) ?? honest(asked);
  }

  #answer({ method, params }: Asked): Json | Promise<Json> | undefined {
    if (/^module_[0-9]+_tick$/.test(method)) return Number(params) + 1;
    if (method === "await_transaction") return this.accepted.has(params as TransactionId) ? params : undefined;
    if (method !== "submit_transaction") return undefined;
    if (this.silent) return new Promise(() => {});
    this.submissions++;
    const tx = moduleEncoding(transaction).fromJson(params), txid = transactionIdOf(tx);
    if (this.refuse) return outcome.toJson(err(this.refuse));
    this.accepted.set(txid, tx);
    return outcome.toJson(ok(txid));
  }

  /** Inputs less outputs of all that was accepted: what the federation earned. */
  get feesMsat(): bigint {
    const worth = (items: Transaction["inputs"]): bigint =>
      items.reduce((sum, { body }) => sum + decode(item, body), 0n);
    return [...this.accepted.values()].reduce((sum, { inputs, outputs }) => sum + worth(inputs) - worth(outputs), 0n);
  }
}
