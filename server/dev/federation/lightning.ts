/**
 * Lightning for a development federation: a gateway with its own node, a node of the outside world, and a channel each
 * way, all with money in them. All are the programs that people start, asked by their own commands.
 */
import { join } from "@std/path";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, parseJson } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "./federation.ts";
import type { LightningNodes } from "./lightning_nodes.ts";
import { CHANNELS, DEVLN, EmbeddedNodes, LndNodes } from "./lightning_nodes.ts";
import type { LndPrograms } from "./lnd.ts";
import type { ProcessSpec } from "./processes.ts";
import { freePorts, OwnedProcess, ownProgram, runOwnProgram } from "./processes.ts";
import { until } from "./waits.ts";

/** E-cash, of which the gateway pays what people receive. */
const PEGIN_SAT = 10_000_000n;
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
  /** Folders of the gateway and of the nodes are made in it. */
  readonly dir: string;
  /** Told of every step. */
  readonly progress: (text: string) => void;
  /** Ends everything, also while it starts. */
  readonly signal?: AbortSignal;
  /** Default: a process a command. */
  readonly commands?: LightningCommands;
  /** Real LNDs, instead of embedded nodes. */
  readonly lnd?: LndPrograms;
};

const GATEWAY = "client/gateway/main.ts";
const PROCESSES: LightningCommands = {
  gateway: (args) => runOwnProgram(GATEWAY, ["cli", ...args]),
  devln: (args) => runOwnProgram(DEVLN, args),
};

export class DevLightning {
  /** Of the gateway, for wallets. */
  readonly gatewayUrl: string;
  /** Of the outside world, where it is an embedded node. */
  readonly devlnDir: string;
  readonly #federation: DevFederation;
  readonly #options: DevLightningOptions;
  readonly #commands: LightningCommands;
  readonly #port: number;
  readonly #nodes: LightningNodes;
  #gateway: OwnedProcess | null = null;

  private constructor(federation: DevFederation, options: DevLightningOptions, port: number) {
    const { dir, signal, lnd, commands = PROCESSES } = options;
    this.#federation = federation;
    this.#options = options;
    this.#commands = commands;
    this.#port = port;
    this.gatewayUrl = `${this.#address}/v1`;
    this.devlnDir = join(dir, "devln");
    const env = {
      federation,
      dir,
      signal,
      gateway: (args: readonly string[]) => this.gateway(args),
      devln: async (args: readonly string[]) => (await commands.devln(["--dir", this.devlnDir, ...args])).trim(),
    };
    this.#nodes = lnd === undefined ? new EmbeddedNodes(env) : new LndNodes(env, lnd);
  }

  /** As operators ask it. */
  get #address(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Lines to copy that speak as the outside world, before their last word. */
  get outsideLines(): LightningNodes["outsideLines"] {
    return this.#nodes.outsideLines;
  }

  get logFiles(): readonly string[] {
    return [this.#logFile, ...this.#nodes.logFiles];
  }

  get #gatewayDir(): string {
    return join(this.#options.dir, "gateway");
  }

  get #logFile(): string {
    return join(this.#gatewayDir, "gateway.log");
  }

  /**
   * All guardians must run at the beginning. Resolves when people can pay and be paid. What was started is stopped
   * again when it fails.
   */
  static async start(federation: DevFederation, options: DevLightningOptions): Promise<DevLightning> {
    const [port] = freePorts(1) as [number];
    const lightning = new DevLightning(federation, options, port);
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
    const { progress } = this.#options, { platform, apiPassword } = this.#federation;
    progress("Starting a gateway, and a Lightning node of the outside world");
    await platform.files.makeDirectory(this.#gatewayDir, { secret: true });
    const hash = await this.#commands.gateway(["create-password-hash", apiPassword, "--cost", PASSWORD_COST]);
    await this.#nodes.start();
    const { args, env } = this.#nodes.gatewayNode;
    this.#gateway = await this.#run({
      name: "gateway",
      command: [...ownProgram(GATEWAY), ...args],
      logFile: this.#logFile,
      env: {
        FM_GATEWAY_DATA_DIR: this.#gatewayDir,
        FM_GATEWAY_LISTEN_ADDR: `127.0.0.1:${this.#port}`,
        FM_GATEWAY_API_ADDR: this.#address,
        FM_GATEWAY_BCRYPT_PASSWORD_HASH: String(parseJson(hash)),
        FM_GATEWAY_NETWORK: "regtest",
        FM_GATEWAY_LNURL_PAGES: "1",
        FM_IN_DEVIMINT: "1",
        ...env,
      },
    });
    await this.#untilNode();
  }

  #run(spec: Omit<ProcessSpec, "signal">): Promise<OwnedProcess> {
    const { signal } = this.#options;
    return OwnedProcess.start(this.#federation.platform.clock, { ...spec, ...(signal && { signal }) });
  }

  async #untilNode(): Promise<void> {
    await this.#until("the gateway's node is level with the chain", async () => {
      const { lightning_info: info } = await this.gateway(["info"]) as JsonObject;
      return isJsonObject(info!) && (info.connected as JsonObject | undefined)?.synced_to_chain === true;
    });
  }

  async #openChannels(): Promise<void> {
    this.#options.progress("Opening a channel each way");
    await this.#nodes.openChannels();
    await this.#untilUsable();
  }

  async #untilUsable(): Promise<void> {
    await this.#until("the gateway can use its channels", async () => {
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

  /** SIGKILL of the gateway; an embedded node ends with it. */
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

  #until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T> {
    const { clock } = this.#federation.platform, { signal } = this.#options;
    const processes = [...(this.#gateway ? [this.#gateway] : []), ...this.#nodes.processes];
    return until({ clock, signal, processes }, what, attempt);
  }

  /** Stops all; nothing is left running. */
  async stop(): Promise<void> {
    // the gateway first: its node is to be there while it ends
    await this.#gateway?.stop();
    await this.#nodes.stop();
  }
}
