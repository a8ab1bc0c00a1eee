/** Real LND nodes on regtest, beside a federation's bitcoind. docs/protocol/08-lightning-nodes.md §A. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import { openPinnedHttp } from "../../actors/platform/real/pinned_http.ts";
import type { Lnd as LndNode } from "../../client/gateway/node/lnd/lnd.ts";
import { DEFAULT_PAYMENT_OPTIONS, openLnd } from "../../client/gateway/node/lnd/lnd.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { freePorts, OwnedProcess } from "../../server/dev/federation/processes.ts";
import { until } from "../demo/waits.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const COMMAND_MS = 600_000;
/** How long LND tries to pay: by itself a minute. */
const PAYING_SECS = 400;
const CHANNEL_BLOCKS = 6;
const FUNDS_SAT = 10_000_000;

/** Paths of the programs. */
export type LndPrograms = { readonly lnd: string; readonly lncli: string };

/** The Bitcoin node beside it: a federation's, or one alone. */
export type Chain = Pick<DevFederation, "node" | "bitcoin" | "mine">;

export class Lnd {
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
  #process: OwnedProcess;
  readonly #lncli: string;
  readonly #suite: Suite;

  private constructor(
    suite: Suite,
    lncli: string,
    fields: {
      readonly dir: string;
      readonly address: string;
      readonly rpc: string;
      readonly rest: string;
      readonly process: OwnedProcess;
    },
  ) {
    this.dir = fields.dir;
    this.address = fields.address;
    this.rpc = fields.rpc;
    this.restUrl = `https://${fields.rest}`;
    this.certificatePath = join(fields.dir, "tls.cert");
    this.macaroonPath = join(fields.dir, "data", "chain", "bitcoin", "regtest", "admin.macaroon");
    this.#process = fields.process;
    this.#suite = suite;
    this.#lncli = lncli;
  }

  /** Ends with the suite. Resolves when it is level with the chain and serves peers. */
  static async start(suite: Suite, federation: Chain, { lnd, lncli }: LndPrograms, name: string): Promise<Lnd> {
    const dir = join(suite.dir, name);
    await Deno.mkdir(dir);
    const [peers, rpc, rest] = freePorts(3).map((port) => `127.0.0.1:${port}`) as [string, string, string];
    const { url, username, password } = federation.node;
    const process = await OwnedProcess.start(realPlatform().clock, {
      name,
      command: [
        lnd,
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
        `--listen=${peers}`,
        `--rpclisten=${rpc}`,
        `--restlisten=${rest}`,
        "--bitcoin.minhtlcout=1",
        "--debuglevel=info",
      ],
      env: {},
      logFile: join(dir, "lnd.log"),
      signal: suite.signal,
    });
    const node = new Lnd(suite, lncli, { dir, address: peers, rpc, rest, process });
    suite.onEnd(() => node.#process.stop());
    await until(`${name} is level with the chain`, () => node.isSynced(), suite.signal);
    return node;
  }

  /** SIGKILL: as a power cut. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** After `kill`. Resolves when it is level with the chain. */
  async startAgain(): Promise<void> {
    this.#process = await OwnedProcess.start(realPlatform().clock, this.#process.spec);
    await until("LND is level with the chain", () => this.isSynced(), this.#suite.signal);
  }

  /** Our gateway's connection to it. */
  open(): Promise<LndNode> {
    const { clock, dice, files } = realPlatform(), { restUrl: url, certificatePath, macaroonPath } = this;
    return openLnd(
      { url, certificatePath, macaroonPath, ...DEFAULT_PAYMENT_OPTIONS },
      { clock, dice, files, openHttp: openPinnedHttp, onTrouble: () => undefined },
    );
  }

  /** What `lncli` prints. @throws Error when it doesn't end well */
  async ask(...args: string[]): Promise<JsonObject> {
    const { exit, out, err } = await this.run(...args);
    demand(exit === 0, `lncli ${args.join(" ")}: ${out}${err}`);
    return parseJson(out) as JsonObject;
  }

  run(...args: string[]) {
    const command = [this.#lncli, `--lnddir=${this.dir}`, "--network=regtest", `--rpcserver=${this.rpc}`, ...args];
    return run(command, { withinMs: COMMAND_MS, signal: this.#suite.signal });
  }

  /** Resolves when the payment is over, exit code 0 when it was made. */
  pay(invoice: string) {
    return this.run("payinvoice", "--force", "--timeout", `${PAYING_SECS}s`, invoice);
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

/** A channel with half of its capacity on either side, ready for payments both ways. */
export async function openChannel(
  suite: Suite,
  federation: Chain,
  { from, to, sat }: { readonly from: Lnd; readonly to: Lnd; readonly sat: number },
): Promise<void> {
  const { address } = await from.ask("newaddress", "p2wkh");
  await federation.bitcoin("sendtoaddress", address!, FUNDS_SAT / 1e8);
  await federation.mine(CHANNEL_BLOCKS);
  await until("the node has its coins", async () => {
    return await from.isSynced() && Number((await from.ask("walletbalance")).confirmed_balance) >= FUNDS_SAT;
  }, suite.signal);
  await until("the other node is level with the chain", () => to.isSynced(), suite.signal);
  const peer = await to.publicKey();
  await from.ask("connect", `${peer}@${to.address}`);
  await from.ask("openchannel", "--node_key", peer, "--local_amt", `${sat}`, "--push_amt", `${sat / 2}`);
  await federation.mine(CHANNEL_BLOCKS);
  for (const node of [from, to]) {
    await until("the channel is active", async () => {
      const { channels } = await node.ask("listchannels", "--active_only") as {
        readonly channels: readonly JsonObject[];
      };
      return channels.length > 0;
    }, suite.signal);
  }
  const { channels } = await from.ask("listchannels") as { readonly channels: readonly JsonObject[] };
  for (const node of [from, to]) {
    await until("the channel is in the graph", async () => {
      const { exit, out } = await node.run(
        "getchaninfo",
        "--chan_id",
        String(channels[0]!.scid ?? channels[0]!.chan_id),
      );
      const edge = exit === 0 ? parseJson(out) as JsonObject : {};
      return Boolean(edge.node1_policy) && Boolean(edge.node2_policy);
    }, suite.signal);
  }
}
