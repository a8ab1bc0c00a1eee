/**
 * For tests: a real bitcoind, where one is asked for: `BITCOIND_DIR`, its folder. `tests/interop/bitcoind.ts` finds one
 * and sets it.
 */
import { findProgram, foldersOf } from "../../../../actors/platform/testing/programs.ts";
import type { Json } from "../../../../core/encoding/mod.ts";
import { freePorts } from "../../federation/processes.ts";

/** Undefined where there is none. */
export const BITCOIND = await findProgram("bitcoind", foldersOf("BITCOIND_DIR"));

/** Names of these tests begin with it, and no others'. */
export const BITCOIND_TEST = "real bitcoind: ";

/** A test that needs it: ignored without one. */
export function bitcoindTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${BITCOIND_TEST}${name}`, ignore: BITCOIND === undefined, fn });
}

export type CoreAnswer = {
  readonly result: Json;
  readonly error: { readonly code: number; readonly message: string } | null;
};

export class CoreNode {
  readonly port: number;
  readonly username = "user";
  readonly password = "password";
  readonly #process: Deno.ChildProcess;
  readonly #directory: string;

  private constructor(port: number, process: Deno.ChildProcess, directory: string) {
    this.port = port;
    this.#process = process;
    this.#directory = directory;
  }

  /** On regtest without peers. Resolves when it answers. */
  static async start(): Promise<CoreNode> {
    const directory = await Deno.makeTempDir({ prefix: "core-node-" });
    const port = freePorts(1)[0]!;
    const args = [
      "-regtest",
      `-datadir=${directory}`,
      "-server",
      "-txindex",
      "-listen=0",
      `-rpcport=${port}`,
      "-rpcuser=user",
      "-rpcpassword=password",
    ];
    const process = new Deno.Command(BITCOIND!, { args, stdout: "null", stderr: "null" }).spawn();
    const node = new CoreNode(port, process, directory);
    for (let tries = 0;; tries++) {
      try {
        if ((await node.ask("getblockcount")).error === null) return node;
      } catch (thrown) {
        if (!(thrown instanceof TypeError) || tries > 600) throw thrown;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async ask(method: string, ...params: readonly Json[]): Promise<CoreAnswer> {
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${this.username}:${this.password}`)}` },
      body: JSON.stringify({ method, params }),
    });
    return await response.json();
  }

  async call<T = Json>(method: string, ...params: readonly Json[]): Promise<T> {
    const { result, error } = await this.ask(method, ...params);
    if (error !== null) throw new Error(`${method}: ${error.code} ${error.message}`);
    return result as T;
  }

  async stop(): Promise<void> {
    this.#process.kill("SIGTERM");
    await this.#process.status;
    await Deno.remove(this.#directory, { recursive: true });
  }
}
