import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ActorSystem } from "../../actors/mod.ts";
import { child, createSystem, refTo, supervisor } from "../../actors/mod.ts";
import { openMemoryStore } from "../../actors/store/mod.ts";
import { settle } from "../../actors/store/testing/mod.ts";
import { block, blockHashOf } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import { decode } from "../../core/encoding/mod.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";
import type { World } from "./testing/world.ts";
import { world } from "./testing/world.ts";
import type { BitcoinMessage } from "./actor.ts";
import { bitcoinWatcher } from "./actor.ts";
import { CHAIN_MEMORY_PREFIX } from "./chain_memory.ts";
import { devchainTree } from "../dev/chain/mod.ts";
import type { DevchainMessage } from "../dev/chain/mod.ts";
import { BLOCK_RETRY_FIRST_MS } from "./limits.ts";
import { bitcoinSourceOf } from "./source.ts";

const PORT = 18_443;
const POLL_MS = 1_000;
const never = new AbortController().signal;

type Test = {
  readonly here: World;
  readonly system: ActorSystem;
  readonly source: BitcoinSource;
  /** Asks the chain itself. */
  rpc<T>(method: string, ...params: unknown[]): Promise<T>;
  /** Lets time pass until what is under way has come to rest. */
  pass(ms: number): Promise<void>;
};

/** A watcher of a dev chain over HTTP in memory, on simulated time. */
async function withWatcher(
  options: { premineBlocks?: number; password?: string },
  body: (test: Test) => Promise<void>,
): Promise<void> {
  const here = world();
  const system = createSystem({ platform: here.platform, log: (record) => here.records.push(record) });
  const store = await openMemoryStore({ clock: here.clock });
  const credentials = [{ username: "user", password: "hunter2" }];
  const bitcoind = { url: `http://node:${PORT}`, username: "user", password: options.password ?? "hunter2" };
  await system.start(supervisor("root", {
    children: [
      devchainTree({
        store,
        address: { hostname: "node", port: PORT },
        credentials,
        blockIntervalMs: null,
        premineBlocks: options.premineBlocks ?? 101,
        stopAsked: () => {},
      }, { parent: "root" }),
      child(bitcoinWatcher, {
        args: { backend: { kind: "bitcoind", bitcoind }, pollMs: POLL_MS, store: store.view(CHAIN_MEMORY_PREFIX) },
      }),
    ],
  }));
  const pass = async (ms: number): Promise<void> => {
    await here.clock.advance(ms);
    for (let i = 0; i < 50; i++) await settle();
  };
  await pass(0);
  try {
    await body({
      here,
      system,
      source: bitcoinSourceOf(system, refTo<BitcoinMessage>("root/bitcoin"), here.clock),
      rpc: async (method, ...params) => {
        const outcome = await system.ask(refTo<DevchainMessage>("root/devchain/chain"), "call", {
          method,
          paramsJson: JSON.stringify(params),
        });
        assert(outcome.ok, JSON.stringify(outcome));
        return JSON.parse(outcome.value);
      },
      pass,
    });
  } finally {
    const stopped = system.stop();
    await here.clock.advance(60_000);
    await stopped;
  }
}

Deno.test("the status tells network, chain, blocks and fee rate, and follows the chain", () =>
  withWatcher({}, async ({ source, rpc, pass }) => {
    const chainId = await rpc<string>("getblockhash", 1);
    const status = { network: "regtest", chainId, blockCount: 102, feerateSatPerKvb: 1_000n, syncProgress: 1 } as const;
    assertEquals(await source.status(), status);
    await rpc("generatetoaddress", 3, await rpc<string>("getnewaddress"));
    assertEquals((await source.status())?.blockCount, 102, "the newest status that was polled");
    await pass(POLL_MS);
    assertEquals(await source.status(), { ...status, blockCount: 105 });
  }));

Deno.test("while the tip stays each look at the node is one question, and a new tip is seen with the next", () =>
  withWatcher({}, async ({ source, here, rpc, pass }) => {
    const before = here.http.fetches;
    for (let i = 0; i < 10; i++) await pass(POLL_MS);
    assertEquals(here.http.fetches - before, 10);
    assertEquals((await source.status())?.blockCount, 102);
    await rpc("generatetoaddress", 1, await rpc<string>("getnewaddress"));
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 103);
  }));

Deno.test("blocks and transactions go through the same node", () =>
  withWatcher({}, async ({ source, rpc, pass }) => {
    const raw = await source.blockAt(7, never);
    assertEquals(blockHashOf(decode(block, raw).header), await rpc("getblockhash", 7));
    const txid = await rpc<string>("sendtoaddress", await rpc<string>("getnewaddress"), 1);
    const hex = await rpc<string>("getrawtransaction", txid);
    assertEquals(await source.broadcast(fromHex(hex)), { ok: true, value: null }, "it has it");
    await rpc("generatetoaddress", 1, await rpc<string>("getnewaddress"));
    assertEquals(await source.broadcast(fromHex(hex)), { ok: true, value: null }, "it is in the chain");
    await pass(0);
  }));

Deno.test("why the node doesn't take a transaction is told to whoever hands it on", () =>
  withWatcher({}, async ({ source, here }) => {
    const broken = await source.broadcast(fromHex("00"));
    assertEquals(
      broken,
      { ok: false, error: "error -22: TX decode failed. Make sure the tx has at least one input." },
    );
    const large = await source.broadcast(new Uint8Array(400_001));
    assertEquals(large, { ok: false, error: "it has 400001 bytes, more than any node relays" });
    here.http.cut.add(PORT);
    assertEquals(await source.broadcast(fromHex("00")), { ok: false, error: "no connection" });
    assert(!JSON.stringify(here.records).includes("hunter2"));
  }));

Deno.test("a node that is away is said at once, then less often, its return once, and no block is lost", () =>
  withWatcher({}, async ({ source, here, rpc, pass }) => {
    here.http.cut.add(PORT);
    await pass(POLL_MS);
    assertEquals(await source.status(), null);
    let fetched: Uint8Array | undefined;
    const waiting = source.blockAt(5, never).then((raw) => fetched = raw);
    await pass(300_000);
    assertEquals(fetched, undefined);
    here.http.cut.delete(PORT);
    await pass(120_000);
    await waiting;
    assertEquals(blockHashOf(decode(block, fetched!).header), await rpc("getblockhash", 5));
    const said = here.lines().filter((line) => line.includes("node"));
    // at once, and after one and three minutes
    assertEquals(
      said.filter((line) => line.startsWith("warn:")),
      Array(3).fill("warn: No usable Bitcoin node; deposits and withdrawals wait for it"),
    );
    assertEquals(said.filter((line) => line.includes("answers again")).length, 1);
  }));

Deno.test("a block that isn't there yet is waited for", () =>
  withWatcher({}, async ({ source, here, rpc, pass }) => {
    let fetched: Uint8Array | undefined;
    const waiting = source.blockAt(102, never).then((raw) => fetched = raw);
    await pass(20 * BLOCK_RETRY_FIRST_MS);
    assertEquals(fetched, undefined);
    await rpc("generatetoaddress", 1, await rpc<string>("getnewaddress"));
    await pass(60_000);
    await waiting;
    assertEquals(blockHashOf(decode(block, fetched!).header), await rpc("getblockhash", 102));
    const complaints = here.lines().filter((line) => line.startsWith("warn:"));
    assertEquals(complaints, ["warn: The node does not give a block that consensus waits for"]);
  }));

Deno.test("whoever waits for a block can give up", () =>
  withWatcher({}, async ({ source, pass }) => {
    const giveUp = new AbortController();
    const waiting = assertRejects(() => source.blockAt(10_000, giveUp.signal), Error, "stopped");
    await pass(5_000);
    giveUp.abort(new Error("stopped"));
    await waiting;
    await assertRejects(() => source.blockAt(1, giveUp.signal), Error, "stopped");
  }));

Deno.test("a chain without block 1 gives no status, as in the reference", () =>
  withWatcher({ premineBlocks: 0 }, async ({ source, rpc, pass }) => {
    assertEquals(await source.status(), null);
    await rpc("generatetoaddress", 1, await rpc<string>("getnewaddress"));
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 2);
  }));

Deno.test("a wrong password is said in words, without the password", () =>
  withWatcher({ password: "hunter3" }, async ({ source, here }) => {
    assertEquals(await source.status(), null);
    const warning = here.records.find(({ level }) => level === "warn");
    assertEquals(warning?.facts.reason, "user or password is wrong");
    assert(!JSON.stringify(here.records).includes("hunter"));
  }));

Deno.test("a source whose watcher is gone waits like for a node that is away", () =>
  withWatcher({}, async ({ system, here, pass }) => {
    const source = bitcoinSourceOf(system, refTo<BitcoinMessage>("root/nobody"), here.clock);
    assertEquals(await source.status(), null);
    await source.broadcast(fromHex("00"));
    const giveUp = new AbortController();
    const waiting = assertRejects(() => source.blockAt(1, giveUp.signal), Error, "stopped");
    await pass(10_000);
    giveUp.abort(new Error("stopped"));
    await waiting;
  }));
