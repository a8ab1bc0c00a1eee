/**
 * A gateway as a process, asked by the official `gateway-cli`: the official gatewayd on a real LND, or ours on a real
 * LND or with its embedded node. docs/protocol/06-lightning-meta.md §E.3.
 */
import { join } from "@std/path";
import type { ChannelLab } from "../../client/gateway/testing/channel.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { freePorts, OwnedProcess, ownProgram } from "../../server/dev/federation/processes.ts";
import { until, untilFound } from "../demo/waits.ts";
import type { Lnd } from "./lnd_node.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const COMMAND_MS = 300_000;
const PASSWORD = "pass";
/** bcrypt, of the password. */
const PASSWORD_HASH = "$2b$06$a8A/XduCAo.cMRrAMfyxteFgKWRZX//je8R4Eg51X6XuIF2q03Ooa";
/** Deep enough for guardians to agree on a block, and for a wallet to claim what is in it. */
const CONFIRMATIONS = 12;

export type GatewayPrograms = { readonly gatewayd: string; readonly "gateway-cli": string };

type Spec = {
  /** Of its folder in the suite's. */
  readonly name: string;
  /** Path of gateway-cli. */
  readonly cli: string;
  readonly command: readonly string[];
  /** Where its node is. */
  readonly env: Record<string, string>;
  /** Of its embedded node. */
  readonly peersPort: number;
};

export class Gateway {
  readonly name: string;
  /** Where clients reach it. */
  readonly url: string;
  /** `host:port` of its embedded node's peers. */
  readonly peerAddress: string;
  #process: OwnedProcess;
  readonly #cli: string;
  readonly #base: string;
  readonly #suite: Suite;

  private constructor(suite: Suite, { name, cli, peersPort }: Spec, base: string, process: OwnedProcess) {
    this.#suite = suite;
    this.name = name;
    this.#cli = cli;
    this.#base = base;
    this.url = `${base}/v1`;
    this.peerAddress = `127.0.0.1:${peersPort}`;
    this.#process = process;
  }

  /** Ends with the suite. Resolves when it is connected to its node. @param more variables */
  static official(
    suite: Suite,
    federation: DevFederation,
    { gatewayd, "gateway-cli": cli }: GatewayPrograms,
    lnd: Lnd,
    more: Record<string, string> = {},
  ): Promise<Gateway> {
    const command = [gatewayd, "lnd"], env = { ...lndVariables(lnd, `https://${lnd.rpc}`), ...more };
    return Gateway.#start(suite, federation, { name: "gatewayd", cli, command, env, peersPort: 0 });
  }

  /**
   * Ends with the suite. Resolves when it is connected to its node.
   * @param lnd none: the embedded node
   * @param more variables
   */
  static ours(
    suite: Suite,
    federation: DevFederation,
    cli: string,
    lnd?: Lnd,
    more: Record<string, string> = {},
  ): Promise<Gateway> {
    const [peersPort] = freePorts(1) as [number], kind = lnd ? "lnd" : "ldk";
    return Gateway.#start(suite, federation, {
      name: `our gateway on ${kind.toUpperCase()}`,
      cli,
      command: ownProgram("client/gateway/main.ts", kind),
      env: {
        ...(lnd ? lndVariables(lnd, lnd.restUrl) : { FM_PORT_LDK: String(peersPort), FM_LDK_ALIAS: "gateway" }),
        ...more,
      },
      peersPort,
    });
  }

  static async #start(suite: Suite, federation: DevFederation, spec: Spec): Promise<Gateway> {
    const dir = join(suite.dir, spec.name.replaceAll(" ", "-"));
    await Deno.mkdir(join(dir, "data"), { recursive: true });
    const [port] = freePorts(1), base = `http://127.0.0.1:${port}`;
    const { url, username, password } = federation.node;
    const process = await OwnedProcess.start(realPlatform().clock, {
      name: spec.name,
      command: spec.command,
      env: {
        FM_GATEWAY_DATA_DIR: join(dir, "data"),
        FM_GATEWAY_LISTEN_ADDR: `127.0.0.1:${port}`,
        FM_GATEWAY_API_ADDR: base,
        FM_GATEWAY_BCRYPT_PASSWORD_HASH: PASSWORD_HASH,
        FM_GATEWAY_NETWORK: "regtest",
        FM_GATEWAY_SKIP_SETUP: "1",
        FM_IN_DEVIMINT: "1",
        FM_BITCOIND_URL: url,
        FM_BITCOIND_USERNAME: username,
        FM_BITCOIND_PASSWORD: password,
        RUST_LOG: "info",
        ...spec.env,
      },
      logFile: join(dir, "gateway.log"),
      signal: suite.signal,
    });
    const gateway = new Gateway(suite, spec, base, process);
    suite.onEnd(() => gateway.#process.stop());
    await gateway.#connected();
    return gateway;
  }

  async #connected(): Promise<void> {
    await until(`${this.name} has its node`, async () => {
      demand(this.#process.isRunning, `${this.name} has ended`);
      const { exit, out } = await this.run("info");
      return exit === 0 && (parseJson(out) as JsonObject).gateway_state === "Running";
    }, this.#suite.signal);
  }

  /** Of its process. */
  get pid(): number {
    return this.#process.pid;
  }

  /** SIGKILL: as a power cut. */
  kill(): Promise<void> {
    return this.#process.kill();
  }

  /** In order. */
  async halt(): Promise<void> {
    await this.#process.stop();
  }

  /**
   * After `kill`, or when it has stopped. Resolves when it is connected to its node.
   * @param more variables
   */
  async startAgain(more: Record<string, string> = {}): Promise<void> {
    const { spec } = this.#process;
    this.#process = await OwnedProcess.start(realPlatform().clock, { ...spec, env: { ...spec.env, ...more } });
    await this.#connected();
  }

  /** Resolves when it has ended by itself, with its exit code. */
  get ended(): Promise<number> {
    return this.#process.ended;
  }

  run(...args: string[]) {
    const command = [this.#cli, "-a", this.#base, "--rpcpassword", PASSWORD, ...args];
    return run(command, { withinMs: COMMAND_MS, signal: this.#suite.signal });
  }

  /** What `gateway-cli` prints. @throws Error when it doesn't end well */
  async ask(...args: string[]): Promise<Json> {
    const { exit, out, err } = await this.run(...args);
    demand(exit === 0, `gateway-cli ${args.join(" ")}: ${out}${err}`);
    return out.trim() === "" ? null : parseJson(out);
  }

  /** What opening a channel takes. */
  channels(federation: DevFederation): ChannelLab {
    return {
      ask: (...args) => this.ask(...args),
      mine: (blocks) => federation.mine(blocks),
      isWaiting: (txid) => federation.isWaiting(txid),
      until: (what, attempt) => untilFound(what, attempt, this.#suite.signal),
    };
  }

  /** Joins, and has e-cash of this federation when it resolves. @returns the federation's id */
  async join(federation: DevFederation, depositSat: number): Promise<string> {
    const { federation_id: id } = await this.ask("connect-fed", federation.invite) as JsonObject;
    const made = await this.ask("ecash", "pegin", "--federation-id", String(id));
    const address = typeof made === "string" ? made : String((made as JsonObject).address);
    await federation.bitcoin("sendtoaddress", address, depositSat / 1e8);
    await federation.mine(CONFIRMATIONS);
    await until(`${this.name} has e-cash`, async () => await this.ecashMsat() > 0n, this.#suite.signal);
    return String(id);
  }

  /** E-cash of its only federation. */
  async ecashMsat(): Promise<bigint> {
    const { ecash_balances: balances } = await this.ask("get-balances") as unknown as {
      readonly ecash_balances: readonly { readonly ecash_balance_msats: number }[];
    };
    return BigInt(balances[0]?.ecash_balance_msats ?? 0);
  }
}

/** @param address ours asks by REST, gatewayd by gRPC */
function lndVariables(lnd: Lnd, address: string): Record<string, string> {
  return { FM_LND_RPC_ADDR: address, FM_LND_TLS_CERT: lnd.certificatePath, FM_LND_MACAROON: lnd.macaroonPath };
}
