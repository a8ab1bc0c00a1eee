/**
 * A client of a test federation: the client's own operations, executor and logs over a store in memory, on a clock
 * moved by hand.
 */
import { createSystem } from "../../actors/mod.ts";
import type { ActorSystem } from "../../actors/system.ts";
import type { LogRecord } from "../../actors/logger.ts";
import { loggerFor } from "../../actors/logger.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { simulatedThreads } from "../../actors/platform/simulated/threads.ts";
import { child, supervisor } from "../../actors/supervisor.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { Store, StoreTx } from "../../actors/store/mod.ts";
import { ManualClock } from "../../actors/store/testing/mod.ts";
import { utf8 } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { GLOBAL_INSTANCE_ID } from "../../core/types/ids.ts";
import type { OperationId } from "../../core/types/ids.ts";
import { decode, encode, u64 } from "../../core/encoding/mod.ts";
import { numPeers } from "../../core/types/num_peers.ts";
import type { AnyStateOwner } from "../../client/core/core.ts";
import { Operations } from "../../client/core/core.ts";
import { ModuleCore } from "../../client/core/module_core.ts";
import { modulePrefix, UniqueTime } from "../../client/core/database.ts";
import { executor } from "../../client/executor/executor.ts";
import { Machines } from "../../client/executor/machines.ts";
import { submissionState, submissionTransitions } from "../../client/executor/submission.ts";
import type { NumberedEvent } from "../../client/logs/events.ts";
import { eventOrder, getEvents } from "../../client/logs/events.ts";
import type { OperationEntry } from "../../client/logs/operations.ts";
import { getOperation } from "../../client/logs/operations.ts";
import type { ClientModuleArgs, ModuleTable } from "../../client/core/module_actor.ts";
import { clientModule } from "../../client/core/module_actor.ts";
import { ModuleCalls } from "../../client/core/module_calls.ts";
import { eventOrderRef, executorRef, moduleRef } from "../../client/tree.ts";
import { activeStates } from "../../client/executor/states.ts";
import type { AnyClientModuleDefinition, PendingMoney } from "../../modules/contract/client.ts";
import type { FederationApi } from "../../modules/contract/federation_api.ts";
import type { ClientRecoveryEnv, OtherSecret, RecoveryTx } from "../../modules/contract/recovery.ts";
import { WaitError } from "../../modules/contract/waiting.ts";
import { seededDice } from "../../modules/contract/testing/mod.ts";
import { walletv2Client } from "../../modules/walletv2/client.ts";
import type { WalletClient } from "../../modules/walletv2/client/api.ts";
import { addValidIndex, getSearched, setSearched } from "../../modules/walletv2/client/db.ts";
import type { WalletState } from "../../modules/walletv2/client/states.ts";
import { walletState } from "../../modules/walletv2/client/states.ts";
import type { WalletConfig } from "../../modules/walletv2/config.ts";
import { DEPOSITOR, VALID_INDICES } from "../../modules/walletv2/testing/federation.ts";
import type { TestFederation } from "./federation.ts";
import { PURSE, WALLET } from "./federation.ts";
import { AT_ONCE, purseClient, REFUSING } from "./purse.ts";

/** Where tests let a search begin: that far before what it finds. */
export const SEARCHED_BEFORE = 100;
/** A test that waits longer in its own time has lost what it waits for. */
const WAIT_MS_MAX = 4 * 3_600_000;

export type TestClientOptions = {
  readonly federation: TestFederation;
  readonly clock?: ManualClock;
  readonly disk?: MemoryBackend;
  readonly seed?: number;
  readonly testEnvironment?: boolean;
  /**
   * So many of the depositor's addresses are known already, and the search stands shortly before the next one. Default
   * 2.
   */
  readonly known?: number;
  /** What an older version has left in the wallet's part of the store. */
  readonly before?: (tx: StoreTx) => void;
};

export class TestClient {
  readonly clock: ManualClock;
  readonly store: Store;
  readonly records: LogRecord[] = [];
  readonly disk: MemoryBackend;
  readonly #system: ActorSystem;
  #operations!: Operations;
  #api!: FederationApi;
  #config!: WalletConfig;
  readonly #table: ModuleTable = new Map();
  readonly #calls: ModuleCalls;
  readonly #closing = new AbortController();

  private constructor(
    disk: MemoryBackend,
    store: Store,
    readonly platform: Platform,
    clock: ManualClock,
  ) {
    this.clock = clock;
    this.disk = disk;
    this.store = store;
    this.#system = createSystem({ platform, log: (record) => this.records.push(record) });
    this.#calls = new ModuleCalls(walletv2Client.api, {
      sender: this.#system,
      clock,
      closing: this.#closing.signal,
      kind: walletv2Client.kind,
      actor: moduleRef(WALLET, walletv2Client.kind),
    });
  }

  static async open(options: TestClientOptions): Promise<TestClient> {
    const clock = options.clock ?? new ManualClock();
    const disk = options.disk ?? new MemoryBackend({ clock });
    const store = await openMemoryStore({ clock, backend: disk });
    const absent = {} as Platform["network"] & Platform["files"];
    const threads = simulatedThreads(() => true);
    const platform = { clock, dice: seededDice(options.seed ?? 1), network: absent, files: absent, threads };
    const client = new TestClient(disk, store, platform, clock);
    const indices = VALID_INDICES[options.federation.wallet.guardians.length]!, known = options.known ?? 2;
    await client.inModule(WALLET, async (tx) => {
      if (await getSearched(tx) > 0) return;
      for (const index of indices.slice(0, known)) addValidIndex(tx, index);
      setSearched(tx, indices[known]! - SEARCHED_BEFORE);
      options.before?.(tx);
    });
    await client.#start(options);
    return client;
  }

  async #start({ federation, testEnvironment = true }: TestClientOptions): Promise<void> {
    const { platform, store } = this;
    const api = federation.api(platform), owners = new Map<number, AnyStateOwner>();
    const operations = this.#operations = new Operations({
      store,
      platform,
      sender: this.#system,
      executor: executorRef,
      eventOrder: eventOrderRef,
      time: new UniqueTime(platform.clock),
      owners,
      primary: () => {
        const module = this.#table.get(PURSE)?.primary;
        return module ? { instance: PURSE, module } : null;
      },
      closing: this.#closing.signal,
    });
    this.#api = api.forModule(WALLET);
    this.#config = federation.wallet.config;
    const definitions: [number, AnyClientModuleDefinition, unknown][] = [
      [PURSE, purseClient, null],
      [WALLET, walletv2Client, federation.wallet.config],
    ];
    const modules = definitions.map(([instance, definition, config]): ClientModuleArgs => {
      const owner: AnyStateOwner = {
        kind: definition.kind,
        codec: definition.state,
        transitions: (state, operationId) => this.#table.get(instance)!.transitions(state, operationId),
      };
      owners.set(instance, owner);
      const env = {
        instance,
        federationId: "ab".repeat(32),
        peers: numPeers(federation.wallet.guardians.length),
        config,
        invite: () => Promise.reject(new Error("This test has no invite code")),
        secret: DEPOSITOR,
        store: store.view(modulePrefix(instance)),
        api: api.forModule(instance),
        apiVersion: { major: 0, minor: 0 },
        core: new ModuleCore(operations, instance, owner),
        admin: null,
        testEnvironment,
      };
      return { definition, env, table: this.#table, inBackground: true };
    });
    owners.set(GLOBAL_INSTANCE_ID, {
      kind: null,
      codec: submissionState,
      transitions: (state) =>
        submissionTransitions(state, {
          api,
          platform,
          describe: (kind, { instance, body }) =>
            definitions.find(([id]) => id === instance)?.[1].describeError?.(kind, body) ?? null,
        }),
    });
    const machines = new Machines(store, operations, owners);
    await this.#system.start(supervisor("client", {
      children: [
        supervisor("federation", {
          strategy: "rest_for_one",
          children: [
            child(eventOrder, { args: { store } }),
            supervisor("modules", {
              children: modules.map((args) =>
                child(clientModule, { id: `${args.env.instance}:${args.definition.kind}`, args })
              ),
            }),
            supervisor("machines", { intensity: 100, periodMs: 10_000, children: [] }),
            child(executor, { args: { supervisor: "client/federation/machines", machines } }),
          ],
        }),
      ],
    }));
  }

  /** Of the wallet module's recovery. @param otherSecrets of the same words in other programs */
  recoveryEnv(otherSecrets: readonly OtherSecret[], signal: AbortSignal): ClientRecoveryEnv<WalletConfig> {
    return {
      instance: WALLET,
      federationId: "ab".repeat(32),
      peers: numPeers(this.#api.peerIds.length),
      config: this.#config,
      secret: DEPOSITOR,
      otherSecrets,
      backup: null,
      api: this.#api,
      apiVersion: { major: 0, minor: 0 },
      platform: this.platform,
      log: loggerFor("recovery", (record) => this.records.push(record)),
      testEnvironment: true,
      signal,
    };
  }

  /** A store transaction of the wallet module, as its recovery makes them; durable. */
  inRecovery<T>(body: (tx: RecoveryTx<WalletState>) => Promise<T>): Promise<T> {
    return this.#operations.transact("00".repeat(32), WALLET, body);
  }

  /** As applications have it. */
  get wallet(): WalletClient {
    return this.#calls.api as WalletClient;
  }

  /** Runs a command; time passes until it is done. */
  command(name: string, ...args: readonly string[]): Promise<Json> {
    const { run } = this.#calls.commands(this.#table.get(WALLET)!)[name]!;
    return this.until(run(args, new AbortController().signal));
  }

  /** Lets time pass, 100 ms at a time, until the promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => void (settled = true);
    promise.then(mark, mark);
    for (let waitedMs = 0; !settled; waitedMs += 100) {
      if (waitedMs > WAIT_MS_MAX) throw new Error("What a test waits for doesn't come");
      await this.clock.advance(100);
    }
    return await promise;
  }

  /** Lets time pass until a fact holds. */
  async untilTrue(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (let waitedMs = 0; !await holds(); waitedMs += 100) {
      if (waitedMs > WAIT_MS_MAX) throw new Error(`It never comes that ${what}`);
      await this.clock.advance(100);
    }
  }

  balanceMsat(): Promise<bigint> {
    return this.store.read((tx) => this.#table.get(PURSE)!.primary!.balanceMsat(tx.view(modulePrefix(PURSE))));
  }

  async setBalance(msat: bigint): Promise<void> {
    await this.inModule(PURSE, (tx) => tx.set(Uint8Array.of(1), encode(u64, msat)));
  }

  /** As the client's core asks the module. */
  pending(): Promise<PendingMoney> {
    return this.store.read(async (tx) => {
      const active = (await activeStates(tx)).filter(({ instance }) => instance === WALLET)
        .map(({ operationId, state }) => ({ operationId, state: decode(walletState, state) }));
      return await this.#calls.pending(tx.view(modulePrefix(WALLET)), active);
    });
  }

  /** While it isn't null the purse refuses every transaction so, fees and balance being what they are. */
  async setRefusal(code: "insufficient_funds" | "too_large" | null): Promise<void> {
    await this.inModule(PURSE, (tx) => code === null ? tx.delete(REFUSING) : tx.set(REFUSING, utf8(code)));
  }

  /** More than that would take more of the purse's notes than one transaction holds. */
  async setAtOnce(msat: bigint): Promise<void> {
    await this.inModule(PURSE, (tx) => tx.set(AT_ONCE, encode(u64, msat)));
  }

  async inModule<T>(instance: number, body: (tx: StoreTx) => Promise<T> | T): Promise<T> {
    const { value, durable } = await this.store.view(modulePrefix(instance)).transact((tx) => body(tx));
    await durable;
    return value;
  }

  /** As if the next search had come so far already that it soon finds the depositor's address of this number. */
  searchedUpTo(number: number, guardians = 4): Promise<void> {
    return this.inModule(WALLET, (tx) => setSearched(tx, VALID_INDICES[guardians]![number]! - SEARCHED_BEFORE));
  }

  async events(kind?: string): Promise<NumberedEvent[]> {
    const events = await this.store.read((tx) => getEvents(tx, 0, 1_000));
    return kind === undefined ? events : events.filter((event) => event.kind === kind);
  }

  operation(id: OperationId): Promise<OperationEntry | undefined> {
    return this.store.read((tx) => getOperation(tx, id));
  }

  async close(): Promise<void> {
    this.#closing.abort(WaitError.closed());
    await this.until(this.#system.stop());
    await this.until(this.store.close());
  }
}
