/** Real LNDs on regtest, beside a development chain. docs/protocol/08-lightning-nodes.md §A. */
import { join } from "@std/path";
import type { Clock } from "../../../actors/platform/platform.ts";
import { findProgram, foldersIn } from "../../../actors/platform/programs.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import { parseJson } from "../../../core/encoding/mod.ts";
import type { Result } from "../../../core/result.ts";
import { err, ok } from "../../../core/result.ts";
import type { DevFederation } from "./federation.ts";
import type { Ran } from "./processes.ts";
import { freePorts, OwnedProcess, runProgram } from "./processes.ts";
import type { BitcoinNode } from "./rpc.ts";
import { until } from "./waits.ts";

const COMMAND_MS = 600_000;
const CHANNEL_BLOCKS = 6;

/** Paths of the programs. */
export type LndPrograms = { readonly lnd: string; readonly lncli: string };

/** Looked for in `INTEROP_DIR`, then on the path. @param env reads a variable @returns or what is missing */
export async function findLnd(env: (name: string) => string | undefined): Promise<Result<LndPrograms, string>> {
  const folders = [...foldersIn(env("INTEROP_DIR")), ...foldersIn(env("PATH"))];
  const lnd = await findProgram("lnd", folders), lncli = await findProgram("lncli", folders);
  if (lnd !== undefined && lncli !== undefined) return ok({ lnd, lncli });
  const missing = [...(lnd === undefined ? ["lnd"] : []), ...(lncli === undefined ? ["lncli"] : [])];
  return err(
    `there is no ${
      missing.join(" and no ")
    } on the path. Get LND (github.com/lightningnetwork/lnd/releases), and put ` +
      "it on the path or name its folder in INTEROP_DIR; without --lnd the nodes are embedded ones.",
  );
}

export type DevLndOptions = {
  readonly clock: Clock;
  readonly chain: BitcoinNode;
  readonly programs: LndPrograms;
  /** Of its own; made when there is none. */
  readonly dir: string;
  readonly name: string;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** More of LND's. Default: none. */
  readonly flags?: readonly string[];
};

export class DevLnd {
  readonly dir: string;
  /** Of its peers. */
  readonly address: string;
  /** `host:port` */
  readonly rpc: string;
  /** `https://host:port`, as our gateway takes it. */
  readonly restUrl: string;
  /** Files of its own. */
  readonly certificatePath: string;
  readonly macaroonPath: string;
  readonly #options: DevLndOptions;
  #process: OwnedProcess | null = null;

  constructor(options: DevLndOptions) {
    const [peers, rpc, rest] = freePorts(3).map((port) => `127.0.0.1:${port}`) as [string, string, string];
    this.#options = options;
    this.dir = options.dir;
    this.address = peers;
    this.rpc = rpc;
    this.restUrl = `https://${rest}`;
    this.certificatePath = join(options.dir, "tls.cert");
    this.macaroonPath = join(options.dir, "data", "chain", "bitcoin", "regtest", "admin.macaroon");
  }

  /** Also after `kill`. Resolves when it is level with the chain and serves peers. */
  async start(): Promise<void> {
    const { clock, programs, dir, name, signal, chain: { url, username, password } } = this.#options;
    await Deno.mkdir(dir, { recursive: true, mode: 0o700 });
    this.#process = await OwnedProcess.start(clock, {
      name,
      command: [
        programs.lnd,
        `--lnddir=${dir}`,
        "--bitcoin.regtest",
        "--bitcoin.node=bitcoind",
        `--bitcoind.rpchost=${new URL(url).host}`,
        `--bitcoind.rpcuser=${username}`,
        `--bitcoind.rpcpass=${password}`,
        "--bitcoind.rpcpolling",
        "--bitcoind.blockpollinginterval=1s",
        "--bitcoind.txpollinginterval=1s",
        "--noseedbackup",
        "--nobootstrap",
        `--listen=${this.address}`,
        `--rpclisten=${this.rpc}`,
        `--restlisten=${new URL(this.restUrl).host}`,
        "--bitcoin.minhtlcout=1",
        "--debuglevel=info",
        ...this.#options.flags ?? [],
      ],
      env: {},
      logFile: join(dir, "lnd.log"),
      ...(signal && { signal }),
    });
    await this.until("LND is level with the chain", () => this.isSynced());
  }

  /** That runs, or none. */
  get processes(): OwnedProcess[] {
    return this.#process === null ? [] : [this.#process];
  }

  /** SIGKILL: as a power cut. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  /** In order. */
  async stop(): Promise<void> {
    await this.#process?.stop();
  }

  /** What `lncli` prints. @throws {Error} when it doesn't end well */
  async ask(...args: string[]): Promise<JsonObject> {
    const { exit, out, err } = await this.#lncli(args);
    if (exit !== 0) throw new Error(`lncli ${args.join(" ")}: ${out}${err}`);
    return parseJson(out) as JsonObject;
  }

  /** What runs `lncli` for it. */
  get command(): string[] {
    return [this.#options.programs.lncli, `--lnddir=${this.dir}`, "--network=regtest", `--rpcserver=${this.rpc}`];
  }

  run(...args: string[]): Promise<Ran> {
    return this.#lncli(args);
  }

  #lncli(args: readonly string[]): Promise<Ran> {
    const { clock, signal } = this.#options;
    return runProgram(clock, [...this.command, ...args], { withinMs: COMMAND_MS, ...(signal && { signal }) });
  }

  /** Tries again while it runs and what is wanted isn't there. */
  until<T>(what: string, attempt: () => Promise<T | null | false>): Promise<T> {
    const { clock, signal, name } = this.#options;
    return until({ clock, signal, processes: this.processes }, `${name}: ${what}`, attempt);
  }

  /** Level with the chain, and started as a whole: `getinfo` answers before peers are served. */
  async isSynced(): Promise<boolean> {
    const state = await this.run("state");
    if (state.exit !== 0 || (parseJson(state.out) as JsonObject).state !== "SERVER_ACTIVE") return false;
    const { exit, out } = await this.run("getinfo");
    return exit === 0 && (parseJson(out) as JsonObject).synced_to_chain === true;
  }

  async publicKey(): Promise<string> {
    return String((await this.ask("getinfo")).identity_pubkey);
  }

  async localBalanceSat(): Promise<number> {
    return Number(((await this.ask("channelbalance")).local_balance as JsonObject).sat);
  }
}

/** "before the wallet is fully synced" (its own), "Synchronizing blockchain" (its peer's). */
const NOT_LEVEL = /fully synced|synchronizing/i;

/** A channel that is to be opened: what `from` puts in, and what of that is `to`'s from the first. */
export type LndChannel = {
  readonly from: DevLnd;
  readonly to: DevLnd;
  readonly sat: number;
  readonly pushSat: number;
  /** What is paid to `from` before, on the chain. */
  readonly coinSat: number;
};

/** Funds a node, opens the channel, and waits until both can use it. */
export async function openLndChannel(
  chain: Pick<DevFederation, "bitcoin" | "mine">,
  { from, to, sat, pushSat, coinSat }: LndChannel,
): Promise<void> {
  const { address } = await from.ask("newaddress", "p2wkh");
  await chain.bitcoin("sendtoaddress", address!, coinSat / 1e8);
  await chain.mine(CHANNEL_BLOCKS);
  await from.until("it has its coins", async () => {
    return await from.isSynced() && Number((await from.ask("walletbalance")).confirmed_balance) >= coinSat;
  });
  await to.until("it is level with the chain", () => to.isSynced());
  const peer = await to.publicKey(), { peers } = await from.ask("listpeers");
  const isConnected = (peers as readonly JsonObject[]).some(({ pub_key: key }) => key === peer);
  if (!isConnected) await from.ask("connect", `${peer}@${to.address}`);
  const before = (await channelsOf(from)).map(pointOf);
  // either may be about to look at a block that it didn't know of when it called itself level
  await from.until("both are level with the chain, and the channel is opened", async () => {
    const ours = `--local_amt=${sat}`, theirs = `--push_amt=${pushSat}`;
    const { exit, out, err } = await from.run("openchannel", "--node_key", peer, ours, theirs);
    if (exit !== 0 && !NOT_LEVEL.test(err)) throw new Error(`lncli openchannel: ${out}${err}`);
    return exit === 0;
  });
  await chain.mine(CHANNEL_BLOCKS);
  const opened = await from.until("the channel is active", async () => {
    const channels = await channelsOf(from);
    return channels.find((channel) => channel.active === true && !before.includes(pointOf(channel))) ?? null;
  });
  await to.until("the channel is active", async () => {
    return (await channelsOf(to)).some((channel) => channel.active === true && pointOf(channel) === pointOf(opened));
  });
  for (const node of [from, to]) {
    await node.until("the channel is in the graph", async () => {
      const { exit, out } = await node.run("getchaninfo", "--chan_id", String(opened.scid ?? opened.chan_id));
      const edge = exit === 0 ? parseJson(out) as JsonObject : {};
      return Boolean(edge.node1_policy) && Boolean(edge.node2_policy);
    });
  }
}

async function channelsOf(node: DevLnd): Promise<readonly JsonObject[]> {
  return (await node.ask("listchannels")).channels as readonly JsonObject[];
}

function pointOf({ channel_point: point }: JsonObject): string {
  return String(point);
}
