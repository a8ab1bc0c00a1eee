/** For tests: `deno task gateway` as a process, with the embedded node or on an LND, and its commands. */
import { join } from "@std/path";
import { NetworkError } from "../../../actors/platform/error.ts";
import type { Platform } from "../../../actors/platform/platform.ts";
import { LINE_UNITS_MAX } from "../../../actors/platform/limits.ts";
import { linesOf } from "../../../actors/platform/lines.ts";
import type { JsonObject } from "../../../core/encoding/mod.ts";
import { isJsonObject, parseJson } from "../../../core/encoding/mod.ts";
import { freePorts, ownProgram } from "../../../server/dev/federation/processes.ts";
import { runGatewayCli } from "../cli/cli.ts";
import { until } from "../node/ldk/testing/lab.ts";

const PASSWORD = "theresnosecondbest";
/** Of the least cost that there is. */
const PASSWORD_HASH = "$2b$04$0DFWbJvc.K2y6d6ZXjCq3ukxcy2WqhjJ54mAI.aYquMmNyWzg4EiO";

export type GatewayProgramOptions = {
  readonly platform: Platform;
  /** The gateway's data folder. */
  readonly folder: string;
  /** Flags. */
  readonly args?: readonly string[];
  readonly chain: { readonly url: string; readonly username: string; readonly password: string };
  /** URL of its REST interface, and its files. Default: the embedded node. */
  readonly lnd?: { readonly restUrl: string; readonly certificatePath: string; readonly macaroonPath: string };
};

export class GatewayProgram {
  readonly url: string;
  readonly lightningPort: number;
  /** What it wrote to standard error. */
  readonly said: string[] = [];
  readonly #options: GatewayProgramOptions;
  readonly #port: number;
  #child: Deno.ChildProcess | null = null;
  #reading: Promise<void> = Promise.resolve();

  constructor(options: GatewayProgramOptions) {
    const [port, lightningPort] = freePorts(2) as [number, number];
    this.#options = options;
    this.#port = port;
    this.lightningPort = lightningPort;
    this.url = `http://127.0.0.1:${port}/v1`;
  }

  /** Of its process, if it runs now. */
  get pid(): number | null {
    return this.#child?.pid ?? null;
  }

  get nodeFolder(): string {
    return join(this.#options.folder, "ldk_node");
  }

  /** Resolves when its API answers. */
  async start(): Promise<void> {
    this.#spawn({});
    await until("the gateway answers", async () => {
      const { network } = this.#options.platform;
      try {
        await network.fetch(this.url, { method: "GET", timeoutMs: 1_000, bodyBytesMax: 10_000 });
        return true;
      } catch (thrown) {
        if (thrown instanceof NetworkError) return false;
        throw thrown;
      }
    });
  }

  /** @returns the exit code of a start that ends by itself */
  async startsNot(env: Record<string, string>): Promise<number> {
    return await this.#ended(this.#spawn(env));
  }

  /** What it says of its node, once that is level with the chain. */
  connected(): Promise<JsonObject> {
    return until("the node is there", async () => {
      const { lightning_info: info } = await this.ask<JsonObject>("info");
      const connected = isJsonObject(info!) ? info.connected as JsonObject : null;
      return connected?.synced_to_chain === true && connected;
    });
  }

  /** A command of `gateway cli`. @returns its JSON */
  async ask<T>(...args: string[]): Promise<T> {
    const { output, exit } = await runGatewayCli({
      platform: this.#options.platform,
      args: ["--address", `http://127.0.0.1:${this.#port}`, "--rpcpassword", PASSWORD, ...args],
    });
    if (exit !== 0) throw new Error(`${args.join(" ")}: ${output}\n${this.said.slice(-10).join("\n")}`);
    return parseJson(output) as T;
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    if (this.#child === null) return;
    this.#child.kill("SIGKILL");
    await this.#ended(this.#child);
  }

  /** In order. @returns exit code; null when it didn't run */
  async stop(): Promise<number | null> {
    if (this.#child === null) return null;
    this.#child.kill("SIGTERM");
    return await this.#ended(this.#child);
  }

  async #ended(child: Deno.ChildProcess): Promise<number> {
    const { code } = await child.status;
    await this.#reading;
    this.#child = null;
    return code;
  }

  #spawn(env: Record<string, string>): Deno.ChildProcess {
    const { folder, chain, lnd, args: flags = [] } = this.#options;
    const [program, ...args] = ownProgram("client/gateway/main.ts", ...flags, lnd ? "lnd" : "ldk");
    const child = new Deno.Command(program!, {
      args,
      env: {
        FM_GATEWAY_DATA_DIR: folder,
        FM_GATEWAY_LISTEN_ADDR: `127.0.0.1:${this.#port}`,
        FM_GATEWAY_API_ADDR: `http://127.0.0.1:${this.#port}`,
        FM_GATEWAY_BCRYPT_PASSWORD_HASH: PASSWORD_HASH,
        FM_GATEWAY_NETWORK: "regtest",
        FM_IN_DEVIMINT: "1",
        ...(lnd
          ? {
            FM_LND_RPC_ADDR: lnd.restUrl,
            FM_LND_TLS_CERT: lnd.certificatePath,
            FM_LND_MACAROON: lnd.macaroonPath,
          }
          : {
            FM_BITCOIND_URL: chain.url,
            FM_BITCOIND_USERNAME: chain.username,
            FM_BITCOIND_PASSWORD: chain.password,
            FM_PORT_LDK: String(this.lightningPort),
            FM_LDK_ALIAS: "Alice's",
          }),
        ...env,
      },
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#child = child;
    this.#reading = (async () => {
      for await (const line of linesOf(child.stderr, LINE_UNITS_MAX)) this.said.push(line);
    })();
    return child;
  }
}
