/**
 * Lightning for a development federation: a gateway with its own node, a node of the outside world, and a channel each
 * way, all with money in them. Both are the programs that people start, asked by their own commands.
 */
import { join } from "@std/path";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, parseJson } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "./federation.ts";
import type { ProcessSpec } from "./processes.ts";
import { freePorts, OwnedProcess, ownProgram, runOwnProgram } from "./processes.ts";

const WAIT_MS = 120_000;
const POLL_MS = 200;
const COIN_SAT = 10_000_000n;
const CHANNEL_SAT = 5_000_000;
/** Given to the other side: what a channel holds back of each side (a hundredth) is there, and all the rest can move. */
const PUSH_SAT = 1_000_000;
/** E-cash, of which the gateway pays what people receive. */
const PEGIN_SAT = 10_000_000n;
/** One each way. */
const CHANNELS = 2;
const BLOCKS_UNTIL_USABLE = 6;
const BLOCKS_UNTIL_AGREED = 8;
/** The least that bcrypt has: nothing here is worth more. */
const PASSWORD_COST = "4";

/** Who asks the programs: what a command prints. @throws {Error} with its words */
export type LightningCommands = {
  /** Of `deno task gateway cli`. */
  readonly gateway: (args: readonly string[]) => Promise<string>;
  /** Of `deno task devln`. */
  readonly devln: (args: readonly string[]) => Promise<string>;
};

export type DevLightningOptions = {
  /** Folder of the gateway, and one of the outside world's. */
  readonly dir: string;
  /** Told of every step. */
  readonly progress: (text: string) => void;
  /** Ends everything, also while it starts. */
  readonly signal?: AbortSignal;
  /** Default: a process a command. */
  readonly commands?: LightningCommands;
};

const GATEWAY = "client/gateway/main.ts", DEVLN = "client/gateway/devln/main.ts";
const PROCESSES: LightningCommands = {
  gateway: (args) => runOwnProgram(GATEWAY, ["cli", ...args]),
  devln: (args) => runOwnProgram(DEVLN, args),
};

/** Where the gateway, its node, and the outside world listen. */
type Ports = { readonly api: number; readonly peers: number; readonly outside: number };

export class DevLightning {
  /** Of the gateway, for wallets. */
  readonly gatewayUrl: string;
  readonly devlnDir: string;
  readonly #federation: DevFederation;
  readonly #options: DevLightningOptions;
  readonly #commands: LightningCommands;
  readonly #ports: Ports;
  #gateway: OwnedProcess | null = null;
  #outside: OwnedProcess | null = null;

  private constructor(federation: DevFederation, options: DevLightningOptions, ports: Ports) {
    this.#federation = federation;
    this.#options = options;
    this.#commands = options.commands ?? PROCESSES;
    this.#ports = ports;
    this.gatewayUrl = `${this.#address}/v1`;
    this.devlnDir = join(options.dir, "devln");
  }

  /** As operators ask it. */
  get #address(): string {
    return `http://127.0.0.1:${this.#ports.api}`;
  }

  /**
   * All guardians must run at the beginning. Resolves when people can pay and be paid. What was started is stopped again
   * when it fails.
   */
  static async start(federation: DevFederation, options: DevLightningOptions): Promise<DevLightning> {
    const [api, peers, outside] = freePorts(3) as [number, number, number];
    const lightning = new DevLightning(federation, options, { api, peers, outside });
    try {
      await federation.recommendGateway(lightning.gatewayUrl);
      await lightning.#startPrograms();
      // neither is left at work when the other fails
      const parts = await Promise.allSettled([lightning.#openChannels(), lightning.#join()]);
      for (const part of parts) if (part.status === "rejected") throw part.reason;
      return lightning;
    } catch (thrown) {
      await lightning.stop();
      throw thrown;
    }
  }

  async #startPrograms(): Promise<void> {
    const { dir, progress } = this.#options, { platform, node, apiPassword } = this.#federation;
    progress("Starting a gateway, and a Lightning node of the outside world");
    const gatewayDir = join(dir, "gateway"), { api, peers, outside } = this.#ports;
    for (const folder of [gatewayDir, this.devlnDir]) await platform.files.makeDirectory(folder, { secret: true });
    const hash = await this.#commands.gateway(["create-password-hash", apiPassword, "--cost", PASSWORD_COST]);
    this.#gateway = await this.#run({
      name: "gateway",
      command: ownProgram(GATEWAY, "ldk"),
      logFile: join(gatewayDir, "gateway.log"),
      env: {
        FM_GATEWAY_DATA_DIR: gatewayDir,
        FM_GATEWAY_LISTEN_ADDR: `127.0.0.1:${api}`,
        FM_GATEWAY_API_ADDR: this.#address,
        FM_GATEWAY_BCRYPT_PASSWORD_HASH: String(parseJson(hash)),
        FM_GATEWAY_NETWORK: "regtest",
        FM_GATEWAY_LNURL_PAGES: "1",
        FM_PORT_LDK: String(peers),
        FM_IN_DEVIMINT: "1",
        FM_BITCOIND_URL: node.url,
        FM_BITCOIND_USERNAME: node.username,
        FM_BITCOIND_PASSWORD: node.password,
      },
    });
    const run = ["run", "--listen", `127.0.0.1:${outside}`, "--bitcoind-url", node.url];
    const credentials = ["--bitcoind-username", node.username, "--bitcoind-password", node.password];
    this.#outside = await this.#run({
      name: "devln",
      command: [...ownProgram(DEVLN), "--dir", this.devlnDir, ...run, ...credentials],
      logFile: join(this.devlnDir, "node.log"),
      env: {},
    });
    await this.#untilNode();
  }

  #run(spec: Omit<ProcessSpec, "signal">): Promise<OwnedProcess> {
    const { signal } = this.#options;
    return OwnedProcess.start(this.#federation.platform.clock, { ...spec, ...(signal && { signal }) });
  }

  async #untilNode(): Promise<void> {
    await this.#until("the gateway's node is level with the chain", async () => {
      const node = await this.#node();
      return node?.synced_to_chain === true;
    });
  }

  /** What the gateway says of its node; null while it has none. */
  async #node(): Promise<JsonObject | null> {
    const { lightning_info: info } = await this.gateway(["info"]) as JsonObject;
    return isJsonObject(info!) && "connected" in info ? info.connected as JsonObject : null;
  }

  /** Coins for both, and a channel each way. */
  async #openChannels(): Promise<void> {
    const federation = this.#federation;
    const nodeOf = (text: string): string | null => /^node\s+(\S+)/.exec(text)?.[1] ?? null;
    const outside = await this.#until("the outside world is there", async () => nodeOf(await this.devln(["info"])));
    this.#options.progress("Opening a channel each way");
    const { address } = await this.gateway(["onchain", "address"]) as { readonly address: string };
    await federation.pay(address, COIN_SAT);
    await federation.pay(await this.devln(["address"]), COIN_SAT);
    await federation.mine(1);
    const [key, host] = outside.split("@") as [string, string];
    const { public_key: gatewayKey } = (await this.#node())!;
    const peer = ["--pubkey", key, "--host", host];
    const size = ["--channel-size-sats", String(CHANNEL_SAT), "--push-amount-sats", String(PUSH_SAT)];
    const txids = [
      await this.#until("the gateway's channel", async () => {
        const opened = await this.gateway(["lightning", "open-channel", ...peer, ...size]);
        return (opened as { readonly funding_txid: string }).funding_txid;
      }),
      await this.#until("the outside world's channel", () => {
        const node = `${gatewayKey}@127.0.0.1:${this.#ports.peers}`;
        return this.devln(["open", node, `${CHANNEL_SAT} sat`, `${PUSH_SAT} sat`]);
      }),
    ];
    for (const txid of txids) await this.#until("the funding is sent", () => federation.hasTransaction(txid));
    await federation.mine(BLOCKS_UNTIL_USABLE);
    await this.#untilUsable();
  }

  async #untilUsable(): Promise<void> {
    await this.#until("both channels can be used", async () => {
      const channels = await this.gateway(["lightning", "list-channels"]) as readonly JsonObject[];
      return channels.length === CHANNELS && channels.every(({ is_active: isActive }) => isActive === true);
    });
  }

  /** The gateway joins, and has e-cash. */
  async #join(): Promise<void> {
    const federation = this.#federation;
    const { federation_id: id } = await this.gateway(["connect-fed", federation.invite]) as { federation_id: string };
    const pegin = ["ecash", "pegin", "--federation-id", id];
    const { address } = await this.gateway(pegin) as { readonly address: string };
    await federation.pay(address, PEGIN_SAT);
    await federation.mine(BLOCKS_UNTIL_AGREED);
    await this.#until("the gateway has e-cash", async () => await this.ecashMsat() > 0n);
    this.#options.progress("The gateway serves the federation");
  }

  /** What the gateway has of it. */
  async ecashMsat(): Promise<bigint> {
    const { ecash_balances: balances } = await this.gateway(["get-balances"]) as {
      readonly ecash_balances: readonly { readonly ecash_balance_msats: Json }[];
    };
    return balances.reduce((sum, { ecash_balance_msats: msat }) => sum + BigInt(msat as number), 0n);
  }

  /** SIGKILL of the gateway; its node ends with it. */
  async killGateway(): Promise<void> {
    await this.#gateway!.kill();
  }

  /** Starts a killed gateway again with what is on its disk; resolves when its channels can be used. */
  async restartGateway(): Promise<void> {
    this.#gateway = await this.#run(this.#gateway!.spec);
    await this.#untilNode();
    await this.#untilUsable();
  }

  /** A command of `gateway cli`. @returns its JSON @throws {Error} with its words */
  async gateway(args: readonly string[]): Promise<Json> {
    const access = ["--address", this.#address, "--rpcpassword", this.#federation.apiPassword];
    return parseJson(await this.#commands.gateway([...access, ...args]));
  }

  /** A command of `devln`. @returns its text @throws {Error} with its words */
  async devln(args: readonly string[]): Promise<string> {
    return (await this.#commands.devln(["--dir", this.devlnDir, ...args])).trim();
  }

  /** Tries again while it fails or isn't there. */
  async #until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T> {
    const { clock } = this.#federation.platform, endMs = clock.monotonicMs() + WAIT_MS;
    let reason: unknown = null;
    while (clock.monotonicMs() < endMs) {
      this.#options.signal?.throwIfAborted();
      const gone = [this.#gateway, this.#outside].find((process) => process?.isRunning === false);
      if (gone) throw new Error(`${gone.spec.name} has ended. The end of its log:\n${await gone.tail()}`);
      try {
        const value = await attempt();
        if (value !== null && value !== false) return value;
      } catch (thrown) {
        reason = thrown;
      }
      await sleep(clock, POLL_MS);
    }
    throw new Error(`Not within ${WAIT_MS} ms: ${what}`, { cause: reason });
  }

  /** Stops both; nothing is left running. */
  async stop(): Promise<void> {
    await Promise.all([this.#gateway, this.#outside].map((process) => process?.stop()));
  }
}
