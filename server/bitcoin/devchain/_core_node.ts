/** For tests: a real bitcoind, where there is one: `BITCOIND_DIR`, or `bitcoind` on the path. */
import { join } from "@std/path";
import type { Json } from "../../../core/encoding/mod.ts";
import { freePorts } from "../../devfed/processes.ts";

async function find(): Promise<string | null> {
  const directories = [Deno.env.get("BITCOIND_DIR"), ...(Deno.env.get("PATH") ?? "").split(":")];
  for (const directory of directories) {
    if (directory === undefined || directory === "") continue;
    const path = join(directory, "bitcoind");
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
  }
  return null;
}

/** Null where there is none: tests that need it are then ignored by name. */
export const BITCOIND: string | null = await find();

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
