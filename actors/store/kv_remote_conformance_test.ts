/**
 * The conformance suite over a KV Connect server: the one at `FEDIMINT_TEST_KV_URL`, which must be empty and is emptied
 * after each test; otherwise `denokv`, from `DENOKV_BIN` or the path, started for each test. Without either it is
 * skipped, and says so.
 */
import { assert, assertEquals } from "@std/assert";
import { concat, utf8 } from "../../core/bytes.ts";
import { isAllowed } from "../../core/testing/permissions.ts";
import { findProgram, foldersOf } from "../platform/testing/programs.ts";
import { realClock } from "../platform/real/clock.ts";
import { realDice } from "../platform/real/dice.ts";
import { conformance, type Database } from "./testing/conformance.ts";
import { openKvStore } from "./kv.ts";

const TOKEN = "a token of the tests";

const givenUrl = variable("FEDIMINT_TEST_KV_URL");
const program = variable("DENOKV_BIN") ?? await findProgram("denokv", foldersOf("PATH"));

if (givenUrl !== undefined) conformance("Deno KV remote", () => givenServer(givenUrl));
else if (program !== undefined) {
  conformance("Deno KV remote", () => ownServer(program));
  testRestart(program);
} else {
  Deno.test({
    name:
      "Deno KV remote: skipped, as there is no server: set DENOKV_BIN (cargo install denokv) or FEDIMINT_TEST_KV_URL",
    ignore: true, // no server to test against; its name says how to give one
    fn: () => {},
  });
}

/** Without permission to look it is not set. */
function variable(name: string): string | undefined {
  return isAllowed("env") ? Deno.env.get(name) : undefined;
}

async function givenServer(url: string): Promise<Database> {
  const kv = await Deno.openKv(url);
  for await (const _ of kv.list({ prefix: [] }, { limit: 1 })) {
    throw new Error("The database at FEDIMINT_TEST_KV_URL is not empty. The tests would delete what it holds.");
  }
  return {
    open: () => open(url),
    remove: async () => {
      for await (const { key } of kv.list({ prefix: [] })) await kv.delete(key);
      kv.close();
    },
  };
}

type Server = Database & { kill(): Promise<void>; start(): Promise<void> };

async function ownServer(command: string): Promise<Server> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const address = `127.0.0.1:${listener.addr.port}`;
  listener.close();
  let process: Deno.ChildProcess | undefined;
  const server: Server = {
    start: async () => {
      process = new Deno.Command(command, {
        args: ["--sqlite-path", `${folder}/database`, "serve", "--access-token", TOKEN, "--addr", address],
        stdout: "null",
        stderr: "null",
      }).spawn();
      await untilServed(address);
    },
    kill: async () => {
      process!.kill("SIGKILL");
      await process!.status;
    },
    open: () => open(`http://${address}`),
    remove: async () => {
      await server.kill();
      await Deno.remove(folder, { recursive: true });
    },
  };
  Deno.env.set("DENO_KV_ACCESS_TOKEN", TOKEN);
  await server.start();
  return server;
}

function testRestart(command: string): void {
  Deno.test("Deno KV remote: a server that is killed and started again in the midst of writing loses nothing", async () => {
    const server = await ownServer(command);
    const store = await server.open();
    const waits: Promise<void>[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 40; i++) {
        const key = utf8(`${round} ${i}`);
        // One in ten takes the journal's way.
        const count = i % 10 === 0 ? 1_200 : 1;
        const committed = await store.transact((tx) => {
          for (let j = 0; j < count; j++) tx.set(concat(key, utf8(` ${j}`)), key);
        });
        waits.push(committed.durable);
        if (i % 10 === 0) await waits.at(-5);
      }
      await server.kill();
      await server.start();
    }
    await Promise.all(waits);
    await store.close();
    const again = await server.open();
    let entries = 0;
    await again.read(async (tx) => {
      for await (const _ of tx.range()) entries++;
    });
    assertEquals(entries, 3 * (4 * 1_200 + 36));
    await again.close();
    await server.remove();
  });
}

function open(url: string): ReturnType<Database["open"]> {
  return openKvStore({ url, platform: { clock: realClock, dice: realDice } });
}

async function untilServed(address: string): Promise<void> {
  const [hostname, port] = address.split(":");
  for (let tries = 0; tries < 2_400; tries++) {
    try {
      (await Deno.connect({ hostname: hostname!, port: Number(port) })).close();
      return;
    } catch (thrown) {
      assert(
        thrown instanceof Deno.errors.ConnectionRefused,
        `the server is not there yet, and nothing else: ${thrown}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
  throw new Error("denokv did not start in a minute.");
}
