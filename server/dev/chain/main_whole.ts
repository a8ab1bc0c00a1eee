/** The program as people start it: on a real socket, with a real store, killed without warning. */
import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import { freePorts } from "../federation/processes.ts";
import { BITCOIND, bitcoindTest } from "./testing/core_node.ts";
import { testsNeeding } from "../../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write", "net", "run", "env");

const MAIN = new URL("./main.ts", import.meta.url).pathname;

class Program {
  readonly port: number;
  readonly directory: string;
  readonly process: Deno.ChildProcess;
  readonly log: Promise<string>;

  constructor(directory: string, port: number, ...options: string[]) {
    const args = ["run", "-A", MAIN, "--dir", directory, "--rpc", `127.0.0.1:${port}`, ...options];
    this.port = port;
    this.directory = directory;
    this.process = new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "piped" }).spawn();
    this.log = new Response(this.process.stderr).text();
  }

  /** With the cookie file's secret. */
  async call<T>(method: string, ...params: unknown[]): Promise<T> {
    const cookie = await Deno.readTextFile(join(this.directory, "regtest", ".cookie"));
    const response = await fetch(`http://127.0.0.1:${this.port}/`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(cookie)}` },
      body: JSON.stringify({ method, params }),
    });
    const { result, error } = await response.json();
    assertEquals(error, null);
    return result;
  }

  async started(): Promise<this> {
    for (let tries = 0;; tries++) {
      try {
        await this.call("uptime");
        return this;
      } catch (thrown) {
        const notYet = thrown instanceof TypeError || thrown instanceof Deno.errors.NotFound ||
          thrown instanceof SyntaxError;
        if (!notYet || tries > 4_000) throw thrown;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<number> {
    this.process.kill(signal);
    return (await this.ended()).code;
  }

  async ended(): Promise<{ code: number; log: string }> {
    const [{ code }, log] = await Promise.all([this.process.status, this.log]);
    return { code, log };
  }
}

async function withDirectory(body: (directory: string, port: number) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "devchain-" });
  try {
    await body(directory, freePorts(1)[0]!);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

onMachine(
  "what was answered is there after a kill -9, and SIGTERM ends in order",
  () =>
    withDirectory(async (directory, port) => {
      const first = await new Program(directory, port).started();
      assertEquals(await first.call("getblockcount"), 101);
      const address = await first.call<string>("getnewaddress");
      const txid = await first.call<string>("sendtoaddress", address, 1);
      const [mined] = await first.call<string[]>("generatetoaddress", 1, address);
      const waiting = await first.call<string>("sendtoaddress", address, 2);
      await first.kill("SIGKILL");
      const second = await new Program(directory, port).started();
      assertEquals(await second.call("getbestblockhash"), mined);
      assertEquals(await second.call("getrawmempool"), [waiting]);
      assert(typeof await second.call("getrawtransaction", txid) === "string");
      assertEquals((await Deno.stat(join(directory, "regtest", ".cookie"))).mode! & 0o777, 0o600);
      assertEquals(await second.kill("SIGTERM"), 0);
      assert(!(await Array.fromAsync(Deno.readDir(join(directory, "regtest")))).some(({ name }) => name === ".cookie"));
    }),
);

onMachine(
  "whoever may read the folder of a running chain pays and mines with a command, and no amount that isn't one",
  () =>
    withDirectory(async (directory, port) => {
      const program = await new Program(directory, port).started();
      const command = async (...args: string[]): Promise<[number, string]> => {
        const all = ["run", "-A", MAIN, "--dir", directory, ...args];
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args: all }).output();
        return [code, new TextDecoder().decode(code === 0 ? stdout : stderr).trim()];
      };
      const address = await program.call<string>("getnewaddress");
      const [, txid] = await command("pay", `bitcoin:${address}`, "0.1", "btc", "--blocks", "2");
      assertEquals((await program.call<{ confirmations: number }>("getrawtransaction", txid, true)).confirmations, 2);
      assertEquals(await command("mine", "3"), [0, String(101 + 2 + 3)]);
      assertEquals((await command("pay", address, "500"))[1].includes('did you mean "500 sat"?'), true);
      assertEquals(await command("pay", "nobody", "1 btc"), [1, "error: That is no Bitcoin address"]);
      assertEquals((await Deno.stat(join(directory, "node.json"))).mode! & 0o777, 0o600);
      assertEquals(await program.kill("SIGTERM"), 0);
      assertEquals(await command("mine"), [
        1,
        `error: No chain runs in ${directory}. Say --dir and the folder of one.`,
      ]);
    }),
);

onMachine(
  "stop ends the program, and half of the credentials is refused",
  () =>
    withDirectory(async (directory, port) => {
      const half = new Program(directory, port, "--user", "u");
      const { code, log } = await half.ended();
      assertEquals([code, log.trim()], [1, "error: --user and --password go together"]);
      const program = await new Program(directory, port, "--premine", "0").started();
      assertEquals(await program.call("getblockcount"), 0);
      assertEquals(await program.call("stop"), "Dev chain stopping");
      assertEquals((await program.ended()).code, 0);
    }),
);

bitcoindTest(
  "bitcoin-cli works with the folder's cookie, and with user and password",
  () =>
    withDirectory(async (directory, port) => {
      const program = await new Program(directory, port, "--user", "u", "--password", "p").started();
      const cli = async (...args: string[]): Promise<string> => {
        const common = ["-regtest", `-rpcport=${port}`];
        const { stdout, stderr } = await new Deno.Command(join(dirname(BITCOIND!), "bitcoin-cli"), {
          args: [...common, ...args],
        }).output();
        return (new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)).trim();
      };
      const cookie = `-datadir=${directory}`;
      assertEquals(await cli(cookie, "getblockcount"), "101");
      const address = await cli(cookie, "getnewaddress");
      const txid = await cli(cookie, "-named", "sendtoaddress", `address=${address}`, "amount=0.1", "fee_rate=2");
      assertEquals(JSON.parse(await cli(cookie, "getrawmempool")), [txid]);
      assertEquals(JSON.parse(await cli(cookie, "-generate", "2")).blocks.length, 2);
      assertEquals(JSON.parse(await cli(cookie, "gettxout", txid, "0")).confirmations, 2);
      assertEquals(await cli("-rpcuser=u", "-rpcpassword=p", "getblockcount"), "103");
      assert((await cli("-rpcuser=u", "-rpcpassword=q", "getblockcount")).includes("Authorization failed"));
      assertEquals((await cli(cookie, "getblockhash", "999")).split("\n"), [
        "error code: -8",
        "error message:",
        "Block height out of range",
      ]);
      assert((await cli(cookie, "-getinfo")).includes("Chain: regtest"));
      assertEquals(await cli(cookie, "stop"), "Dev chain stopping");
      assertEquals((await program.ended()).code, 0);
    }),
);
