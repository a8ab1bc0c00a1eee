/**
 * The two Lightning nodes of a development federation, the gateway's and the outside world's: embedded ones, or real
 * LNDs; and a channel each way.
 */
import { join } from "@std/path";
import type { Json, JsonObject } from "../../../core/encoding/mod.ts";
import type { DevFederation } from "./federation.ts";
import type { LndPrograms } from "./lnd.ts";
import { DevLnd, openLndChannel } from "./lnd.ts";
import { freePorts, OwnedProcess, ownProgram } from "./processes.ts";
import { until } from "./waits.ts";

const COIN_SAT = 10_000_000n;
const CHANNEL_SAT = 5_000_000;
/** Given to the other side: what a channel holds back of each side, a hundredth, is there; all the rest can move. */
const PUSH_SAT = 1_000_000;
const BLOCKS_UNTIL_USABLE = 6;

/** One each way. */
export const CHANNELS = 2;
export const DEVLN = "client/gateway/devln/main.ts";

/** What the nodes are given. */
export type NodesEnv = {
  readonly federation: DevFederation;
  readonly dir: string;
  readonly signal?: AbortSignal | undefined;
  /** A command of the gateway's operator. @returns its JSON */
  readonly gateway: (args: readonly string[]) => Promise<Json>;
  /** A command of `devln`. @returns what it prints */
  readonly devln: (args: readonly string[]) => Promise<string>;
};

/** The nodes as a pair. */
export interface LightningNodes {
  /** How the gateway comes to its node: a subcommand of `gateway`, and variables. */
  readonly gatewayNode: { readonly args: readonly string[]; readonly env: Record<string, string> };
  /** Those that run, but for the gateway's own. */
  readonly processes: readonly OwnedProcess[];
  /** Lines to copy that speak as the outside world, before their last word. */
  readonly outsideLines: { readonly invoice: string; readonly pay: string };
  readonly logFiles: readonly string[];
  /** Before the gateway is started. */
  start(): Promise<void>;
  /** When the gateway runs: coins for both, and a channel each way. Resolves when the outside world can use them. */
  openChannels(): Promise<void>;
  stop(): Promise<void>;
}

/** LDK: the gateway has its node inside, and the outside world is `deno task devln`. */
export class EmbeddedNodes implements LightningNodes {
  readonly outsideDir: string;
  readonly #env: NodesEnv;
  readonly #peers: number;
  readonly #outsidePeers: number;
  #outside: OwnedProcess | null = null;

  constructor(env: NodesEnv) {
    [this.#peers, this.#outsidePeers] = freePorts(2) as [number, number];
    this.#env = env;
    this.outsideDir = join(env.dir, "devln");
  }

  get gatewayNode() {
    const { url, username, password } = this.#env.federation.node;
    const env = { FM_BITCOIND_URL: url, FM_BITCOIND_USERNAME: username, FM_BITCOIND_PASSWORD: password };
    return { args: ["ldk"], env: { ...env, FM_PORT_LDK: String(this.#peers) } };
  }

  get processes() {
    return this.#outside === null ? [] : [this.#outside];
  }

  get outsideLines() {
    const line = `deno task devln --dir ${this.outsideDir}`;
    return { invoice: `${line} invoice "1000 sat"`, pay: `${line} pay` };
  }

  get logFiles() {
    return [join(this.outsideDir, "node.log")];
  }

  async start(): Promise<void> {
    const { federation: { platform, node }, signal } = this.#env;
    await platform.files.makeDirectory(this.outsideDir, { secret: true });
    const run = ["run", "--listen", `127.0.0.1:${this.#outsidePeers}`, "--bitcoind-url", node.url];
    const credentials = ["--bitcoind-username", node.username, "--bitcoind-password", node.password];
    this.#outside = await OwnedProcess.start(platform.clock, {
      name: "devln",
      command: [...ownProgram(DEVLN), "--dir", this.outsideDir, ...run, ...credentials],
      logFile: join(this.outsideDir, "node.log"),
      env: {},
      ...(signal && { signal }),
    });
  }

  async openChannels(): Promise<void> {
    const { federation, gateway, devln } = this.#env;
    const nodeOf = (text: string): string | null => /^node\s+(\S+)/.exec(text)?.[1] ?? null;
    const outside = await this.#until("the outside world is there", async () => nodeOf(await devln(["info"])));
    const { address } = await gateway(["onchain", "address"]) as { readonly address: string };
    await federation.pay(address, COIN_SAT);
    await federation.pay(await devln(["address"]), COIN_SAT);
    await federation.mine(1);
    const [key, host] = outside.split("@") as [string, string];
    const { lightning_info: info } = await gateway(["info"]) as { readonly lightning_info: JsonObject };
    const { public_key: gatewayKey } = info.connected as JsonObject;
    const peer = ["--pubkey", key, "--host", host];
    const size = ["--channel-size-sats", String(CHANNEL_SAT), "--push-amount-sats", String(PUSH_SAT)];
    const txids = [
      await this.#until("the gateway's channel", async () => {
        const opened = await gateway(["lightning", "open-channel", ...peer, ...size]);
        return (opened as { readonly funding_txid: string }).funding_txid;
      }),
      await this.#until("the outside world's channel", () => {
        const node = `${gatewayKey}@127.0.0.1:${this.#peers}`;
        return devln(["open", node, `${CHANNEL_SAT} sat`, `${PUSH_SAT} sat`]);
      }),
    ];
    for (const txid of txids) await this.#until("the funding is sent", () => federation.hasTransaction(txid));
    await federation.mine(BLOCKS_UNTIL_USABLE);
  }

  #until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T> {
    const { signal, federation: { platform: { clock } } } = this.#env;
    return until({ clock, signal, processes: this.processes }, what, attempt);
  }

  async stop(): Promise<void> {
    await this.#outside?.stop();
  }
}

/** Two LNDs. */
export class LndNodes implements LightningNodes {
  readonly #env: NodesEnv;
  readonly #inner: DevLnd;
  readonly #outside: DevLnd;

  constructor(env: NodesEnv, programs: LndPrograms) {
    const { dir, signal, federation: { node: chain, platform: { clock } } } = env;
    const lnd = (name: string) =>
      new DevLnd({ clock, chain, programs, name, dir: join(dir, name), ...(signal && { signal }) });
    this.#env = env;
    this.#inner = lnd("lnd-gateway");
    this.#outside = lnd("lnd-outside");
  }

  get gatewayNode() {
    const { restUrl, certificatePath, macaroonPath } = this.#inner;
    const env = { FM_LND_RPC_ADDR: restUrl, FM_LND_TLS_CERT: certificatePath, FM_LND_MACAROON: macaroonPath };
    return { args: ["lnd"], env };
  }

  get processes() {
    return [...this.#inner.processes, ...this.#outside.processes];
  }

  get outsideLines() {
    const line = this.#outside.command.join(" ");
    return { invoice: `${line} addinvoice --amt 1000`, pay: `${line} payinvoice --force` };
  }

  get logFiles() {
    return [this.#inner, this.#outside].map(({ dir }) => join(dir, "lnd.log"));
  }

  async start(): Promise<void> {
    await Promise.all([this.#inner.start(), this.#outside.start()]);
  }

  async openChannels(): Promise<void> {
    const size = { sat: CHANNEL_SAT, pushSat: PUSH_SAT, coinSat: Number(COIN_SAT) };
    const ends = [[this.#inner, this.#outside], [this.#outside, this.#inner]] as const;
    // one after the other: each mines, and an LND that catches up opens none
    for (const [from, to] of ends) await openLndChannel(this.#env.federation, { from, to, ...size });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#inner.stop(), this.#outside.stop()]);
  }
}
