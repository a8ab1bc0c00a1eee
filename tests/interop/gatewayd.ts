/** The official gateway on a real LND. docs/protocol/06-lightning-meta.md §E.3. */
import { join } from "@std/path";
import { realPlatform } from "../../actors/platform/real.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson } from "../../core/encoding/mod.ts";
import type { DevFederation } from "../../server/dev/federation/federation.ts";
import { freePorts, OwnedProcess } from "../../server/dev/federation/processes.ts";
import { until } from "../demo/waits.ts";
import type { Lnd } from "./lnd_node.ts";
import { run } from "./run.ts";
import type { Suite } from "./suite.ts";
import { demand } from "./suite.ts";

const COMMAND_MS = 300_000;
const PASSWORD = "pass";
/** bcrypt, of the password. */
const PASSWORD_HASH = "$2b$06$a8A/XduCAo.cMRrAMfyxteFgKWRZX//je8R4Eg51X6XuIF2q03Ooa";

export type GatewayPrograms = { readonly gatewayd: string; readonly "gateway-cli": string };

export class Gatewayd {
  /** Where clients reach it. */
  readonly url: string;
  readonly process: OwnedProcess;
  readonly #cli: string;
  readonly #base: string;
  readonly #suite: Suite;

  private constructor(suite: Suite, cli: string, base: string, process: OwnedProcess) {
    this.#suite = suite;
    this.#cli = cli;
    this.#base = base;
    this.url = `${base}/v1`;
    this.process = process;
  }

  /** Ends with the suite. Resolves when it is connected to its node. */
  static async start(
    suite: Suite,
    federation: DevFederation,
    { gatewayd, "gateway-cli": cli }: GatewayPrograms,
    lnd: Lnd,
  ): Promise<Gatewayd> {
    const dir = join(suite.dir, "gateway");
    await Deno.mkdir(join(dir, "data"), { recursive: true });
    const [port] = freePorts(1), base = `http://127.0.0.1:${port}`;
    const { url, username, password } = federation.node;
    const process = await OwnedProcess.start(realPlatform().clock, {
      name: "gatewayd",
      command: [gatewayd, "lnd"],
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
        FM_LND_RPC_ADDR: `https://${lnd.rpc}`,
        FM_LND_TLS_CERT: join(lnd.dir, "tls.cert"),
        FM_LND_MACAROON: join(lnd.dir, "data/chain/bitcoin/regtest/admin.macaroon"),
        RUST_LOG: "info",
      },
      logFile: join(dir, "gatewayd.log"),
      signal: suite.signal,
    });
    suite.onEnd(() => process.stop());
    const gateway = new Gatewayd(suite, cli, base, process);
    await until("the gateway has its node", async () => {
      demand(process.isRunning, "gatewayd has ended");
      const { exit, out } = await gateway.run("info");
      return exit === 0 && (parseJson(out) as JsonObject).gateway_state === "Running";
    }, suite.signal);
    return gateway;
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

  /** E-cash of its only federation. */
  async ecashMsat(): Promise<bigint> {
    const { ecash_balances: balances } = await this.ask("get-balances") as unknown as {
      readonly ecash_balances: readonly { readonly ecash_balance_msats: number }[];
    };
    return BigInt(balances[0]?.ecash_balance_msats ?? 0);
  }
}
