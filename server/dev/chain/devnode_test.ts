import { assert, assertEquals, assertRejects } from "@std/assert";
import { checkSchema, MemoryBackend, openMemoryStore, StoreError } from "../../../actors/store/mod.ts";
import { loggerFor } from "../../../actors/logger.ts";
import { utf8 } from "../../../core/bytes.ts";
import { testChain, world } from "../../bitcoin/testing/world.ts";
import { CHAIN_SCHEMA } from "./db.ts";
import { Devnode } from "./devnode.ts";
import { DevchainError } from "./error.ts";

Deno.test("chain, mempool, coins and wallet are there again after a kill", async () => {
  const chain = await testChain();
  await chain.mine(103);
  const address = await chain.call<string>("getnewaddress");
  const confirmed = await chain.call<string>("sendtoaddress", address, 2);
  await chain.mine(2);
  const waiting = [
    await chain.call<string>("sendtoaddress", address, 3),
    await chain.call<string>("sendtoaddress", address, 4),
  ];
  const questions: [string, ...string[]][] = [
    ["getbestblockhash"],
    ["getbalance"],
    ["getrawmempool"],
    ["getrawtransaction", confirmed],
    ["gettxout", confirmed, "0"],
    ["getmempoolentry", waiting[0]!],
    ["getmempoolentry", waiting[1]!],
  ];
  const ask = (from: typeof chain) =>
    Promise.all(questions.map(([method, ...params]) => from.call(method, ...params.map((p) => p === "0" ? 0 : p))));
  const before = await ask(chain);
  const again = await chain.killed();
  assertEquals(await ask(again), before);
  assertEquals(await again.call("getrawmempool"), waiting);
  assert(await again.call<string>("getnewaddress") !== address, "an address is given out once");
  await again.mine(1);
  const third = await again.killed();
  assertEquals(await third.call("getrawmempool"), []);
  assertEquals(await third.call("getblockcount"), 106);
});

Deno.test("what was acknowledged survives a kill at any commit", async () => {
  for (let at = 1; at <= 12; at++) {
    const backend = new MemoryBackend({
      onWrite: (count) => {
        if (count > at) throw new Error("power cut");
      },
    });
    const acknowledged = { height: 0, address: "" };
    const here = world();
    try {
      const chain = await testChain({ disk: backend, world: here });
      for (let i = 0; i < 12; i++) {
        if (i % 3 === 2) acknowledged.address = await chain.call("getnewaddress");
        else acknowledged.height = (await chain.mine(1), chain.node.chain.height);
      }
    } catch (thrown) {
      if (!(thrown instanceof StoreError)) throw thrown;
    }
    const after = await testChain({ disk: backend.crash({}), world: here });
    assert(after.node.chain.height >= acknowledged.height, `height after a cut at write ${at}`);
    if (acknowledged.address !== "") {
      assert(await after.call<string>("getnewaddress") !== acknowledged.address);
    }
    await after.mine(1);
  }
});

async function damaged(change: (disk: MemoryBackend) => Promise<void>): Promise<DevchainError> {
  const chain = await testChain();
  await chain.mine(5);
  const disk = chain.disk.crash();
  await change(disk);
  return await assertRejects(async () => await testChain({ disk: disk.crash() }), DevchainError);
}

async function edit(
  disk: MemoryBackend,
  body: (
    tx: Parameters<Parameters<Awaited<ReturnType<typeof openMemoryStore>>["transact"]>[0]>[0],
  ) => Promise<void> | void,
): Promise<void> {
  const store = await openMemoryStore({ clock: world().clock, backend: disk });
  await (await store.transact(body)).durable;
}

function blockKey(height: number): Uint8Array {
  const key = new Uint8Array(14);
  key.set(utf8("block/"));
  new DataView(key.buffer).setBigUint64(6, BigInt(height));
  return key;
}

Deno.test("a chain with a changed byte is refused, with the height", async () => {
  const error = await damaged((disk) =>
    edit(disk, async (tx) => {
      const raw = await tx.get(blockKey(3));
      assert(raw !== undefined);
      raw[raw.length - 60]! ^= 1;
      tx.set(blockKey(3), raw);
    })
  );
  assertEquals(error.facts.height, 3);
});

Deno.test("a chain with a block missing, cut or swapped is refused", async () => {
  const missing = await damaged((disk) => edit(disk, (tx) => tx.delete(blockKey(2))));
  assertEquals(missing.facts.height, 3);
  const cut = await damaged((disk) =>
    edit(disk, async (tx) => tx.set(blockKey(4), (await tx.get(blockKey(4)))!.slice(0, -1)))
  );
  assertEquals(cut.facts.height, 4);
  const swapped = await damaged((disk) => edit(disk, async (tx) => tx.set(blockKey(4), (await tx.get(blockKey(5)))!)));
  assertEquals([swapped.facts.height, swapped.facts.reason.split(",")[0]], [4, "bad-prevblk"]);
});

Deno.test("a stored block whose signatures don't hold is refused", async () => {
  const chain = await testChain();
  await chain.mine(102);
  const txid = await chain.call<string>("sendtoaddress", await chain.call<string>("getnewaddress"), 1);
  const entry = chain.node.mempool.get(txid)!;
  const [signature, key] = entry.tx.inputs[0]!.witness;
  const forged = signature!.map((byte, i) => i === 20 ? byte ^ 1 : byte);
  chain.node.mempool.remove(entry);
  const tx = { ...entry.tx, inputs: [{ ...entry.tx.inputs[0]!, witness: [forged, key!] }] };
  chain.node.mempool.add({ ...entry, sequence: entry.sequence + 1, tx });
  await chain.mine(1);
  const error = await assertRejects(() => chain.killed(), DevchainError);
  assertEquals(error.facts.height, 103);
  assert(error.facts.reason.startsWith("block-script-verify-flag-failed"));
});

Deno.test("a stored transaction that is no longer accepted is dropped and said", async () => {
  const chain = await testChain();
  await chain.mine(102);
  const txid = await chain.call<string>("sendtoaddress", await chain.call<string>("getnewaddress"), 1);
  const entry = chain.node.mempool.get(txid)!;
  // on the disk the same transaction once more, which a node never stores by itself
  const tx = { ...entry.tx, inputs: [] };
  await chain.node.accept({ ...entry, tx, txid: "ab".repeat(32), sequence: entry.sequence + 1 });
  const again = await chain.killed();
  assertEquals(await again.call("getrawmempool"), [txid]);
  assert(again.world.lines().includes("warn: A transaction of the mempool is no longer accepted"));
  const third = await again.killed();
  assertEquals(third.world.lines().filter((line) => line.startsWith("warn:")).length, 1);
});

Deno.test("the faucet pays what it has, gives change, and says when it has too little", async () => {
  const chain = await testChain();
  await chain.mine(101);
  assertEquals(await chain.call("getbalance"), 50);
  assertEquals(await chain.failure("sendtoaddress", "bcrt1qfaucet", 1), "-5: Invalid address");
  const address = "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8";
  assertEquals(await chain.failure("sendtoaddress", address, 50), "-6: Insufficient funds");
  assertEquals(await chain.failure("sendtoaddress", address, 0), "-3: Invalid amount for send");
  assertEquals(await chain.failure("sendtoaddress", address, 0.000001), "-26: dust");
  const txid = await chain.call<string>("sendtoaddress", address, 50, "", "", true);
  const { fees, vsize } = await chain.call<{ fees: { base: number }; vsize: number }>("getmempoolentry", txid);
  assert(Math.round(fees.base * 1e8) >= vsize, "one satoshi a vbyte at least");
  assertEquals(await chain.call("getbalance"), 0);
  await chain.mine(1);
  assertEquals(await chain.call("getbalance"), 50);
});

Deno.test("many payments in a row spend change that isn't confirmed yet, up to the limit of relay", async () => {
  const chain = await testChain();
  await chain.mine(101);
  for (let i = 0; i < 25; i++) await chain.call("sendtoaddress", "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", 0.1);
  const failure = await chain.failure("sendtoaddress", "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", 0.1);
  assertEquals(failure.split(",")[0], "-26: too-long-mempool-chain");
  await chain.mine(1);
  await chain.call("sendtoaddress", "mfWxJ45yp2SFn7UciZyNpvDKrzbhyfKrY8", 0.1);
});

Deno.test("subsidy halves every 150 blocks and all coins are accounted for", async () => {
  const chain = await testChain();
  await chain.mine(460);
  const expected = 149n * 5_000_000_000n + 150n * 2_500_000_000n + 150n * 1_250_000_000n + 11n * 625_000_000n;
  let sumSat = 0n;
  for (let height = 1; height <= 460; height++) {
    const [txid = ""] = chain.node.chain.blockAt(height)!.txids;
    sumSat += chain.node.chain.coin(`${txid}:0`)!.valueSat;
  }
  assertEquals(sumSat, expected);
});

Deno.test("a store of a newer version is refused", async () => {
  const chain = await testChain();
  const disk = chain.disk.crash();
  const newer = await openMemoryStore({ clock: chain.world.clock, backend: disk });
  await checkSchema(newer, { version: CHAIN_SCHEMA.version + 1, migrations: { [CHAIN_SCHEMA.version]: () => {} } });
  await newer.close();
  const store = await openMemoryStore({ clock: chain.world.clock, backend: disk.crash() });
  const open = () => Devnode.open(store, chain.world.platform, loggerFor("x", () => {}));
  assertEquals((await assertRejects(open, StoreError)).code, "newer_schema");
});
