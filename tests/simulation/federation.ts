/**
 * A whole federation in a simulated world: an embedded Bitcoin chain, guardians that are whole processes, clients. Everything but the
 * world is the real program.
 */
import type { LogRecord } from "../../actors/logger.ts";
import { createSystem } from "../../actors/mod.ts";
import type { Platform } from "../../actors/platform/platform.ts";
import { SimulatedWorld } from "../../actors/platform/simulated/mod.ts";
import type { WorldOptions } from "../../actors/platform/simulated/mod.ts";
import type { Store } from "../../actors/store/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { base64 } from "@scure/base";
import { utf8 } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { parseInviteCode } from "../../core/types/invite_code.ts";
import { Client } from "../../client/client.ts";
import { builtInModules as clientModules } from "../../client/modules.ts";
import { devchainTree } from "../../server/bitcoin/devchain/mod.ts";
import { Guardian } from "../../server/guardian.ts";
import { builtInModules } from "../../server/modules.ts";
import { writeConfig } from "../../server/setup/config_files.ts";
import type { GuardianConfig } from "../../server/setup/guardian_config.ts";
import { clientConfigFor, configuredModules } from "../../server/setup/guardian_config.ts";
import { federationIdOf } from "../../core/types/federation_id.ts";
import { formatInviteCode, newInviteCode } from "../../core/types/invite_code.ts";
import { finishedSessions, getSessionOutcome } from "../../server/consensus/db.ts";
import type { SignedSessionOutcome } from "../../core/types/session.ts";
import { dealtConfigs } from "./dealt.ts";

const BITCOIN = { url: "http://bitcoin:18443", username: "user", password: "password" };
const DATA_DIR = "/data";
/** How long the disk takes to make a commit durable. */
const DISK_MS = 3;

export type FederationOptions = {
  readonly seed: number;
  readonly total?: number;
  readonly modules?: readonly string[];
  readonly roundsPerSession?: number;
  readonly world?: WorldOptions;
};

const dealt = new Map<string, Promise<GuardianConfig[]>>();

/** Dealing keys takes seconds: tests of one process that want the same kind of federation share them. */
function dealtOnce(total: number, modules: readonly string[], roundsPerSession: number): Promise<GuardianConfig[]> {
  const key = `${total} ${modules} ${roundsPerSession}`;
  const dealer = new SimulatedWorld(0);
  const platformOf = (peer: number): Platform => dealer.process(`g${peer}`).platform;
  const configs = dealt.get(key) ?? dealtConfigs({ total, modules, roundsPerSession, platformOf });
  dealt.set(key, configs);
  return configs;
}

type Node = { guardian: Guardian | null; store: Store | null; ended: Promise<void>; disk: MemoryBackend };

export class SimulatedFederation {
  readonly world: SimulatedWorld;
  readonly records: (LogRecord & { readonly process: string; readonly atMs: number })[] = [];
  readonly #nodes = new Map<number, Node>();
  #invite = "";
  #clients = 0;

  private constructor(world: SimulatedWorld) {
    this.world = world;
  }

  /** Guardians are configured and running; the chain has its first coins. */
  static async start(options: FederationOptions): Promise<SimulatedFederation> {
    const { seed, total = 4, modules = ["meta", "mintv2", "walletv2"], roundsPerSession = 30, world: worldOptions } =
      options;
    const world = new SimulatedWorld(seed, worldOptions);
    const federation = new SimulatedFederation(world);
    await federation.#startBitcoin();
    const configs = await dealtOnce(total, modules, roundsPerSession);
    for (const [peer, config] of configs.entries()) {
      const disk = federation.#newDisk(`g${peer}`);
      const { platform } = world.process(`g${peer}`);
      const client = clientConfigFor(config, configuredModules(config, builtInModules));
      const federationId = federationIdOf(client.global.apiEndpoints);
      const { url } = config.consensus.apiEndpoints.get(peer)!;
      const invite = formatInviteCode(newInviteCode({ url, peer, federationId, apiSecret: null }));
      await federation.finish(platform.files.makeDirectory(DATA_DIR));
      await federation.finish(writeConfig(platform.files, DATA_DIR, config, client, invite));
      if (peer === 0) federation.#invite = invite;
      federation.#nodes.set(peer, { guardian: null, store: null, ended: Promise.resolve(), disk });
      await federation.#startGuardian(peer);
    }
    return federation;
  }

  #newDisk(process: string): MemoryBackend {
    return new MemoryBackend({ clock: this.world.process(process).platform.clock, writeDelayMs: () => DISK_MS });
  }

  #log(process: string) {
    return (record: LogRecord): void => {
      this.records.push({ ...record, process, atMs: this.world.nowMs });
    };
  }

  async #startBitcoin(): Promise<void> {
    const { platform } = this.world.process("bitcoin");
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: this.#newDisk("bitcoin") }));
    const system = createSystem({ platform, log: this.#log("bitcoin") });
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
    const { platform } = this.world.process(`g${peer}`);
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: node.disk }));
    node.store = store;
    node.guardian = await this.finish(Guardian.start({
      platform,
      store,
      log: this.#log(`g${peer}`),
      definitions: builtInModules,
      dataDir: DATA_DIR,
      bindP2p: { hostname: "0.0.0.0", port: 8173 },
      bindApi: { hostname: "0.0.0.0", port: 8174 },
      bitcoin: { backend: { kind: "bitcoind", bitcoind: BITCOIN }, pollMs: 100 },
      setup: {
        apiUrl: null,
        p2pUrl: null,
        network: "regtest",
        defaultModules: [],
        availableModules: [],
        disableBaseFees: false,
      },
      apiPassword: "pass",
      apiSecrets: [],
      sessionTimeoutMs: 600_000,
      testEnvironment: true,
    }));
    node.ended = node.guardian.run().then((code) => this.world.note(`g${peer} ended with ${code}`), (thrown) => {
      if (node.guardian !== null && this.world.process(`g${peer}`).alive) throw thrown;
    });
  }

  /** SIGKILL: what was not durable is lost. */
  kill(peer: number): void {
    const node = this.#nodes.get(peer)!;
    node.guardian = null;
    node.store = null;
    this.world.process(`g${peer}`).kill();
    node.disk = node.disk.crash();
  }

  async restart(peer: number): Promise<void> {
    const node = this.#nodes.get(peer)!;
    const platform = this.world.process(`g${peer}`).restart();
    node.disk = node.disk.crash({ clock: platform.clock, writeDelayMs: () => DISK_MS });
    await this.#startGuardian(peer);
  }

  get invite(): string {
    return this.#invite;
  }

  guardian(peer: number): Guardian {
    return this.#nodes.get(peer)!.guardian!;
  }

  /** Lets the world go on until the promise is settled. */
  async finish<T>(promise: Promise<T>, forMs = 600_000): Promise<T> {
    let settled = false;
    const watched = promise.finally(() => settled = true);
    watched.catch(() => undefined);
    await this.world.run({ until: () => settled, forMs });
    return await watched;
  }

  /** A call to the chain's JSON-RPC, as from outside. */
  async bitcoin(method: string, ...params: Json[]): Promise<Json> {
    const { platform } = this.world.process("miner");
    const headers = {
      authorization: `Basic ${base64.encode(utf8(`${BITCOIN.username}:${BITCOIN.password}`))}`,
      "content-type": "application/json",
    };
    const body = stringifyJson({ jsonrpc: "1.0", id: 0, method, params });
    const fetched = platform.network.fetch(BITCOIN.url, {
      method: "POST",
      headers,
      body,
      timeoutMs: 60_000,
      bodyBytesMax: 64_000_000,
    });
    const { body: answer } = await this.finish(fetched);
    const json = parseJson(new TextDecoder().decode(answer)) as JsonObject;
    if (json.error !== null) throw new Error(`${method}: ${stringifyJson(json.error!)}`);
    return json.result!;
  }

  async mine(blocks: number): Promise<void> {
    const address = await this.bitcoin("getnewaddress");
    await this.bitcoin("generatetoaddress", blocks, address);
  }

  /** A client that has joined. */
  async client(name = `client${this.#clients++}`): Promise<Client> {
    const { platform } = this.world.process(name);
    const store = await this.finish(openMemoryStore({ clock: platform.clock, backend: this.#newDisk(name) }));
    const client = await this.finish(
      Client.open({ platform, store, modules: clientModules, log: this.#log(name), testEnvironment: true }),
    );
    await this.finish(client.join(parseInviteCode(this.#invite)));
    return client;
  }

  /** The finished sessions in a running guardian's store, the first one first. */
  sessionsOf(peer: number): Promise<SignedSessionOutcome[]> {
    return this.#nodes.get(peer)!.store!.read(async (tx) => {
      const outcomes: SignedSessionOutcome[] = [];
      for (let session = 0, count = await finishedSessions(tx); session < count; session++) {
        outcomes.push((await getSessionOutcome(tx, session))!);
      }
      return outcomes;
    });
  }
}
