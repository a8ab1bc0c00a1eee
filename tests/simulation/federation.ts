/**
 * A whole federation in a simulated world: an embedded Bitcoin chain, guardians that are whole processes, clients.
 * Everything but the world is the real program.
 */
import type { LogRecord } from "../../actors/logger.ts";
import { createSystem } from "../../actors/mod.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import type { SimulatedDisk } from "../../actors/platform/simulated/disk.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { WorldOptions } from "../../actors/platform/simulated/mod.ts";
import type { MemoryOptions, Store, StoreTx } from "../../actors/store/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { encodeHex } from "../../core/encoding/mod.ts";
import { devchainTree } from "../../server/dev/chain/mod.ts";
import { callBitcoin, callGuardian } from "../../server/dev/federation/rpc.ts";
import { Guardian } from "../../server/guardian.ts";
import type { ServerModules } from "../../server/modules.ts";
import { builtInModules } from "../../server/modules.ts";
import { readConfig, writeConfig } from "../../server/config/config_files.ts";
import type { GuardianConfig } from "../../server/config/guardian_config.ts";
import { configuredModules, handedOut } from "../../server/config/guardian_config.ts";
import { ConsensusError } from "../../server/consensus/engine/disagreement.ts";
import { recordsIn } from "../../server/broadcast/own/backup.ts";
import { countAcceptedItems, finishedSessions, unitsPrefix } from "../../server/consensus/store/db.ts";
import { sessionIn } from "../../server/consensus/testing/db.ts";
import { sessionOutcome } from "../../core/types/session.ts";
import { BLOCKS_TO_AGREE } from "../demo/waits.ts";
import type { DealtOptions } from "./dealt.ts";
import { dealtConfigs } from "./dealt.ts";
import { API_PASSWORD, BITCOIN, DATA_DIR, guardianOptions } from "./guardians.ts";

/** How long the disk takes to make a commit durable. */
const DISK_MS = 3;

export type FederationOptions = {
  readonly seed: number;
  readonly total?: number;
  /** Kinds that the federation has. */
  readonly modules?: readonly string[];
  /** What all guardians' programs have. Default: the built-in modules. */
  readonly definitions?: ServerModules;
  /** What guardians' programs have who cheat, by peer. */
  readonly evil?: ReadonlyMap<number, ServerModules>;
  readonly roundsPerSession?: number;
  /** The program's by default. A world in which much time passes costs as much as it has rounds: longer ones there. */
  readonly roundDelayMs?: number;
  readonly world?: WorldOptions;
  /** A federation whose world and chain it shares; then `name` begins the names of its guardians' machines. */
  readonly beside?: SimulatedFederation;
  /** Default: `g`. */
  readonly name?: string;
};

const dealt = new Map<string, Promise<GuardianConfig[]>>();
/** Of configs that were dealt: worlds of the same kind share them. */
const handedOutBy = new WeakMap<GuardianConfig, ReturnType<typeof handedOut>>();

/** Dealing keys takes seconds: tests of one process that want the same kind of federation share them. */
function dealtOnce(kind: Omit<DealtOptions, "platformOf"> & { readonly name: string }): Promise<GuardianConfig[]> {
  const { total, modules, roundsPerSession, roundDelayMs, name } = kind;
  const key = `${total} ${modules} ${roundsPerSession} ${roundDelayMs} ${name}`;
  const dealer = new SimulatedWorld(0);
  const platformOf = (peer: number): Platform => dealer.process(`${name}${peer}`).platform;
  const configs = dealt.get(key) ?? dealtConfigs({ ...kind, platformOf });
  dealt.set(key, configs);
  return configs;
}

/** What machines keep when all processes of a federation are gone. */
export type FederationRemains = {
  /** Wall clock. */
  readonly atMs: number;
  readonly invite: string;
  readonly bitcoin: MemoryBackend;
  readonly guardians: readonly { readonly disk: MemoryBackend; readonly files: SimulatedDisk["files"] }[];
};

type Node = {
  guardian: Guardian | null;
  store: Store | null;
  ended: Promise<void>;
  /** What it ended with by itself. */
  failure: ConsensusError | null;
  disk: MemoryBackend;
};

export class SimulatedFederation {
  readonly world: SimulatedWorld;
  readonly definitions: ServerModules;
  readonly records: (LogRecord & { readonly process: string; readonly atMs: number })[] = [];
  readonly #nodes = new Map<number, Node>();
  #apiUrls: GuardianConfig["consensus"]["apiEndpoints"] = new Map();
  #invite = "";
  #configs: readonly GuardianConfig[] = [];
  readonly #name: string;
  readonly #evil: ReadonlyMap<number, ServerModules>;
  readonly #beside: SimulatedFederation | null;
  #goesOn = false;
  #bitcoinDisk: MemoryBackend;

  private constructor(
    world: SimulatedWorld,
    definitions: ServerModules = builtInModules,
    bitcoinDisk: MemoryBackend = new MemoryBackend(),
    { name = "g", beside = null, evil = new Map() }: {
      readonly name?: string;
      readonly beside?: SimulatedFederation | null;
      readonly evil?: ReadonlyMap<number, ServerModules>;
    } = {},
  ) {
    this.#name = name;
    this.#evil = evil;
    this.#beside = beside;
    this.world = world;
    this.definitions = definitions;
    this.#bitcoinDisk = bitcoinDisk.copy(this.diskOptions("bitcoin"));
  }

  /** Guardians are configured and running; the chain has its first coins. */
  static async start(options: FederationOptions): Promise<SimulatedFederation> {
    const { seed, total = 4, modules = ["meta", "mintv2", "walletv2"], roundsPerSession = 30 } = options;
    const { definitions = builtInModules, world: worldOptions, beside = null, name = "g", evil = new Map() } = options;
    const world = beside?.world ?? new SimulatedWorld(seed, worldOptions);
    const federation = new SimulatedFederation(world, definitions, undefined, { name, beside, evil });
    if (!beside) await federation.#startBitcoin();
    const { roundDelayMs } = options, kind = { total, modules, roundsPerSession, definitions, name };
    const configs = await dealtOnce({ ...kind, ...(roundDelayMs !== undefined && { roundDelayMs }) });
    federation.#configs = configs;
    federation.#apiUrls = configs[0]!.consensus.apiEndpoints;
    for (const [peer, config] of configs.entries()) {
      const disk = new MemoryBackend(federation.diskOptions(federation.machine(peer)));
      const invite = await federation.#writeConfig(world.process(federation.machine(peer)).platform, config);
      if (peer === 0) federation.#invite = invite;
      federation.#nodes.set(peer, { guardian: null, store: null, ended: Promise.resolve(), failure: null, disk });
      await federation.#startGuardian(peer);
    }
    return federation;
  }

  /** Guardians and chain go on with what is left of a federation. */
  static async resume(remains: FederationRemains, seed: number): Promise<SimulatedFederation> {
    const world = new SimulatedWorld(seed, { startMs: remains.atMs });
    const federation = new SimulatedFederation(world, builtInModules, remains.bitcoin);
    await federation.#startBitcoin();
    const configs: GuardianConfig[] = [];
    for (const [peer, { disk, files }] of remains.guardians.entries()) {
      const process = world.process(federation.machine(peer));
      process.disk.makeDirectory(DATA_DIR, true);
      for (const [path, { bytes, secret }] of files) process.disk.write(path, { bytes, secret }, false);
      configs.push(await federation.finish(readConfig(process.platform.files, DATA_DIR)));
      const node = { guardian: null, store: null, ended: Promise.resolve(), failure: null };
      federation.#nodes.set(peer, { ...node, disk: disk.copy(federation.diskOptions(federation.machine(peer))) });
      await federation.#startGuardian(peer);
    }
    federation.#configs = configs;
    federation.#apiUrls = configs[0]!.consensus.apiEndpoints;
    federation.#invite = remains.invite;
    return federation;
  }

  /** SIGKILL for the chain and all guardians at once: what was not durable is lost. */
  end(): FederationRemains {
    const atMs = this.world.process("bitcoin").platform.clock.nowMs();
    this.world.process("bitcoin").kill();
    for (const peer of this.#nodes.keys()) this.kill(peer);
    return {
      atMs,
      invite: this.#invite,
      bitcoin: this.#bitcoinDisk.crash(),
      guardians: [...this.#nodes].map(([peer, { disk }]) => ({
        disk,
        files: this.world.process(this.machine(peer)).disk.files,
      })),
    };
  }

  /** The machine that a guardian runs on. */
  machine(peer: number): string {
    return `${this.#name}${peer}`;
  }

  async #writeConfig({ files }: Platform, config: GuardianConfig): Promise<string> {
    const out = handedOutBy.get(config) ?? handedOut(config, configuredModules(config, this.definitions), null);
    handedOutBy.set(config, out);
    const { client, invite } = out;
    await this.finish(files.makeDirectory(DATA_DIR, { secret: true }));
    await this.finish(writeConfig(files, DATA_DIR, config, client, invite));
    return invite;
  }

  /** How a process's disk behaves. */
  diskOptions(process: string): MemoryOptions {
    return { clock: this.world.process(process).platform.clock, writeDelayMs: () => DISK_MS };
  }

  /** Where a process of the world logs to. */
  logOf(process: string) {
    return (record: LogRecord): void => {
      this.records.push({ ...record, process, atMs: this.world.nowMs });
    };
  }

  async #startBitcoin(): Promise<void> {
    const { platform } = this.world.process("bitcoin");
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: this.#bitcoinDisk }));
    const system = createSystem({ platform, log: this.logOf("bitcoin") });
    await this.finish(system.start(devchainTree({
      store,
      blockIntervalMs: null,
      premineBlocks: 110,
      address: { hostname: "0.0.0.0", port: 18443 },
      credentials: [BITCOIN],
      stopAsked: () => {},
    })));
  }

  async #startGuardian(peer: number): Promise<void> {
    const node = this.#nodes.get(peer)!;
    const { platform } = this.world.process(this.machine(peer));
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: node.disk }));
    node.store = store;
    const options = guardianOptions({
      platform,
      store,
      log: this.logOf(this.machine(peer)),
      definitions: this.#evil.get(peer) ?? this.definitions,
    });
    node.guardian = await this.finish(Guardian.start(options));
    node.ended = node.guardian.run().then(
      (code) => this.world.note(`${this.machine(peer)} ended with ${code}`),
      (thrown) => {
        if (thrown instanceof ConsensusError) {
          node.failure = thrown;
          return;
        }
        if (node.guardian !== null && this.world.process(this.machine(peer)).alive) throw thrown;
      },
    );
  }

  /** What is on a running guardian's disk now. */
  copyOfDisk(peer: number): MemoryBackend {
    return this.#nodes.get(peer)!.disk.copy(this.diskOptions("copy"));
  }

  /**
   * A second process with a guardian's config files, and with such a database, on another machine.
   * @returns how it ends
   */
  async startCopy(peer: number, backend: MemoryBackend): Promise<{ readonly ended: Promise<number> }> {
    const { platform } = this.world.process("copy");
    await this.#writeConfig(platform, this.#configs[peer]!);
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend }));
    const options = guardianOptions({ platform, store, log: this.logOf("copy"), definitions: this.definitions });
    const guardian = await this.finish(Guardian.start(options));
    return { ended: guardian.run() };
  }

  /** What a guardian that ended by itself ended with. */
  async failureOf(peer: number): Promise<ConsensusError | null> {
    const node = this.#nodes.get(peer)!;
    await this.finish(node.ended);
    return node.failure;
  }

  /** Changes the database of a guardian that doesn't run. */
  async changeDatabase(peer: number, change: (tx: StoreTx) => Promise<void> | void): Promise<void> {
    const { disk } = this.#nodes.get(peer)!;
    const { platform } = this.world.process("admin");
    const backend = disk.crash(this.diskOptions("admin"));
    this.#nodes.get(peer)!.disk = backend;
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend }));
    await this.finish(store.transact(change).then(({ durable }) => durable));
    await this.finish(store.close());
  }

  /** SIGKILL: what was not durable is lost. */
  kill(peer: number): void {
    const node = this.#nodes.get(peer)!;
    node.guardian = null;
    node.store = null;
    this.world.process(this.machine(peer)).kill();
    node.disk = node.disk.crash();
  }

  async restart(peer: number): Promise<void> {
    const node = this.#nodes.get(peer)!;
    this.world.process(this.machine(peer)).restart();
    node.disk = node.disk.crash(this.diskOptions(this.machine(peer)));
    await this.#startGuardian(peer);
  }

  /** The disk with a killed guardian's database is gone, the one with its config files is not. */
  async restartEmpty(peer: number): Promise<void> {
    this.#nodes.get(peer)!.disk = new MemoryBackend(this.diskOptions("admin"));
    await this.restart(peer);
  }

  get invite(): string {
    return this.#invite;
  }

  /** Lets the world go on until the promise is settled. Within `play` it only waits. */
  finish<T>(promise: Promise<T>, forMs?: number): Promise<T> {
    return this.#goingOn ? promise : this.play(() => promise, forMs);
  }

  /**
   * Lets the world go on while the body's promises wait in it, until the body is done: several things at once, killing
   * among them.
   */
  async play<T>(body: () => Promise<T>, forMs = 600_000): Promise<T> {
    this.#goesOn = true;
    try {
      return await this.world.finish(body(), { forMs });
    } finally {
      this.#goesOn = false;
    }
  }

  /** Whether somebody lets the world go on: here, or in the federation beside. */
  get #goingOn(): boolean {
    return this.#goesOn || this.#beside !== null && this.#beside.#goingOn;
  }

  /** A call to the chain's JSON-RPC, as from outside. */
  bitcoin(method: string, ...params: Json[]): Promise<Json> {
    return this.finish(callBitcoin(this.world.process("miner").platform, BITCOIN, method, params));
  }

  /** A call to a guardian's API with its password, as from outside. */
  call(peer: number, method: string, params: Json = null): Promise<Json> {
    const { url } = this.#apiUrls.get(peer)!;
    return this.finish(callGuardian(this.world.process("admin").platform, url, method, params, API_PASSWORD));
  }

  async mine(blocks: number): Promise<void> {
    const address = await this.bitcoin("getnewaddress");
    await this.bitcoin("generatetoaddress", blocks, address);
  }

  /** Pays to an address, and buries the payment so deep that guardians agree on it. */
  async payIn(address: string, btc: number): Promise<void> {
    await this.bitcoin("sendtoaddress", address, btc);
    await this.mine(BLOCKS_TO_AGREE);
  }

  /** What a running guardian has of the running session: units of the broadcast, accepted items. */
  underWay(peer: number): Promise<{ readonly units: number; readonly items: number }> {
    return this.#nodes.get(peer)!.store!.read(async (tx) => {
      const session = await finishedSessions(tx);
      let units = 0;
      for await (const { value } of tx.range({ prefix: unitsPrefix(session) })) units += [...recordsIn(value)].length;
      return { units, items: await countAcceptedItems(tx, session) };
    });
  }

  /** Outcomes of the finished sessions in a running guardian's store, in hex, the first one first. */
  sessionsOf(peer: number): Promise<string[]> {
    return this.#nodes.get(peer)!.store!.read(async (tx) => {
      const outcomes: string[] = [];
      for (let session = 0, count = await finishedSessions(tx); session < count; session++) {
        outcomes.push(encodeHex(sessionOutcome, (await sessionIn(tx, session))!.sessionOutcome));
      }
      return outcomes;
    });
  }
}
