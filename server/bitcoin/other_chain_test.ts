/** A node that changes over to another chain than the guardian has read, and comes back. */
import { assert, assertEquals } from "@std/assert";
import { child, createSystem, refTo, supervisor } from "../../actors/mod.ts";
import { MemoryBackend, openMemoryStore } from "../../actors/store/mod.ts";
import { settle } from "../../actors/store/testing/mod.ts";
import type { BlockHeader } from "../../core/bitcoin/mod.ts";
import { blockHashOf, blockHeader } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { concat, toHex } from "../../core/bytes.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import { err, ok } from "../../core/result.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";
import type { World } from "./testing/world.ts";
import { world } from "./testing/world.ts";
import type { BitcoinMessage } from "./actor.ts";
import { bitcoinWatcher } from "./actor.ts";
import { CHAIN_MEMORY_PREFIX, ChainMemory } from "./chain_memory.ts";
import { BLOCK_HASHES_KEPT } from "./limits.ts";
import { bitcoinSourceOf } from "./source.ts";

const POLL_MS = 1_000;

type Chain = readonly BlockHeader[];

/** `length` headers, the first `common` of which are those of `before`. */
function chainOf(name: number, length: number, before: Chain = [], common = 0): Chain {
  const headers = before.slice(0, common);
  while (headers.length < length) {
    const parent = headers.at(-1);
    headers.push({
      version: name,
      prevBlockhash: parent ? blockHashOf(parent) : "00".repeat(32),
      merkleRoot: "00".repeat(32),
      time: headers.length,
      bits: 0x207fffff,
      nonce: 0,
    });
  }
  return headers;
}

function blockOf(header: BlockHeader): Bytes {
  return concat(encode(blockHeader, header), Uint8Array.of(0));
}

type Test = {
  readonly here: World;
  readonly source: BitcoinSource;
  /** What the node follows; null while it is away. */
  node: { chain: Chain | null };
  pass(ms: number): Promise<void>;
  /** Reads blocks as a module does. @returns how far it got */
  read(from: number, to: number): Promise<number>;
  warnings(): string[];
};

async function withNode(chain: Chain, body: (test: Test) => Promise<void>, disk?: MemoryBackend): Promise<void> {
  const here = world();
  const node: Test["node"] = { chain };
  const answer = (method: string, [at]: readonly (number | string)[]): unknown => {
    const current = node.chain!;
    if (method === "getblockcount") return current.length - 1;
    if (method === "getbestblockhash") return blockHashOf(current.at(-1)!);
    if (method === "getblockchaininfo") return { blocks: current.length - 1, verificationprogress: 1 };
    if (method === "getblockhash") return current[at as number] && blockHashOf(current[at as number]!);
    const header = current.find((each) => blockHashOf(each) === at);
    return header && toHex(blockOf(header));
  };
  await here.http.serveHttp({ hostname: "node", port: 1 }, async (request) => {
    if (node.chain === null) return new Response("", { status: 502 });
    const { method, params } = await request.json();
    const result = answer(method, params);
    return result === undefined
      ? Response.json({ result: null, error: { code: -8, message: "Block height out of range" } }, { status: 500 })
      : Response.json({ result, error: null });
  });
  const store = await openMemoryStore({ clock: here.clock, ...(disk && { backend: disk }) });
  const system = createSystem({ platform: here.platform, log: (record) => here.records.push(record) });
  const bitcoind = { url: "http://node:1", username: "user", password: "" };
  await system.start(supervisor("root", {
    children: [child(bitcoinWatcher, {
      args: { backend: { kind: "bitcoind", bitcoind }, pollMs: POLL_MS, store: store.view(CHAIN_MEMORY_PREFIX) },
    })],
  }));
  const pass = async (ms: number): Promise<void> => {
    await here.clock.advance(ms);
    for (let i = 0; i < 50; i++) await settle();
  };
  const source = bitcoinSourceOf(system, refTo<BitcoinMessage>("root/bitcoin"), here.clock);
  const read = async (from: number, to: number): Promise<number> => {
    for (let height = from; height < to; height++) {
      let got: Bytes | null = null;
      const stop = new AbortController();
      source.blockAt(height, stop.signal).then((block) => got = block, () => undefined);
      for (let tries = 0; tries < 20 && got === null; tries++) await settle();
      stop.abort();
      if (got === null) return height;
      assertEquals(decode(blockHeader, (got as Bytes).subarray(0, 80)), node.chain![height]);
    }
    return to;
  };
  const warnings = (): string[] =>
    here.records.splice(0).filter(({ level }) => level === "warn").map(({ facts }) => String(facts.reason));
  await pass(0);
  await body({ here, source, node, pass, read, warnings });
  const stopped = system.stop();
  await here.clock.advance(60_000);
  await stopped;
  await store.close();
}

const REST = "nothing is read from it. Use a node of the chain that this guardian has read";
const OLD = chainOf(1, 120);

Deno.test("a branch that leaves before the last block read is said with the block, and back on the chain reading goes on", () =>
  withNode(OLD, async ({ source, node, pass, read, warnings }) => {
    assertEquals(await read(50, 100), 100);
    node.chain = chainOf(2, 130, OLD, 95);
    await pass(POLL_MS);
    assertEquals(await source.status(), null);
    assertEquals(warnings(), [`the node follows another chain since block 95: ${REST}`]);
    assertEquals(await read(100, 101), 100, "nothing is read");
    warnings();
    node.chain = chainOf(1, 140, OLD, 120);
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 140);
    assertEquals(await read(100, 120), 120);
    assertEquals(warnings(), []);
  }));

Deno.test("a branch that leaves behind the last block read is what chains do", () =>
  withNode(OLD, async ({ source, node, pass, read, warnings }) => {
    assertEquals(await read(50, 100), 100);
    node.chain = chainOf(2, 121, OLD, 100);
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 121);
    assertEquals(await read(100, 115), 115);
    assertEquals(warnings(), []);
  }));

Deno.test("a change between two looks is noticed by the block itself", () =>
  withNode(OLD, async ({ source, node, read, warnings, pass }) => {
    assertEquals(await read(50, 100), 100);
    node.chain = chainOf(2, 130, OLD, 99);
    assertEquals(await read(100, 101), 100);
    assertEquals(warnings(), [`the node follows another chain since block 99 or before it: ${REST}`]);
    assertEquals(await source.status(), null);
    node.chain = OLD;
    await pass(POLL_MS);
    assertEquals(await read(100, 101), 101);
    node.chain = chainOf(3, 130, OLD, 100);
    assertEquals(await read(100, 101), 100, "a block read twice is the same block");
  }));

Deno.test("another chain of the same network is told by its first block, also when it is shorter", () =>
  withNode(OLD, async ({ source, node, pass, read, warnings }) => {
    assertEquals(await read(50, 100), 100);
    node.chain = chainOf(7, 20);
    await pass(POLL_MS);
    assertEquals(await source.status(), null);
    assertEquals(warnings(), [`the node follows another chain since block 1: ${REST}`]);
  }));

Deno.test("a node that loads the same chain again is no other chain, and one on a branch shows it as soon as it can", () =>
  withNode(OLD, async ({ source, node, pass, read, warnings }) => {
    assertEquals(await read(0, 100), 100);
    node.chain = OLD.slice(0, 60);
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 60);
    node.chain = chainOf(2, 80, OLD, 70);
    await pass(POLL_MS);
    assertEquals(await source.status(), null);
    assertEquals(warnings(), [`the node follows another chain since block 70: ${REST}`]);
  }));

Deno.test("what was read is known after a crash", async () => {
  const disk = new MemoryBackend();
  await withNode(OLD, async ({ read }) => {
    assertEquals(await read(50, 100), 100);
  }, disk);
  await withNode(chainOf(2, 130, OLD, 95), async ({ source, warnings }) => {
    assertEquals(await source.status(), null);
    assertEquals(warnings(), [`the node follows another chain since block 95: ${REST}`]);
  }, disk.crash());
});

Deno.test("nothing read is nothing to compare with: a guardian in setup, and one whose database is older", () =>
  withNode(OLD, async ({ source, node, pass, read }) => {
    node.chain = chainOf(2, 90);
    await pass(POLL_MS);
    assertEquals((await source.status())?.blockCount, 90);
    assertEquals(await read(70, 80), 80);
    assertEquals(await read(60, 65), 65, "older ones, as after a module was added");
  }));

Deno.test("so many hashes are kept, and behind them the block isn't known exactly", async () => {
  const end = BLOCK_HASHES_KEPT + 20, long = chainOf(1, end), branch = chainOf(2, end, long, 15);
  const store = await openMemoryStore({ clock: world().clock });
  const memory = new ChainMemory(store);
  const id = blockHashOf(long[1]!);
  for (let height = 10; height < end; height++) {
    assertEquals(await memory.remember(id, height, blockOf(long[height]!)), ok(null));
  }
  const kept = await store.read(async (tx) => (await Array.fromAsync(tx.range())).length);
  assertEquals(kept, BLOCK_HASHES_KEPT + 1);
  const asked: number[] = [];
  const check = (chain: Chain) =>
    memory.check(id, end, (height) => {
      asked.push(height);
      return Promise.resolve(ok(blockHashOf(chain[height]!)));
    });
  assertEquals(await check(long), ok(null));
  assertEquals(asked.splice(0), [end - 1]);
  assertEquals(await check(branch), err({ code: "other_chain", since: 20, exactly: false }));
  assert(asked.length < 15, "by halves");
  await store.close();
});

Deno.test("a poll asks for the tip, and when that is another one for two hashes, whatever was read", async () => {
  const asked: string[] = [];
  await withNode(OLD, async ({ here, node, pass, read }) => {
    assertEquals(await read(0, 100), 100);
    const { fetch } = here.http;
    Object.assign(here.platform.network, {
      fetch: (url: string, options: Parameters<typeof fetch>[1]) => {
        asked.push(JSON.parse(options.body as string).method);
        return fetch(url, options);
      },
    });
    await pass(POLL_MS);
    assertEquals(asked.splice(0), ["getbestblockhash"]);
    node.chain = chainOf(1, OLD.length + 1, OLD, OLD.length);
    await pass(POLL_MS);
  });
  assertEquals(asked.filter((method) => method === "getblockhash").length, 2);
  assertEquals(asked.filter((method) => method !== "getblockhash").sort(), [
    "getbestblockhash",
    "getblockchaininfo",
    "getblockcount",
  ]);
});
