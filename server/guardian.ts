/**
 * A guardian from start to end: setup if it isn't configured, then consensus and the API. fedimint-server `lib.rs`,
 * `consensus/mod.rs`.
 *
 * The same on a real machine (`main.ts`) and in a simulated world: everything outside is handed in.
 */
import { join } from "@std/path";
import { createSystem } from "../actors/mod.ts";
import type { LogSink } from "../actors/logger.ts";
import { loggerFor } from "../actors/logger.ts";
import type { Address, Platform, TlsIdentity } from "../actors/platform/platform.ts";
import { sleep } from "../actors/platform/platform.ts";
import { FilesError } from "../actors/platform/error.ts";
import { StoreError, storeFailureIn } from "../actors/store/error.ts";
import type { Store } from "../actors/store/store.ts";
import { child } from "../actors/supervisor.ts";
import type { ActorSystem, Inspection } from "../actors/system.ts";
import { readySecp } from "../core/crypto/secp/fastest.ts";
import { errorText } from "../core/result.ts";
import { federationIdOf } from "../core/types/federation_id.ts";
import type { PeerId } from "../core/types/ids.ts";
import { numPeers } from "../core/types/num_peers.ts";
import type { BitcoinSource } from "../modules/contract/bitcoin.ts";
import type { AnyServerModuleDefinition } from "../modules/contract/server.ts";
import type { DiskError } from "./disk_watch.ts";
import { newDiskRoom, requireRoom } from "./disk_watch.ts";
import { SETUP_CONNECTIONS_MAX } from "./api/limits.ts";
import type { Methods } from "./api/dispatch.ts";
import { inspectMethod } from "./api/methods/inspect.ts";
import { apiUrls } from "./gossip/statements.ts";
import { apiTree, consensusMethods } from "./api/tree.ts";
import type { BitcoinSettings } from "./bitcoin/mod.ts";
import { bitcoinSourceOf, CHAIN_MEMORY_PREFIX } from "./bitcoin/mod.ts";
import { nodeSynced } from "./bitcoin/synced.ts";
import { newBoard } from "./consensus/session/board.ts";
import { CopyError } from "./consensus/session/copy_error.ts";
import { ConsensusError, getDisagreement } from "./consensus/engine/disagreement.ts";
import { makeKeychain } from "./consensus/session/keychain.ts";
import type { ConsensusSettings } from "./consensus/settings.ts";
import { routerMemory } from "./peers/router.ts";
import { peersTree } from "./peers/tree.ts";
import type { PeerAddress } from "./peers/tree.ts";
import { ceremony } from "./setup/ceremony.ts";
import { closeConfig, INVITE, isConfigured, readConfig, tellOpenFile, writeConfig } from "./config/config_files.ts";
import { closedDataFolder } from "./config/data_folder.ts";
import { claimDatabase, requireNewDatabase } from "./config/database_owner.ts";
import { checkDatabase } from "./database.ts";
import { SetupError } from "./config/error.ts";
import { ConfiguredOnce } from "./config/configured_once.ts";
import type { GuardianConfig } from "./config/guardian_config.ts";
import { clientConfigFor, handedOut } from "./config/guardian_config.ts";
import { addressesOfCodes, addressesOfConfig, tlsOfConfig } from "./config/peer_addresses.ts";
import { setup } from "./setup/setup_actor.ts";
import { reach } from "./setup/reach.ts";
import { readSetup, removeSetup } from "./setup/setup_file.ts";
import { setupMethods } from "./setup/setup_methods.ts";
import type { SetupSettings } from "./setup/setup.ts";
import { consensusTree, federationTree, gossipTree, guardianRefs, modulesOf, paths, ROOT, rootTree } from "./tree.ts";

/** Everything that a guardian is given: what is outside, where it keeps what, and its settings. */
export type GuardianOptions = {
  readonly platform: Platform;
  /** Closed with the guardian. */
  readonly store: Store;
  readonly log: LogSink;
  readonly definitions: ReadonlyMap<string, AnyServerModuleDefinition>;
  readonly dataDir: string;
  readonly bindP2p: Address;
  readonly bindApi: Address;
  readonly bitcoin: BitcoinSettings;
  readonly setup: SetupSettings;
  /** Secret. */
  readonly apiPassword: string | null;
  /** Secret. */
  readonly apiSecrets: readonly string[];
  /** Of one public address. */
  readonly apiConnectionsPerAddress: number;
  readonly sessionTimeoutMs: number;
  readonly testEnvironment: boolean;
};

/** Between the answer to `start_dkg` and the closing of the setup API. */
const SETUP_FAREWELL_MS = 100;
/** Between attempts to write a new config to a disk that takes none. */
const WRITE_AGAIN_MS = 1_000;

/** A guardian that runs, from setup to its end. */
export class Guardian {
  readonly #options: GuardianOptions;
  readonly #system: ActorSystem;
  readonly #bitcoin: BitcoinSource;
  readonly #stopping = new AbortController();
  #stopped: Promise<void> | null = null;
  /** Why it stops by itself. */
  #reason: ConsensusError | CopyError | DiskError | null = null;
  /** The config that the folder had at the start. */
  #found: GuardianConfig | null = null;
  readonly #configured: ConfiguredOnce;
  readonly #room = newDiskRoom();
  readonly #routerMemory = routerMemory();

  private constructor(options: GuardianOptions) {
    this.#options = options;
    this.#configured = new ConfiguredOnce(options.definitions);
    this.#system = createSystem({ platform: options.platform, log: options.log });
    this.#bitcoin = bitcoinSourceOf(this.#system, paths.bitcoin, options.platform.clock);
  }

  /**
   * Resolves once it watches its Bitcoin node and its disk; `run` does the rest.
   * @throws {DiskError} when there is too little room on the disk
   * @throws {StoreError} `newer_schema` and others when the database can't be brought to this program's version: it is
   *   as it was
   * @throws {SetupError} when the config is at fault
   */
  static async start(options: GuardianOptions): Promise<Guardian> {
    await readySecp();
    const guardian = new Guardian(options);
    await closedDataFolder(options.platform.files, options.dataDir, loggerFor(ROOT, options.log));
    await requireRoom(options.platform.files, options.dataDir);
    await guardian.#checkDatabase();
    await guardian.#system.start(rootTree(
      { ...options.bitcoin, store: options.store.view(CHAIN_MEMORY_PREFIX) },
      { path: options.dataDir, room: guardian.#room, isFull: (error) => guardian.#stopBecause(error) },
    ));
    return guardian;
  }

  /** Refuses a database that a newer program wrote, and migrates an older one, before anything reads it. */
  async #checkDatabase(): Promise<void> {
    const { platform: { files }, dataDir, store, definitions } = this.#options;
    const config = await isConfigured(files, dataDir) ? await readConfig(files, dataDir) : null;
    await checkDatabase(store, definitions, config ? this.#configured.modulesOf(config) : new Map());
    this.#found = config;
  }

  /**
   * Runs until the guardian was stopped or has failed.
   * @returns the exit code
   * @throws {SetupError} when setup or the config is at fault
   * @throws {CopyError} when another process runs with our keys
   * @throws {ConsensusError} when the federation signed what this guardian doesn't have, in this life or one before
   * @throws {DiskError} when there is too little room on the disk
   * @throws {ActorError} `gave_up` when something crashed again and again
   */
  async run(): Promise<number> {
    try {
      return await this.#run();
    } catch (thrown) {
      // whoever asked an actor of a tree that has given up learns only that it is gone
      const reason = this.#system.failure ?? thrown;
      throw storeFailureIn(reason) ?? reason;
    } finally {
      await this.#end();
    }
  }

  async #run(): Promise<number> {
    const { platform, dataDir, log } = this.#options;
    const found = this.#found;
    for (const open of await closeConfig(platform.files, dataDir)) tellOpenFile(loggerFor(ROOT, log), open);
    if (found) await this.#forgetSetup();
    else await requireNewDatabase(this.#options.store);
    const config = found ?? await this.#setUp();
    if (config) await this.#orStopped(this.#serve(config));
    const code = await Promise.race([this.#system.ended, this.#options.store.failed]);
    if (this.#reason) throw this.#reason;
    if (this.#system.failure) throw this.#system.failure;
    return code;
  }

  /** Null when the guardian was stopped before it had a config. */
  async #setUp(): Promise<GuardianConfig | null> {
    const config = await this.#orStopped(this.#makeConfig());
    if (!config) return null;
    // also when a stop has come meanwhile: the others have theirs, and without ours they would be one guardian short
    // for ever
    await this.#write(config);
    await this.#forgetSetup();
    await this.#system.stopChild(`${ROOT}/ceremony`);
    return config;
  }

  /** What setup had kept is in the config, or of no use any more. */
  async #forgetSetup(): Promise<void> {
    const reason = await removeSetup(this.#options.platform.files, this.#options.dataDir);
    if (reason !== null) loggerFor(ROOT, this.#options.log).warn("The kept setup can't be removed", { reason });
  }

  /** Setup, then the ceremony. */
  async #makeConfig(): Promise<GuardianConfig> {
    const { platform, dataDir, bindApi, apiPassword, apiSecrets, setup: settings, definitions, testEnvironment } =
      this.#options;
    const system = this.#system;
    // says what is wrong with it before the actor would
    await readSetup(platform.files, dataDir, settings);
    await system.startChild(ROOT, child(setup, { args: { settings, dataDir, bitcoin: this.#bitcoin } }));
    const methods = setupMethods(system, paths.setup, apiPassword);
    await system.startChild(
      ROOT,
      apiTree(ROOT, {
        bind: bindApi,
        methods,
        connectionsMax: SETUP_CONNECTIONS_MAX,
        connectionsPerAddress: SETUP_CONNECTIONS_MAX,
        apiSecrets,
      }),
    );
    const log = loggerFor(ROOT, this.#options.log);
    log.info("There is no config yet: this guardian waits for its setup", { folder: dataDir });
    if (apiPassword === null) {
      log.warn("Nobody can set this guardian up without an API password: stop it, and start it with FM_PASSWORD_API");
    }
    const params = await system.ask(paths.setup, "params", null, { deadlineMs: Infinity });
    await sleep(platform.clock, SETUP_FAREWELL_MS);
    await system.stopChild(`${ROOT}/api`);
    await system.stopChild(`${ROOT}/setup`);

    // listens before it links, so that what peers send first finds it
    const router = params.peers.size > 1 ? paths.router : null;
    if (router) await this.#startPeers(params.identity, params.tls, addressesOfCodes(params.peers));
    await system.startChild(
      ROOT,
      child(ceremony, { args: { params, definitions, router, testEnvironment }, restart: "temporary" }),
    );
    if (router) await system.startChild(ROOT, child(reach, { args: { params, router }, restart: "temporary" }));
    const result = await system.ask(paths.ceremony, "result", null, { deadlineMs: Infinity });
    if (router) await system.stopChild(`${ROOT}/reach`);
    if (!result.ok) throw new SetupError({ code: "refused", reason: "ceremony" }, result.error);
    return result.value;
  }

  /** Null when the guardian is stopped first: a stop may come at any moment, and what is begun then fails. */
  async #orStopped<T>(promise: Promise<T>): Promise<T | null> {
    const { signal } = this.#stopping;
    const stopped = new Promise<null>((resolve) =>
      signal.addEventListener("abort", () => resolve(null), { once: true })
    );
    return await Promise.race([
      promise.catch((thrown) => {
        if (signal.aborted) return null;
        throw thrown;
      }),
      stopped,
    ]);
  }

  async #write(config: GuardianConfig): Promise<void> {
    const { platform, dataDir, apiSecrets } = this.#options;
    const { client, invite } = handedOut(config, this.#configured.modulesOf(config), apiSecrets[0] ?? null);
    const log = loggerFor(ROOT, this.#options.log);
    for (let complained = false;; complained = true) {
      try {
        return await writeConfig(platform.files, dataDir, config, client, invite);
      } catch (thrown) {
        // this config exists nowhere else, and the others go on with theirs
        if (!(thrown instanceof FilesError) || this.#stopping.signal.aborted) throw thrown;
        const what = "The new config can't be written and would be lost with this process: leave it running, make room";
        if (!complained) log.error(what, { folder: dataDir, reason: errorText(thrown) });
        await this.#orStopped(sleep(platform.clock, WRITE_AGAIN_MS, this.#stopping.signal));
      }
    }
  }

  async #startPeers(self: PeerId, identity: TlsIdentity, all: ReadonlyMap<PeerId, PeerAddress>): Promise<void> {
    const others = new Map([...all].filter(([peer]) => peer !== self));
    await this.#system.startChild(
      ROOT,
      peersTree({
        parent: ROOT,
        self,
        identity,
        bind: this.#options.bindP2p,
        others,
        memory: this.#routerMemory,
      }),
    );
  }

  async #serve(config: GuardianConfig): Promise<void> {
    const { platform, store, log, definitions, bindApi, apiPassword, apiSecrets, testEnvironment } = this.#options;
    const system = this.#system;
    const disagreement = await store.read((tx) => getDisagreement(tx));
    if (disagreement) {
      this.#reason = new ConsensusError(disagreement);
      return await this.stop();
    }
    const configured = this.#configured.modulesOf(config);
    // a federation that was set up just now has modules whose parts have no versions yet
    await checkDatabase(store, definitions, configured);
    await claimDatabase(store, config);
    const { consensus, local, private: secret } = config;
    const peers = numPeers(consensus.apiEndpoints.size);
    const router = peers.total > 1 ? paths.router : null;
    if (router && !this.#hasPeers()) {
      await this.#startPeers(local.identity, tlsOfConfig(config), addressesOfConfig(config));
    }
    // as the others last said; one that moves while we run is found at our next start
    const urls = await store.read((tx) => apiUrls(tx, consensus));
    urls.delete(local.identity);
    await system.startChild(ROOT, federationTree(urls, apiSecrets[0] ?? null));
    const clientConfig = clientConfigFor(config, configured);
    const federationId = federationIdOf(clientConfig.global.apiEndpoints);
    const gossip = {
      store,
      config,
      guardians: guardianRefs(urls.keys()),
      federationId,
      apiSecret: apiSecrets[0] ?? null,
      invitePath: join(this.#options.dataDir, INVITE),
      testEnvironment,
    };
    await system.startChild(ROOT, gossipTree(gossip));

    const settings: ConsensusSettings = {
      identity: local.identity,
      peers,
      broadcastKeys: consensus.broadcastPublicKeys,
      version: consensus.version,
      roundsPerSession: consensus.broadcastRoundsPerSession,
      roundDelayMs: local.broadcastRoundDelayMs,
      sessionTimeoutMs: this.#options.sessionTimeoutMs,
      testEnvironment,
    };
    const keychain = makeKeychain({
      identity: local.identity,
      broadcastKeys: consensus.broadcastPublicKeys,
      secretKey: secret.broadcastSecretKey,
      dice: platform.dice,
    });
    const modules = modulesOf(configured);
    const board = newBoard();
    const tree = consensusTree({
      store,
      settings,
      keychain,
      configured,
      modules,
      board,
      bitcoin: this.#bitcoin,
      ready: (signal) => nodeSynced(this.#bitcoin, { clock: platform.clock, log: loggerFor(ROOT, log), signal }),
      shutdown: () => void this.stop(),
      disagreed: (found) => this.#stopBecause(new ConsensusError(found)),
      copyFound: () => this.#stopBecause(new CopyError()),
    });
    await system.startChild(ROOT, tree);

    const answered = consensusMethods({
      sender: system,
      platform,
      store: store.forStrangers(), // consensus' own writes go before what callers cause
      config,
      modules,
      configured,
      clientConfig,
      federationId,
      board,
      room: this.#room,
      connected: this.#routerMemory.connected,
      submissions: paths.submissions,
      sessions: paths.sessions,
      bitcoin: this.#bitcoin,
      apiSecrets,
      apiPassword,
    });
    const inspect = inspectMethod(() => this.inspect(), apiPassword);
    const methods: Methods = (name) => name === "inspect" ? inspect : answered(name);
    await system.startChild(
      ROOT,
      apiTree(ROOT, {
        bind: bindApi,
        methods,
        connectionsMax: local.maxConnections,
        connectionsPerAddress: this.#options.apiConnectionsPerAddress,
        apiSecrets,
      }),
    );
  }

  #stopBecause(reason: ConsensusError | CopyError | DiskError): void {
    this.#reason ??= reason;
    void this.stop();
  }

  #hasPeers(): boolean {
    return this.#system.inspect().children.some(({ path }) => path === `${ROOT}/peers`);
  }

  /** The live tree of its actors. */
  inspect(): Inspection {
    return this.#system.inspect();
  }

  /** Stops everything in order and closes the database. @throws {StoreError} when that has failed */
  stop(): Promise<void> {
    return this.#stopped ??= this.#stop();
  }

  async #stop(): Promise<void> {
    this.#stopping.abort();
    await this.#system.stop();
    await this.#options.store.close();
  }

  /** As `stop`, where the end has its reason already: that of a store that failed is thrown by who waits for it. */
  async #end(): Promise<void> {
    try {
      await this.stop();
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
    }
  }
}
