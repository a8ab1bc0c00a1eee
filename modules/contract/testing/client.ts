/**
 * A wallet with one module, at guardians without a federation (`TestGuardians`): transactions are decided on as soon as
 * they are submitted, machines run (each step twice, the first time in vain), and e-cash is a number. What a federation
 * would find out late it says at once: that client and guardians reckon amounts or fees differently, or that the key
 * that the client signs with is not the one that guardians ask for.
 */
import { assert, assertEquals } from "@std/assert";
import { loggerFor } from "../../../actors/logger.ts";
import type { Network } from "../../../actors/platform/platform.ts";
import type { ManualClock } from "../../../actors/testing/manual_clock.ts";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { toHex, utf8 } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { publicKeyOf } from "../../../core/crypto/secp.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { decode, encode } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { Amounts } from "../../../core/types/amount.ts";
import { amounts } from "../../../core/types/amount.ts";
import type { OperationId, OutPointRange, TransactionId } from "../../../core/types/ids.ts";
import { numPeers } from "../../../core/types/num_peers.ts";
import type { ActiveState, ClientModule, ClientModuleDefinition, PendingMoney } from "../client.ts";
import type {
  ClientCore,
  ClientInput,
  ClientModuleEnv,
  ClientOutput,
  ClientTx,
  FinalizeError,
  InputBundle,
  OutputBundle,
  Spending,
} from "../client_env.ts";
import { endedBy, orEnded } from "../waiting.ts";
import { dicePlatform, testStore } from "./env.ts";
import type { TestGuardians } from "./guardians.ts";
import { overMessages } from "./travel.ts";

/** Guardians of any module. */
// deno-lint-ignore no-explicit-any -- the guardians' own types are behind their definition
export type AnyGuardians = TestGuardians<any, any, any, any, any, any, any, any>;

/** How a wallet of a test begins. */
export type TestClientOptions = {
  /** The guardians' too. */
  readonly clock: ManualClock;
  /** E-cash that it begins with. Default 0. */
  readonly balanceMsat?: bigint;
  /** Wallets of one test have each another one. Default 1. */
  readonly seed?: number;
  /** What it draws, where that isn't as its words are. */
  readonly dice?: number;
  /** Default: none; a module that reaches for it fails its test. */
  readonly network?: Network;
  /** Of a guardian's own wallet. Default: none. */
  readonly admin?: ClientModuleEnv<unknown, unknown>["admin"];
};

type Draft<State> = {
  readonly inputs: readonly InputBundle<State>[];
  readonly outputs: readonly OutputBundle<State>[];
  readonly spending: Spending;
};

/** How far `until` lets the clock go, and in which steps. */
const STEP_MS = 1_000;
const STEPS_MAX = 1_000;

function sumMsat(all: readonly Amounts[]): bigint {
  let sum = 0n;
  for (const by of all) for (const msat of by.values()) sum += msat;
  return sum;
}

/** A wallet with one module, at guardians of that module, without a federation. */
export class TestClient<Config, State, Api> {
  /** The module. */
  readonly definition: ClientModuleDefinition<Config, State, Api>;
  /** Whom it asks. */
  readonly guardians: AnyGuardians;
  /** The module's own part of the wallet's store. */
  readonly store: StoreView;
  /** Final outcomes by operation, as the operation log has them. */
  readonly outcomes = new Map<OperationId, Json>();
  /** What the operation log says of operations. */
  readonly logged = new Map<OperationId, Json>();
  /** Persistent events of the module, in order. */
  readonly events: { readonly kind: string; readonly payload: Json }[] = [];
  /** Its e-cash, which is a number here. */
  balanceMsat: bigint;
  /** Why guardians refuse whatever comes; null: they decide. */
  refuse: string | null = null;
  readonly #clock: ManualClock;
  readonly #states = new Map<OperationId, State[]>();
  readonly #active = new Set<ActiveState<State>>();
  /** Operations whose first transaction isn't stored yet. */
  readonly #beginning = new Set<OperationId>();
  readonly #verdicts = new Map<TransactionId, Promise<Result<null, string>>>();
  readonly #ending = new AbortController();
  /** What the wallet does before it has notes for a transaction, until the signal is aborted. Default: nothing. */
  beforeSubmit: (signal: AbortSignal | undefined) => Promise<void> = () => Promise.resolve();
  #changed = Promise.withResolvers<void>();
  #module!: ClientModule<State, Api>;
  #failure: unknown = null;

  private constructor(
    definition: ClientModuleDefinition<Config, State, Api>,
    guardians: AnyGuardians,
    store: StoreView,
    options: TestClientOptions,
  ) {
    this.definition = definition;
    this.guardians = guardians;
    this.store = store;
    this.balanceMsat = options.balanceMsat ?? 0n;
    this.#clock = options.clock;
  }

  /** A new wallet. */
  static async start<Config, State, Api>(
    definition: ClientModuleDefinition<Config, State, Api>,
    guardians: AnyGuardians,
    options: TestClientOptions,
  ): Promise<TestClient<Config, State, Api>> {
    const client = new TestClient(definition, guardians, await testStore(), options);
    const { seed = 1, dice = seed + 1_000, clock, network, admin = null } = options;
    const env: ClientModuleEnv<Config, State> = {
      instance: 0,
      federationId: "0f".repeat(32),
      peers: numPeers(guardians.guardians.length),
      config: decode(definition.config, guardians.definition.getClientConfig(guardians.config).bytes),
      invite: () => Promise.reject(new Error("This test has no invite")),
      secret: DerivableSecret.root(utf8(`client ${seed}`), utf8("test")),
      store: client.store,
      api: guardians.api,
      apiVersion: definition.requiredApi,
      core: client.#core(),
      admin,
      platform: dicePlatform(dice, clock, network),
      log: loggerFor("test", () => {}),
      testEnvironment: true,
      findsAhead: false,
      signal: client.#ending.signal,
    };
    client.#module = await definition.start(env);
    return client;
  }

  /** As applications have it: what goes in and out is copied, as by a message. */
  get api(): Api {
    return overMessages(this.definition.api, this.#module.api);
  }

  /** A command's JSON. @throws {CommandError} */
  run(name: string, ...args: readonly string[]): Promise<Json> {
    const command = this.#module.commands[name];
    assert(command, `the module has a command ${name}`);
    return command.run(args, this.#ending.signal);
  }

  /** Begins what the module does by itself. What it fails with, `until` and `pass` throw. */
  beginBackground(): void {
    this.#module.background?.().catch((thrown) => {
      if (!this.#ending.signal.aborted) this.#failure ??= thrown;
    });
  }

  /** States that an operation's machines came to, in order. */
  statesOf(operationId: OperationId): readonly State[] {
    return this.#states.get(operationId) ?? [];
  }

  /** Money under way, as the module says. */
  pending(): Promise<PendingMoney> {
    return this.store.read((tx) => this.#module.pending!(tx, [...this.#active]));
  }

  /**
   * Lets time go on, and guardians agree, until the promise is settled.
   * @throws Error when a machine failed, or it takes too long
   */
  async until<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    promise.then(() => isSettled = true, () => isSettled = true);
    for (let step = 0; step < STEPS_MAX && !isSettled; step++) {
      await this.#clock.advance(step === 0 ? 0 : STEP_MS);
      if (this.#failure !== null) throw this.#failure;
      await this.guardians.agree();
    }
    assert(isSettled, "it comes to an end");
    return await promise;
  }

  /** Lets so much time go by, a second at a time, and guardians agree on what they have to say. */
  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      await this.#clock.advance(Math.min(STEP_MS, ms - passed));
      if (this.#failure !== null) throw this.#failure;
      await this.guardians.agree();
    }
  }

  /** Ends what waits. */
  close(): void {
    this.#ending.abort(new Error("The test is over"));
  }

  #core(): ClientCore<State> {
    return {
      transact: (operationId, body) => this.#transact(operationId, body),
      submit: async (transaction) => {
        const { operationId, inputs, outputs, spending = "wallet" } = transaction;
        if (this.#states.has(operationId) || this.logged.has(operationId) || this.#beginning.has(operationId)) {
          return err({ code: "operation_exists", operationId });
        }
        this.#beginning.add(operationId);
        try {
          await this.beforeSubmit(transaction.signal);
          return await this.#transact(operationId, async (tx) => {
            const submitted = await tx.submit({ inputs, outputs, spending });
            if (!submitted.ok) return submitted;
            this.logged.set(operationId, transaction.meta(submitted.value));
            await transaction.also?.(tx, submitted.value);
            return submitted;
          });
        } finally {
          this.#beginning.delete(operationId);
        }
      },
      quoteFee: ({ inputs, outputs, spending = "wallet" }) => {
        const short = shortOf({ inputs, outputs, spending }, this.balanceMsat);
        return Promise.resolve(short ? err(short) : ok(feesOf(inputs, outputs)));
      },
      operationExists: (operationId) => Promise.resolve(this.#states.has(operationId) || this.logged.has(operationId)),
      logOperation: (tx, meta) => void this.logged.set(tx.operationId, meta),
      awaitTransaction: (_, txid, signal) => this.#verdictOf(txid, signal),
      awaitPrimaryOutputs: (_, { txid }, signal) => this.#verdictOf(txid, signal),
      states: (operationId, signal) => this.#follow(operationId, signal),
      nextEventId: () => Promise.resolve(this.events.length),
      events: async function* (this: void) {},
    };
  }

  #verdictOf(txid: TransactionId, signal: AbortSignal = this.#ending.signal): Promise<Result<null, string>> {
    const verdict = this.#verdicts.get(txid);
    assert(verdict, "a transaction that was submitted is waited for");
    return orEnded(signal, () => verdict);
  }

  async *#follow(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<State> {
    const until = signal ? AbortSignal.any([signal, this.#ending.signal]) : this.#ending.signal;
    for (let next = 0;; next++) {
      while (next >= this.statesOf(operationId).length) await orEnded(until, () => this.#changed.promise);
      yield this.statesOf(operationId)[next]!;
      if (until.aborted) throw endedBy(until);
    }
  }

  async #transact<T>(operationId: OperationId, body: (tx: TestTx<State>) => Promise<T>): Promise<T> {
    let last!: TestTx<State>;
    const { value } = await this.store.transact((store) => {
      last = new TestTx(operationId, store, this.balanceMsat, (count) => this.#newRange(count));
      return body(last);
    });
    for (const effect of last.effects) effect(this);
    for (const { txid, draft, msat } of last.submitted) this.#verdicts.set(txid, this.#decide(txid, draft, msat));
    for (const state of last.states) this.#reach({ operationId, state });
    return value;
  }

  /** As before a conflict: what a body did beside the store, it will do again. */
  async #transactInVain(operationId: OperationId, body: (tx: TestTx<State>) => Promise<unknown>): Promise<void> {
    await this.store.transact(async (store) => {
      await body(new TestTx(operationId, store, this.balanceMsat, (count) => this.#newRange(count)));
      return rollback(undefined);
    });
  }

  #newRange(outputs: number): OutPointRange {
    const { txid } = this.guardians.newTransaction();
    return { txid, idxRange: { start: outputs, end: outputs + 1 } };
  }

  /** @param msat what it brings to the wallet; below zero: what it takes, back when it is refused */
  async #decide(txid: TransactionId, { inputs, outputs }: Draft<State>, msat: bigint): Promise<Result<null, string>> {
    if (msat < 0n) this.balanceMsat += msat;
    const verdict = this.refuse === null ? await this.#ask(txid, inputs, outputs) : err(this.refuse);
    if (verdict.ok === msat > 0n) this.balanceMsat += msat > 0n ? msat : -msat;
    return verdict;
  }

  async #ask(
    txid: TransactionId,
    inputs: Draft<State>["inputs"],
    outputs: Draft<State>["outputs"],
  ): Promise<Result<null, string>> {
    const { codecs, describeError } = this.definition;
    const ins: ClientInput[] = inputs.flatMap((bundle) => bundle.inputs);
    const outs: ClientOutput[] = outputs.flatMap((bundle) => bundle.outputs);
    const decided = await this.guardians.transaction({
      inputs: ins.map(({ input }) => decode(codecs.input, input.body)),
      outputs: outs.map(({ output }) => decode(codecs.output, output.body)),
    }, { txid });
    if (!decided.ok) {
      const { part, error } = decided.error;
      const kind = part === "input" ? "inputError" : "outputError";
      return err(describeError?.(kind, encode(codecs[kind], error)) ?? JSON.stringify(error));
    }
    for (const [i, { amounts, fees, publicKey }] of decided.value.inputs.entries()) {
      assertAlike(ins[i]!, { amounts, fees });
      assertEquals(
        toHex(publicKeyOf(ins[i]!.key)),
        toHex(publicKey),
        "the client signs with the key that is asked for",
      );
    }
    for (const [i, meta] of decided.value.outputs.entries()) assertAlike(outs[i]!, meta);
    return ok(null);
  }

  /** A machine has come to a state, and goes on from there. */
  #reach(active: ActiveState<State>): void {
    const { operationId, state } = active;
    // as it is stored
    const stored = decode(this.definition.state, encode(this.definition.state, state));
    this.#states.set(operationId, [...this.statesOf(operationId), stored]);
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
    const ways = this.#module.transitions(stored, operationId);
    if (ways.length === 0) return;
    this.#active.add(active);
    const signal = this.#ending.signal;
    const first = ways.map((way) => way.trigger(signal).then((value) => ({ way, value })));
    Promise.race(first).then(async ({ way, value }) => {
      await this.#transactInVain(operationId, (tx) => way.apply(tx, value));
      const next = await this.#transact(operationId, (tx) => way.apply(tx, value));
      this.#active.delete(active);
      this.#reach({ operationId, state: next });
    }).catch((thrown) => {
      if (!signal.aborted) this.#failure ??= thrown;
    });
  }
}

function feesOf(inputs: readonly InputBundle<unknown>[], outputs: readonly OutputBundle<unknown>[]): bigint {
  return sumMsat(inputs.flatMap((bundle) => bundle.inputs.map(({ fees }) => fees))) +
    sumMsat(outputs.flatMap((bundle) => bundle.outputs.map(({ fees }) => fees)));
}

/** What a transaction brings to the wallet; below zero: what it takes. */
function netMsat({ inputs, outputs }: Pick<Draft<unknown>, "inputs" | "outputs">): bigint {
  const ins = inputs.flatMap((bundle) => bundle.inputs), outs = outputs.flatMap((bundle) => bundle.outputs);
  return sumMsat(ins.map(({ amounts }) => amounts)) - sumMsat(outs.map(({ amounts }) => amounts)) -
    feesOf(inputs, outputs);
}

/** Why a wallet can't make a transaction; null: it can. */
function shortOf(draft: Draft<unknown>, balanceMsat: bigint): FinalizeError | null {
  const msat = netMsat(draft), availableMsat = draft.spending === "wallet" ? balanceMsat : 0n;
  return availableMsat + msat < 0n ? { code: "insufficient_funds", requestedMsat: -msat, availableMsat } : null;
}

function assertAlike(
  client: { readonly amounts: Amounts; readonly fees: Amounts },
  guardians: { readonly amounts: Amounts; readonly fees: Amounts },
): void {
  const shown = (by: Amounts): string => toHex(encode(amounts, new Map(by)));
  assertEquals(shown(client.amounts), shown(guardians.amounts), "client and guardians reckon amounts alike");
  assertEquals(shown(client.fees), shown(guardians.fees), "client and guardians reckon fees alike");
}

type Effect = (client: {
  readonly outcomes: Map<OperationId, Json>;
  readonly events: { readonly kind: string; readonly payload: Json }[];
}) => void;

/** One store transaction; what it does beside the store happens once it has committed. */
class TestTx<State> implements ClientTx<State> {
  readonly attempt = { onUndo: (): void => {} };
  readonly states: State[] = [];
  readonly effects: Effect[] = [];
  readonly submitted: { readonly txid: TransactionId; readonly draft: Draft<State>; readonly msat: bigint }[] = [];
  readonly #newRange: (outputs: number) => OutPointRange;
  #balanceMsat: bigint;

  constructor(
    readonly operationId: OperationId,
    readonly store: StoreTx,
    balanceMsat: bigint,
    newRange: (outputs: number) => OutPointRange,
  ) {
    this.#balanceMsat = balanceMsat;
    this.#newRange = newRange;
  }

  submit(draft: Draft<State>): Promise<Result<OutPointRange, FinalizeError>> {
    const short = shortOf(draft, this.#balanceMsat), msat = netMsat(draft);
    if (short) return Promise.resolve(err(short));
    if (msat < 0n) this.#balanceMsat += msat;
    const outputs = draft.outputs.flatMap((bundle) => bundle.outputs);
    const change = this.#newRange(outputs.length), { txid } = change;
    let start = 0;
    for (const bundle of draft.inputs) {
      const end = start + bundle.inputs.length;
      for (const state of bundle.machines(txid, { start, end })) this.states.push(state);
      start = end;
    }
    start = 0;
    for (const bundle of draft.outputs) {
      const end = start + bundle.outputs.length;
      for (const state of bundle.machines({ txid, idxRange: { start, end } })) this.states.push(state);
      start = end;
    }
    this.submitted.push({ txid, draft, msat });
    return Promise.resolve(ok(change));
  }

  claimInputs(
    bundle: InputBundle<State>,
    spending: Spending = "wallet",
  ): Promise<Result<OutPointRange, FinalizeError>> {
    return this.submit({ inputs: [bundle], outputs: [], spending });
  }

  addMachine(state: State): Promise<void> {
    this.states.push(state);
    return Promise.resolve();
  }

  setOutcome(operationId: OperationId, outcome: Json): Promise<void> {
    // the first one stays
    this.effects.push(({ outcomes }) => outcomes.has(operationId) || outcomes.set(operationId, outcome));
    return Promise.resolve();
  }

  logEvent(kind: string, payload: Json): void {
    this.effects.push(({ events }) => events.push({ kind, payload }));
  }
}
