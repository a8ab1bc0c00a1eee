/**
 * A wallet that is restored, as the client's core runs it, without the client: every step's body runs twice, the first
 * time in vain, and the disk outlives processes that die at any commit.
 */
import { assert } from "@std/assert";
import type { LogRecord } from "../../../actors/logger.ts";
import { loggerFor } from "../../../actors/logger.ts";
import type { SimulatedWorld } from "../../../actors/platform/simulated/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../../actors/store/mod.ts";
import type { StoreTx, StoreView } from "../../../actors/store/store.ts";
import { rollback } from "../../../actors/store/store.ts";
import { utf8 } from "../../../core/bytes.ts";
import { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { bool, option, struct, u32 } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { ClientCore, ClientTx } from "../../contract/client_env.ts";
import { slot } from "../../contract/records.ts";
import type { ClientRecoveryEnv, OtherSecret, Recovered, RecoverySteps, RecoveryTx } from "../../contract/recovery.ts";
import { BlindedNonces } from "../client/blinded_nonces.ts";
import { valueOf } from "../client/balancing.ts";
import { noteCounts } from "../client/db.ts";
import { recoveryTransition } from "../client/recovery/claiming.ts";
import { comingCounts, missingCounts } from "../client/recovery/db.ts";
import type { MintProgress } from "../client/recovery/progress.ts";
import { mintProgress } from "../client/recovery/progress.ts";
import type { PatientWallet } from "../client/recovery/put_off.ts";
import { askForMissing } from "../client/recovery/put_off.ts";
import { recoveryInSlices } from "../client/recovery/recovery.ts";
import type { MintState } from "../client/states.ts";
import { mintState } from "../client/states.ts";
import type { MintConfig } from "../config.ts";
import { SLICE_ITEMS } from "../limits.ts";
import type { LogGuardians } from "./log_guardians.ts";

const OPERATION = "0e".repeat(32) as OperationId;

/** The client's own records, beside the module's part. */
const CORE = Uint8Array.of(0), MODULE = Uint8Array.of(1);
const progressRecord = slot(1, mintProgress);
/** `passes`: those that are done, each with its machine; `isLast`: of the look under way. */
const stateRecord = slot(
  2,
  struct("TestRecord", { passes: u32, machine: option(mintState), looking: bool, isLast: bool }),
);
const FIRST = { passes: 0, machine: null, looking: false, isLast: false } as const;

export type WalletOptions = {
  readonly secret?: DerivableSecret;
  readonly otherSecrets?: readonly OtherSecret[];
  /** Default: as outside tests. */
  readonly sliceItems?: number;
};

export const testSecret: DerivableSecret = DerivableSecret.root(new Uint8Array(64), utf8("Fedimint Client Salt"))
  .child(0);

export class RestoredWallet {
  /** Entries of the history by id. */
  readonly history = new Map<OperationId, Json>();
  readonly records: LogRecord[] = [];
  /** Commits that have reached the disk, in all its processes. */
  commits = 0;
  /** Reads of the disk. */
  reads = 0;
  recovered: Recovered | null = null;
  readonly #options: WalletOptions;
  readonly #recovery: ReturnType<typeof recoveryInSlices>;
  readonly #world: SimulatedWorld;
  readonly #guardians: LogGuardians;
  #disk = new MemoryBackend();
  #store: StoreView | null = null;
  #ending = new AbortController();

  constructor(world: SimulatedWorld, guardians: LogGuardians, options: WalletOptions = {}) {
    this.#world = world;
    this.#guardians = guardians;
    this.#options = options;
    this.#recovery = recoveryInSlices(options.sliceItems ?? SLICE_ITEMS);
  }

  /** @param failAtCommit the commit of this process that doesn't reach the disk any more: it dies */
  async open({ failAtCommit = Infinity }: { readonly failAtCommit?: number } = {}): Promise<void> {
    const { clock } = this.#world.process("client").platform;
    let written = 0;
    const onWrite = (): void => {
      if (++written >= failAtCommit) throw new Error("the process has died");
      this.commits++;
    };
    this.#disk = this.#disk.crash({ clock, onWrite, onRead: () => void this.reads++ });
    this.#store = await openMemoryStore({ clock, backend: this.#disk });
    this.#ending = new AbortController();
  }

  /** From where the store says that it is to the end; what it waits for ends with `close`. */
  async restore(): Promise<void> {
    if (!await this.progress()) await this.prepare();
    await this.run();
    await this.claim();
  }

  async prepare(): Promise<void> {
    const progress = await this.#recovery.prepare(this.#env());
    await this.#commitTwice((root) => {
      progressRecord.set(root.view(CORE), progress);
      this.#recovery.restored!(root.view(MODULE));
      return Promise.resolve();
    });
  }

  /** One look after the recovery, from where the store says that it is to its end. */
  async look({ isLast = false }: { readonly isLast?: boolean } = {}): Promise<void> {
    await this.pass({ isLast });
    await this.claim();
  }

  /** The same, but that what it has found isn't fetched. */
  async pass({ isLast = false }: { readonly isLast?: boolean } = {}): Promise<void> {
    if (!(await this.#record()).looking) await this.#beginLook(isLast);
    await this.#pass((await this.#record()).isLast);
  }

  async #beginLook(isLast: boolean): Promise<void> {
    const later = this.#recovery.later!, done = await this.progress();
    assert(done, "it is restored");
    const prepared = await later.prepare(this.#env(), done);
    await this.#commitTwice(async (root) => {
      const core = root.view(CORE), begins = await later.begin(root.view(MODULE));
      progressRecord.set(core, begins ? prepared : done);
      stateRecord.set(core, { ...await this.#record(), looking: true, isLast: isLast || !begins });
    });
  }

  async run(): Promise<void> {
    if ((await this.#record()).passes === 0) await this.#pass(false);
  }

  async #pass(isLast: boolean): Promise<void> {
    const progress = await this.progress();
    assert(progress, "it is prepared");
    const steps = new TestSteps(this, progress, isLast);
    await this.#recovery.run(this.#env(), steps);
    const { passes } = await this.#record();
    await steps.transact(async (tx, state) => {
      this.recovered = await this.#recovery.finish(this.#env(), tx, state, isLast);
      stateRecord.set(tx.root, { ...FIRST, passes: passes + 1, machine: tx.machines[0] ?? null });
    });
  }

  /** The machine's transitions, one by one. */
  async claim(): Promise<void> {
    for (;;) {
      const { machine, ...record } = await this.#record();
      if (machine?.tag !== "RecoveryPending") return;
      const way = recoveryTransition(this.#recovering(), machine, OPERATION);
      const value = await way.trigger(this.#ending.signal);
      await this.#commitTwice(async (root) => {
        const tx = { store: root.view(MODULE) } as ClientTx<MintState>;
        stateRecord.set(root.view(CORE), { ...record, machine: await way.apply(tx, value) });
      });
    }
  }

  #recovering(): PatientWallet {
    const { tbsAggPks, tbsPks } = this.#guardians.guardians.config as MintConfig;
    const { platform, log, api, peers, signal } = this.#env();
    const core: Pick<ClientCore<MintState>, "transact"> = {
      transact: async (_, body) => {
        const { value, durable } = await this.store.transact((store) => body({ store } as ClientTx<MintState>));
        await durable;
        return value;
      },
    };
    const env = { platform, log, api, peers, signal, store: this.store, core: core as ClientCore<MintState> };
    return { noteKeys: tbsAggPks, shareKeys: tbsPks, blinded: new BlindedNonces(), newOperation: () => OPERATION, env };
  }

  /** What an open wallet does in the background; ends with `close`. */
  askForMissing(): Promise<void> {
    return askForMissing(this.#recovering());
  }

  close(): void {
    this.#ending.abort(new Error("the wallet is closed"));
  }

  /** The module's part. */
  get store(): StoreView {
    return this.#store!.view(MODULE);
  }

  progress(): Promise<MintProgress | undefined> {
    return this.#store!.view(CORE).read((tx) => progressRecord.get(tx));
  }

  /** How often the log was gone through to its end. */
  async passes(): Promise<number> {
    return (await this.#record()).passes;
  }

  async #record() {
    return await this.#store!.view(CORE).read((tx) => stateRecord.get(tx)) ?? FIRST;
  }

  /** What it holds, and what is on its way or in doubt. */
  money(): Promise<{ readonly heldMsat: bigint; readonly comingMsat: bigint; readonly missingMsat: bigint }> {
    return this.store.read(async (tx) => ({
      heldMsat: valueOf(await noteCounts(tx)),
      comingMsat: valueOf(await comingCounts(tx)),
      missingMsat: valueOf(await missingCounts(tx)),
    }));
  }

  #env(): ClientRecoveryEnv<MintConfig> {
    return {
      instance: 1,
      federationId: "00".repeat(32),
      peers: this.#guardians.peers,
      config: this.#guardians.guardians.config as MintConfig,
      secret: this.#options.secret ?? testSecret,
      otherSecrets: this.#options.otherSecrets ?? [],
      api: this.#guardians,
      apiVersion: { major: 0, minor: 1 },
      platform: this.#world.process("client").platform,
      log: loggerFor("test", (record) => void this.records.push(record)),
      testEnvironment: true,
      signal: this.#ending.signal,
      backup: null,
    };
  }

  async #commit(part: Uint8Array, body: (tx: StoreTx) => Promise<void> | void): Promise<void> {
    await (await this.#store!.transact((tx) => body(tx.view(part)))).durable;
  }

  /** As after a conflict: what a body did the first time is gone. */
  async #commitTwice(body: (root: StoreTx) => Promise<void>): Promise<void> {
    await this.#store!.transact(async (root) => {
      await body(root);
      return rollback(undefined);
    });
    await (await this.#store!.transact(body)).durable;
  }

  /** @internal */
  async step(body: (tx: TestRecoveryTx, state: MintProgress) => Promise<MintProgress>): Promise<MintProgress> {
    let last!: TestRecoveryTx, following!: MintProgress;
    await this.#commitTwice(async (root) => {
      const core = root.view(CORE), state = await progressRecord.get(core);
      last = new TestRecoveryTx(core, root.view(MODULE));
      following = await body(last, state!);
      progressRecord.set(core, following);
    });
    for (const [id, meta] of last.logged) {
      assert(!this.history.has(id), "an entry of the history is made once");
      this.history.set(id, meta);
    }
    return following;
  }
}

class TestSteps implements RecoverySteps<MintState, MintProgress> {
  constructor(readonly wallet: RestoredWallet, public state: MintProgress, readonly isLast: boolean) {}

  giveWay(): Promise<void> {
    return Promise.resolve();
  }

  async step(body: (tx: RecoveryTx<MintState>, state: MintProgress) => Promise<MintProgress>): Promise<void> {
    this.state = await this.wallet.step(body);
  }

  async transact(body: (tx: TestRecoveryTx, state: MintProgress) => Promise<void>): Promise<void> {
    await this.wallet.step(async (tx, state) => {
      await body(tx, state);
      return state;
    });
  }
}

class TestRecoveryTx implements RecoveryTx<MintState> {
  readonly operationId = OPERATION;
  readonly attempt = { onUndo: (): void => {} };
  readonly logged = new Map<OperationId, Json>();
  readonly machines: MintState[] = [];

  constructor(readonly root: StoreTx, readonly store: StoreTx) {}

  logRecovered(operationId: OperationId, meta: Json): Promise<void> {
    this.logged.set(operationId, meta);
    return Promise.resolve();
  }

  addMachine(state: MintState): Promise<void> {
    this.machines.push(state);
    return Promise.resolve();
  }

  claimInputs(): never {
    throw new Error("a recovery makes no transaction");
  }

  setOutcome(): never {
    throw new Error("a recovery has no outcome");
  }

  logEvent(): void {}
}
