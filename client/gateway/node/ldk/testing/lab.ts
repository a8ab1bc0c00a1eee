/**
 * For tests: an embedded chain on a real socket, and real processes of the node on it. Time is the machine's: LDK's
 * processes have no other.
 */
import { join } from "@std/path";
import type { LogRecord } from "../../../../../actors/logger.ts";
import type { ActorSystem } from "../../../../../actors/mod.ts";
import { child, createSystem, refTo, supervisor } from "../../../../../actors/mod.ts";
import { realProcessHost } from "../../../../../actors/platform/process.ts";
import { sleep } from "../../../../../actors/platform/platform.ts";
import { realPlatform } from "../../../../../actors/platform/real.ts";
import { MemoryBackend, openMemoryStore } from "../../../../../actors/store/mod.ts";
import type { Bytes } from "../../../../../core/bytes.ts";
import { toHex } from "../../../../../core/bytes.ts";
import type { Json } from "../../../../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../../../../core/encoding/mod.ts";
import type { DevchainMessage } from "../../../../../server/dev/chain/mod.ts";
import { devchainTree } from "../../../../../server/dev/chain/mod.ts";
import { freePorts } from "../../../../../server/dev/federation/processes.ts";
import type { LightningNode } from "../../node.ts";
import { ldkNode } from "../node.ts";
import type { LdkMessage, LdkRef } from "../process.ts";
import { ldkProcess } from "../process.ts";
import type { LdkSettings } from "../settings.ts";

const platform = realPlatform();
const LOOK_MS = 30;
const USER = "lab", PASSWORD = "secret";

/** A node, and what a test does with its process and its folder. */
export type LabNode = {
  readonly node: LightningNode;
  readonly ref: LdkRef;
  /** 33 bytes. */
  readonly key: Bytes;
  readonly host: string;
  readonly folder: string;
  /** How many commits it told of. */
  readonly commits: { count: number };
  /** Of its process, if it runs now. */
  pid(): Promise<number | null>;
  /** SIGKILL; it is started again. */
  kill(): Promise<void>;
  /** SIGKILL; it isn't started again before `start`. */
  end(): Promise<void>;
  /** In order; it isn't started again before `start`. */
  stop(): Promise<void>;
  start(): Promise<void>;
  /** The same, whether it answers or not. */
  begin(): Promise<void>;
};

/** Tries again until what is waited for is there. */
export async function until<T>(
  what: string,
  attempt: () => Promise<T | null | false>,
  timeoutMs = 240_000,
): Promise<T> {
  const { clock } = platform;
  for (const endMs = clock.monotonicMs() + timeoutMs; clock.monotonicMs() < endMs;) {
    const value = await attempt();
    if (value !== null && value !== false) return value;
    await sleep(clock, LOOK_MS);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms`);
}

export class Lab {
  readonly url: string;
  readonly port: number;
  readonly username = USER;
  readonly password = PASSWORD;
  readonly folder: string;
  readonly records: LogRecord[] = [];
  readonly #system: ActorSystem;

  private constructor(system: ActorSystem, port: number, folder: string, records: LogRecord[]) {
    this.#system = system;
    this.port = port;
    this.url = `http://127.0.0.1:${port}/`;
    this.folder = folder;
    this.records = records;
  }

  static async open(): Promise<Lab> {
    const folder = await Deno.makeTempDir({ prefix: "ldk-lab-" });
    const [port] = freePorts(1) as [number];
    const records: LogRecord[] = [];
    const isLoud = Deno.env.get("LDK_LAB_LOG") !== undefined;
    const system = createSystem({
      platform,
      log: (record) => {
        records.push(record);
        if (isLoud) console.error(record.path, record.level, record.message, JSON.stringify(record.facts));
      },
    });
    const store = await openMemoryStore({ clock: platform.clock, backend: new MemoryBackend() });
    await system.start(supervisor("lab", {
      children: [
        devchainTree({
          store,
          blockIntervalMs: null,
          premineBlocks: 120,
          address: { hostname: "127.0.0.1", port },
          credentials: [{ username: USER, password: PASSWORD }],
          stopAsked: () => {},
        }, { parent: "lab" }),
        supervisor("nodes", { children: [] }),
      ],
    }));
    return new Lab(system, port, folder, records);
  }

  async rpc<T = Json>(method: string, ...params: Json[]): Promise<T> {
    const chain = refTo<DevchainMessage>("lab/devchain/chain");
    const answer = await this.#system.ask(chain, "call", { method, paramsJson: stringifyJson(params) });
    if (!answer.ok) throw new Error(`${method}: ${answer.error.message}`);
    return parseJson(answer.value) as T;
  }

  async mine(blocks: number): Promise<void> {
    const address = await this.rpc<string>("getnewaddress");
    await this.rpc("generatetoaddress", blocks, address);
  }

  async pay(address: string, btc: number): Promise<void> {
    await this.rpc("sendtoaddress", address, btc);
  }

  /** A new node that has answered. @param change of its settings */
  async node(name: string, change: Partial<LdkSettings> = {}): Promise<LabNode> {
    const [port] = freePorts(1) as [number];
    const folder = join(this.folder, name);
    const settings: Omit<LdkSettings, "leastCommits"> = {
      seedHex: toHex(platform.dice.bytes(32)),
      folder,
      network: "regtest",
      chain: { kind: "bitcoind", url: this.url, username: USER, password: PASSWORD },
      alias: name,
      listen: { hostname: "127.0.0.1", port },
      acceptsKnownFlaws: false,
      ...change,
    };
    const commits = { count: 0 };
    const ref = refTo<LdkMessage>(`lab/nodes/${name}`);
    const start = (): Promise<void> =>
      this.#system.startChild(
        "lab/nodes",
        child(ldkProcess, {
          id: name,
          args: {
            host: realProcessHost,
            settings,
            commits: {
              read: () => Promise.resolve(commits.count),
              keep: (count) => commits.count = Math.max(count, commits.count),
            },
          },
          shutdownMs: 20_000,
        }),
      );
    await start();
    const node = ldkNode({
      sender: this.#system,
      process: ref,
      clock: platform.clock,
      network: settings.network,
      alias: name,
    });
    const ready = (): Promise<Bytes> =>
      until(`${name} answers`, async () => {
        try {
          return (await node.info()).publicKey;
        } catch {
          return null;
        }
      });
    const pid = async (): Promise<number | null> => await this.#system.ask(ref, "pid", null);
    return {
      node,
      ref,
      pid,
      key: await ready(),
      host: `127.0.0.1:${port}`,
      folder,
      commits,
      kill: async () => {
        const before = await pid();
        if (before !== null) Deno.kill(before, "SIGKILL");
        await until(`${name} runs again`, async () => {
          const now = await pid();
          return now !== null && now !== before;
        });
      },
      end: async () => {
        const now = await pid();
        if (now !== null) Deno.kill(now, "SIGKILL");
        await this.#system.stopChild(`lab/nodes/${name}`);
      },
      stop: () => this.#system.stopChild(`lab/nodes/${name}`),
      begin: start,
      start: async () => {
        await start();
        await ready();
      },
    };
  }

  /** A node with this much on the chain. */
  async fund({ node }: LabNode, btc = 0.1, coins = 2): Promise<void> {
    const before = (await node.operator.balances()).onchainSats;
    for (let i = 0; i < coins; i++) await this.pay(await node.operator.onchainAddress(), btc);
    await this.mine(1);
    const wanted = before + BigInt(Math.round(btc * 1e8)) * BigInt(coins);
    await until("coins", async () => (await node.operator.balances()).onchainSats === wanted);
  }

  /** A channel from one to the other that both can use. */
  async channel(from: LabNode, to: LabNode, sizeSats = 1_000_000n, pushSats = 300_000n): Promise<string> {
    const txid = await from.node.operator.openChannel({ publicKey: to.key, host: to.host, sizeSats, pushSats });
    await until("funding", async () => (await this.rpc<string[]>("getrawmempool")).includes(txid));
    await this.mine(6);
    await this.usable(from, to);
    return txid;
  }

  async usable(...nodes: LabNode[]): Promise<void> {
    for (const { node } of nodes) {
      await until("a channel is usable", async () => {
        try {
          return (await node.operator.channels()).some(({ isActive }) => isActive);
        } catch {
          return false;
        }
      });
    }
  }

  /** Resolves when the nodes have all blocks. */
  async level(...nodes: LabNode[]): Promise<void> {
    const height = await this.rpc<number>("getblockcount");
    for (const { node } of nodes) {
      await until("the node has all blocks", async () => {
        try {
          return (await node.info()).blockHeight >= height;
        } catch {
          return false;
        }
      });
    }
  }

  async close(): Promise<void> {
    await this.#system.stop();
    await Deno.remove(this.folder, { recursive: true });
  }
}
