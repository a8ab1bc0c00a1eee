/**
 * Lightning for a development federation: a gateway with its own node, a node of the outside world, and a channel each
 * way, all with money in them. Both are the programs that people start, asked by their own commands.
 */
import { join } from "@std/path";
import { sleep } from "../../../actors/platform/platform.ts";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, parseJson } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "./federation.ts";
import { freePorts, OwnedProcess, ownProgram, runOwnProgram } from "./processes.ts";

const WAIT_MS = 400_000;
const POLL_MS = 200;
const COIN_SAT = 10_000_000n;
const CHANNEL_SAT = 5_000_000;
/** E-cash, of which the gateway pays what people receive. */
const PEGIN_SAT = 10_000_000n;
const BLOCKS_UNTIL_USABLE = 6;
const BLOCKS_UNTIL_AGREED = 8;
/** The least that bcrypt has: nothing here is worth more. */
const PASSWORD_COST = "4";

export type DevLightningOptions = {
  /** Folder of the gateway, and one of the outside world's. */
  readonly dir: string;
  /** Told of every step. */
  readonly progress: (text: string) => void;
  /** Ends everything, also while it starts. */
  readonly signal?: AbortSignal;
};

const GATEWAY = "client/gateway/main.ts", DEVLN = "client/gateway/devln/main.ts";

export class DevLightning {
  /** Of the gateway, for wallets. */
  readonly gatewayUrl: string;
  readonly devlnDir: string;
  readonly #federation: DevFederation;
  readonly #options: DevLightningOptions;
  readonly #port: number;
  readonly #processes: OwnedProcess[] = [];

  private constructor(federation: DevFederation, options: DevLightningOptions, port: number) {
    this.#federation = federation;
    this.#options = options;
    this.#port = port;
    this.gatewayUrl = `http://127.0.0.1:${port}/v1`;
    this.devlnDir = join(options.dir, "devln");
  }

  /** Resolves when people can pay and be paid. What was started is stopped again when it fails. */
  static async start(federation: DevFederation, options: DevLightningOptions): Promise<DevLightning> {
    const [port, peers, outside] = freePorts(3) as [number, number, number];
    const lightning = new DevLightning(federation, options, port);
    try {
      await lightning.#startPrograms(peers, `127.0.0.1:${outside}`);
      await lightning.#fund(`127.0.0.1:${peers}`);
      await lightning.#serve();
      return lightning;
    } catch (thrown) {
      await lightning.stop();
      throw thrown;
    }
  }

  async #startPrograms(peers: number, listen: string): Promise<void> {
    const { dir, progress, signal } = this.#options, { platform, node, apiPassword } = this.#federation;
    progress("Starting a gateway, and a Lightning node of the outside world");
    const gatewayDir = join(dir, "gateway");
    for (const folder of [gatewayDir, this.devlnDir]) await platform.files.makeDirectory(folder, { secret: true });
    const hash = parseJson(
      await runOwnProgram(GATEWAY, ["cli", "create-password-hash", apiPassword, "--cost", PASSWORD_COST]),
    );
    const bitcoind = {
      FM_BITCOIND_URL: node.url,
      FM_BITCOIND_USERNAME: node.username,
      FM_BITCOIND_PASSWORD: node.password,
    };
    const gateway = {
      name: "gateway",
      command: ownProgram(GATEWAY, "ldk"),
      logFile: join(gatewayDir, "gateway.log"),
      env: {
        FM_GATEWAY_DATA_DIR: gatewayDir,
        FM_GATEWAY_LISTEN_ADDR: `127.0.0.1:${this.#port}`,
        FM_GATEWAY_API_ADDR: `http://127.0.0.1:${this.#port}`,
        FM_GATEWAY_BCRYPT_PASSWORD_HASH: String(hash),
        FM_GATEWAY_NETWORK: "regtest",
        FM_GATEWAY_LNURL_PAGES: "1",
        FM_PORT_LDK: String(peers),
        FM_IN_DEVIMINT: "1",
        ...bitcoind,
      },
    };
    const run = ["run", "--listen", listen, "--bitcoind-url", node.url];
    const credentials = ["--bitcoind-username", node.username, "--bitcoind-password", node.password];
    const devln = {
      name: "devln",
      command: [...ownProgram(DEVLN), "--dir", this.devlnDir, ...run, ...credentials],
      logFile: join(this.devlnDir, "node.log"),
      env: {},
    };
    for (const spec of [gateway, devln]) {
      this.#processes.push(await OwnedProcess.start(platform.clock, { ...spec, ...(signal && { signal }) }));
    }
  }

  /** Coins for both, and a channel each way. */
  async #fund(gatewayHost: string): Promise<void> {
    const { progress } = this.#options, federation = this.#federation;
    await this.#until("the gateway's node is there", async () => {
      const { lightning_info: info } = await this.gateway(["info"]) as JsonObject;
      return isJsonObject(info!) && "connected" in info;
    });
    const nodeOf = (text: string): string | null => /^node\s+(\S+)/.exec(text)?.[1] ?? null;
    const outside = await this.#until("the outside world is there", async () => nodeOf(await this.devln(["info"])));
    progress("Opening a channel each way");
    const { address } = await this.gateway(["onchain", "address"]) as { readonly address: string };
    await federation.pay(address, COIN_SAT);
    await federation.pay(await this.devln(["address"]), COIN_SAT);
    await federation.mine(1);
    const [key, host] = outside.split("@") as [string, string];
    const { lightning_info: info } = await this.gateway(["info"]) as { readonly lightning_info: JsonObject };
    const gatewayKey = (info.connected as JsonObject).public_key as string;
    const peer = ["--pubkey", key, "--host", host, "--channel-size-sats", String(CHANNEL_SAT)];
    const txids = [
      await this.#until("the gateway's channel", async () => {
        const opened = await this.gateway(["lightning", "open-channel", ...peer]) as { readonly funding_txid: string };
        return opened.funding_txid;
      }),
      await this.#until(
        "the outside world's channel",
        () => this.devln(["open", `${gatewayKey}@${gatewayHost}`, `${CHANNEL_SAT} sat`]),
      ),
    ];
    for (const txid of txids) await this.#until("the funding is sent", () => federation.isWaiting(txid));
    await federation.mine(BLOCKS_UNTIL_USABLE);
    await this.#until("both channels can be used", async () => {
      const channels = await this.gateway(["lightning", "list-channels"]) as readonly JsonObject[];
      return channels.length === txids.length && channels.every(({ is_active: isActive }) => isActive === true);
    });
  }

  /** The gateway joins, has e-cash, and is recommended by all guardians. */
  async #serve(): Promise<void> {
    const federation = this.#federation;
    this.#options.progress("The gateway joins the federation");
    const { federation_id: id } = await this.gateway(["connect-fed", federation.invite]) as { federation_id: string };
    const pegin = ["ecash", "pegin", "--federation-id", id];
    const { address } = await this.gateway(pegin) as { readonly address: string };
    await federation.pay(address, PEGIN_SAT);
    await federation.mine(BLOCKS_UNTIL_AGREED);
    await federation.recommendGateway(this.gatewayUrl);
    await this.#until("the gateway has e-cash", async () => {
      const { ecash_balances: balances } = await this.gateway(["get-balances"]) as {
        readonly ecash_balances: readonly { readonly ecash_balance_msats: Json }[];
      };
      return Number(balances[0]!.ecash_balance_msats) > 0;
    });
  }

  /** A command of `gateway cli`. @returns its JSON @throws {Error} with its words */
  async gateway(args: readonly string[]): Promise<Json> {
    const access = [
      "cli",
      "--address",
      `http://127.0.0.1:${this.#port}`,
      "--rpcpassword",
      this.#federation.apiPassword,
    ];
    return parseJson(await runOwnProgram(GATEWAY, [...access, ...args]));
  }

  /** A command of `devln`. @returns its text @throws {Error} with its words */
  async devln(args: readonly string[]): Promise<string> {
    return (await runOwnProgram(DEVLN, ["--dir", this.devlnDir, ...args])).trim();
  }

  /** Tries again while it fails or isn't there. */
  async #until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T> {
    const { clock } = this.#federation.platform, endMs = clock.monotonicMs() + WAIT_MS;
    let reason: unknown = null;
    while (clock.monotonicMs() < endMs) {
      this.#options.signal?.throwIfAborted();
      const gone = this.#processes.find(({ isRunning }) => !isRunning);
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
    await Promise.all(this.#processes.map((process) => process.stop()));
  }
}
