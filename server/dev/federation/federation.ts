/**
 * A federation on one machine, for development, the demo and tests of real processes: a Bitcoin chain, N guardian
 * processes, the ceremony. The guardians are the real program; only who starts them and presses the buttons is special.
 */
import { join } from "@std/path";
import type { Platform } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { mineOn, payFrom, writeNodeFile } from "../chain/faucet.ts";
import { freePorts, GUARDIAN_ALLOCATOR, OwnedProcess, ownProgram } from "./processes.ts";
import type { BitcoinNode } from "./rpc.ts";
import { callBitcoin, callGuardian, pollGuardian } from "./rpc.ts";

export type DevFederationOptions = {
  readonly platform: Platform;
  readonly dir: string;
  readonly peers: number;
  /** Folder with a `bitcoind`; without one the embedded chain is used. */
  readonly bitcoindDir?: string;
  /** Another federation, whose chain this one is on. Default: it has a chain of its own. */
  readonly beside?: DevFederation;
  /** Told of every step. */
  readonly progress: (text: string) => void;
  /** Ends everything, also while it starts. */
  readonly signal?: AbortSignal;
  /** What a guardian runs instead of this program: another implementation, with the same variables and its own. */
  readonly program?: (peer: number) => GuardianProgram | undefined;
  /** Who presses the buttons of the ceremony; by default its calls go to the guardians straight. */
  readonly setup?: (call: SetupCall) => Promise<Json>;
  /** Further modules that our guardians load, as for `--module`. */
  readonly modules?: readonly string[];
  /** Variables for the guardians, e.g. `RUST_LOG`. */
  readonly env?: Record<string, string>;
};

export type GuardianProgram = { readonly command: readonly string[]; readonly env: Record<string, string> };

/** A call of the ceremony to one guardian's API. `password` is secret. */
export type SetupCall = {
  readonly apiUrl: string;
  readonly password: string;
  readonly method: "set_local_params" | "add_peer_setup_code" | "start_dkg";
  readonly params: Json;
};

export type DevGuardian = {
  readonly peer: number;
  readonly apiUrl: string;
  readonly p2pUrl: string;
  readonly dir: string;
  process: OwnedProcess;
};

/** Both hold on a busy machine, too. */
const START_MS = 200_000;
const CEREMONY_MS = 600_000;
const COINBASE_MATURE = 101;
/** A node's words for a transaction that it hasn't. */
const UNKNOWN_TRANSACTION = "No such mempool or blockchain transaction";
/** Its name in a `bitcoind`. */
const WALLET = "dev";

export class DevFederation {
  readonly platform: Platform;
  readonly dir: string;
  readonly node: BitcoinNode;
  readonly guardians: DevGuardian[] = [];
  /** Of the guardians' API. Secret, but for this federation alone. */
  readonly apiPassword: string;
  readonly #options: DevFederationOptions;
  /** Null: it is another federation's. */
  readonly #bitcoin: OwnedProcess | null;
  /** The node as the owner of the chain's own money: other programs may have wallets of theirs in it. */
  readonly #purse: BitcoinNode;
  #invite = "";

  private constructor(options: DevFederationOptions, node: BitcoinNode, bitcoin: OwnedProcess | null) {
    this.platform = options.platform;
    this.dir = options.dir;
    this.node = node;
    this.#options = options;
    this.#bitcoin = bitcoin;
    const own = options.bitcoindDir === undefined ? node : { ...node, url: `${node.url}/wallet/${WALLET}` };
    this.#purse = options.beside ? options.beside.#purse : own;
    this.apiPassword = toHex(options.platform.dice.bytes(16));
  }

  /** Starts everything and does the ceremony. What was started is stopped again when it fails. */
  static async start(options: DevFederationOptions): Promise<DevFederation> {
    const { platform, dir, peers, progress } = options;
    if (peers !== 1 && peers < 4) throw new Error("A federation has 1 guardian, or 4 or more");
    await platform.files.makeDirectory(dir, { secret: true });
    const { node, process } = options.beside
      ? { node: options.beside.node, process: null }
      : await startBitcoin(options);
    const federation = new DevFederation(options, node, process);
    try {
      const ports = freePorts(2 * peers);
      progress(`Starting ${peers} guardians`);
      for (let peer = 0; peer < peers; peer++) {
        const [p2p, api] = ports.slice(2 * peer);
        const apiUrl = `ws://127.0.0.1:${api}/`,
          p2pUrl = `fedimint://127.0.0.1:${p2p}`,
          guardianDir = join(dir, `g${peer}`);
        await platform.files.makeDirectory(guardianDir, { secret: true });
        const spec = { peer, apiUrl, p2pUrl, dir: guardianDir };
        federation.guardians.push({ ...spec, process: await federation.#launch(spec) });
      }
      await federation.#ceremony();
      return federation;
    } catch (thrown) {
      await federation.stop();
      throw thrown;
    }
  }

  async #launch({ peer, apiUrl, p2pUrl, dir }: Omit<DevGuardian, "process">): Promise<OwnedProcess> {
    const { program, signal, modules = [] } = this.#options;
    const own = [...ownProgram("server/main.ts"), ...modules.flatMap((module) => ["--module", module])];
    const { command, env } = program?.(peer) ?? { command: own, env: GUARDIAN_ALLOCATOR };
    const bind = (url: string): string => `127.0.0.1:${/:([0-9]+)\/?$/.exec(url)![1]}`;
    return await OwnedProcess.start(this.platform.clock, {
      name: `guardian ${peer}`,
      command,
      logFile: join(dir, "guardian.log"),
      ...(signal && { signal }),
      env: {
        FM_DATA_DIR: dir,
        FM_BITCOIN_NETWORK: "regtest",
        FM_BITCOIND_URL: this.node.url,
        FM_BITCOIND_USERNAME: this.node.username,
        FM_BITCOIND_PASSWORD: this.node.password,
        FM_BIND_P2P: bind(p2pUrl),
        FM_BIND_API: bind(apiUrl),
        FM_P2P_URL: p2pUrl,
        FM_API_URL: apiUrl,
        FM_PASSWORD_API: this.apiPassword,
        FM_IN_DEVIMINT: "1",
        ...this.#options.env,
        ...env,
      },
    });
  }

  #poll(guardian: DevGuardian, method: string, wanted: (answer: Json) => boolean, withinMs: number): Promise<Json> {
    return pollGuardian(
      this.platform,
      { url: guardian.apiUrl, method },
      wanted,
      withinMs,
      () => guardian.process.isRunning,
    )
      .catch(async (thrown) => {
        throw new Error(`${thrown.message}\nThe end of its log:\n${await guardian.process.tail()}`, { cause: thrown });
      });
  }

  /** Calls a guardian's API, with its password. */
  call(peer: number, method: string, params: Json = null): Promise<Json> {
    return callGuardian(this.platform, this.guardians[peer]!.apiUrl, method, params, this.apiPassword);
  }

  async #ceremony(): Promise<void> {
    const { progress } = this.#options;
    const setup = ({ apiUrl }: DevGuardian, method: SetupCall["method"], params: Json): Promise<Json> => {
      const call = { apiUrl, password: this.apiPassword, method, params };
      return this.#options.setup?.(call) ?? callGuardian(this.platform, apiUrl, method, params, call.password);
    };
    for (const guardian of this.guardians) await this.#poll(guardian, "setup_status", () => true, START_MS);
    progress("Exchanging setup codes");
    const codes: Json[] = [];
    for (const guardian of this.guardians) {
      const leader = guardian.peer === 0;
      codes.push(
        await setup(guardian, "set_local_params", {
          name: `Guardian ${guardian.peer}`,
          federation_name: leader ? "Development" : null,
          federation_size: leader ? this.guardians.length : null,
        }),
      );
    }
    for (const guardian of this.guardians) {
      for (const code of codes) {
        if (code !== codes[guardian.peer]) await setup(guardian, "add_peer_setup_code", code);
      }
    }
    progress("Generating keys together");
    for (const guardian of this.guardians) await setup(guardian, "start_dkg", null);
    for (const guardian of this.guardians) {
      await this.#poll(guardian, "setup_status", (status) => status === "ConsensusIsRunning", CEREMONY_MS);
    }
    this.#invite = String(await callGuardian(this.platform, this.guardians[0]!.apiUrl, "invite_code", null));
    progress("Waiting for the first agreement");
    await this.awaitBlocks();
  }

  get invite(): string {
    return this.#invite;
  }

  /** SIGKILL. */
  async kill(peer: number): Promise<void> {
    await this.guardians[peer]!.process.kill();
  }

  /** SIGTERM: in order. */
  async halt(peer: number): Promise<void> {
    await this.guardians[peer]!.process.stop();
  }

  /** Starts a killed guardian again with what is on its disk; resolves when its API answers. */
  async restart(peer: number): Promise<void> {
    const guardian = this.guardians[peer]!;
    guardian.process = await this.#launch(guardian);
    await this.#poll(guardian, "setup_status", (status) => status === "ConsensusIsRunning", START_MS);
  }

  bitcoin(method: string, ...params: Json[]): Promise<Json> {
    return callBitcoin(this.platform, this.#purse, method, params);
  }

  /** Whether the Bitcoin node has a transaction that is in no block yet. */
  async isWaiting(txid: string): Promise<boolean> {
    return (await this.bitcoin("getrawmempool") as readonly string[]).includes(txid);
  }

  /** Whether the Bitcoin node has a transaction, in a block or waiting for one. */
  async hasTransaction(txid: string): Promise<boolean> {
    try {
      await this.bitcoin("getrawtransaction", txid);
      return true;
    } catch (thrown) {
      if (thrown instanceof Error && thrown.message.includes(UNKNOWN_TRANSACTION)) return false;
      throw thrown;
    }
  }

  mine(blocks: number): Promise<void> {
    return mineOn(this.platform, this.#purse, blocks);
  }

  /** Pays out of the chain's own money. @returns the transaction's id */
  pay(address: string, sat: bigint): Promise<string> {
    return payFrom(this.platform, this.#purse, address, sat);
  }

  /** Number of the module of this kind; null for none. */
  async #instanceOf(kind: string): Promise<string | null> {
    const config = await callGuardian(this.platform, this.guardians[0]!.apiUrl, "client_config", null) as {
      modules: Record<string, { kind: string }>;
    };
    return Object.entries(config.modules).find(([, module]) => module.kind === kind)?.[0] ?? null;
  }

  /** All guardians recommend a gateway (lnv2) to their clients. */
  async recommendGateway(url: string): Promise<void> {
    const instance = await this.#instanceOf("lnv2");
    if (instance === null) throw new Error("The federation has no lnv2");
    for (const { peer } of this.guardians) await this.call(peer, `module_${instance}_add_gateway`, url);
  }

  /** Waits until guardians agree on all blocks that are deep enough. */
  async awaitBlocks(withinMs = START_MS): Promise<void> {
    const instance = await this.#instanceOf("walletv2");
    if (instance === null) return;
    const target = Number(await this.bitcoin("getblockcount")) + 1 - 7;
    const agreed = (answer: Json): boolean => Number(answer) >= target;
    const running = this.guardians.find(({ process }) => process.isRunning)!;
    await this.#poll(running, `module_${instance}_consensus_block_count`, agreed, withinMs);
  }

  /** Stops all processes; nothing is left running. */
  async stop(): Promise<void> {
    await Promise.all(this.guardians.map(({ process }) => process.stop()));
    await this.#bitcoin?.stop();
  }
}

/** A Bitcoin node with a wallet of mature coins: the embedded chain, or a real one. */
export async function startBitcoin(
  options: Pick<DevFederationOptions, "platform" | "dir" | "bitcoindDir" | "progress" | "signal">,
): Promise<{ node: BitcoinNode; process: OwnedProcess }> {
  const { platform, dir, bitcoindDir, progress, signal } = options;
  const [rpc, p2p] = freePorts(2) as [number, number];
  const node = { url: `http://127.0.0.1:${rpc}`, username: "bitcoin", password: toHex(platform.dice.bytes(16)) };
  const data = join(dir, "bitcoin");
  await platform.files.makeDirectory(data, { secret: true });
  progress(bitcoindDir === undefined ? "Starting an embedded Bitcoin chain" : "Starting a Bitcoin node");
  const logFile = join(data, "node.log");
  const process = await OwnedProcess.start(
    platform.clock,
    bitcoindDir === undefined
      ? {
        name: "devchain",
        command: ownProgram(
          "server/dev/chain/main.ts",
          "--dir",
          data,
          "--rpc",
          `127.0.0.1:${rpc}`,
          "--user",
          node.username,
        ),
        env: { DEVCHAIN_PASSWORD: node.password },
        logFile,
        ...(signal && { signal }),
      }
      : {
        name: "bitcoind",
        command: [
          join(bitcoindDir, "bitcoind"),
          "-regtest",
          `-datadir=${data}`,
          "-server",
          "-txindex",
          "-fallbackfee=0.0002",
          "-listen=0",
          `-port=${p2p}`,
          `-rpcport=${rpc}`,
          `-rpcuser=${node.username}`,
          `-rpcpassword=${node.password}`,
        ],
        env: {},
        logFile,
        ...(signal && { signal }),
      },
  );
  try {
    await awaitNode(platform, node, process);
    if (bitcoindDir !== undefined) {
      // the embedded chain writes its own
      await writeNodeFile(platform, data, node);
      await callBitcoin(platform, node, "createwallet", [WALLET]);
      await callBitcoin(platform, node, "generatetoaddress", [
        COINBASE_MATURE,
        await callBitcoin(platform, node, "getnewaddress"),
      ]);
    }
  } catch (thrown) {
    await process.stop();
    throw thrown;
  }
  return { node, process };
}

async function awaitNode(platform: Platform, node: BitcoinNode, process: OwnedProcess): Promise<void> {
  const endMs = platform.clock.monotonicMs() + START_MS;
  for (;;) {
    try {
      await callBitcoin(platform, node, "getblockcount");
      return;
    } catch (thrown) {
      if (process.isRunning && platform.clock.monotonicMs() < endMs) {
        await sleep(platform.clock, 100);
        continue;
      }
      throw new Error(`The Bitcoin node does not answer. The end of its log:\n${await process.tail()}`, {
        cause: thrown,
      });
    }
  }
}
