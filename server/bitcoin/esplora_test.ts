import { assert, assertEquals, assertThrows } from "@std/assert";
import type { BitcoinBackend } from "./backend.ts";
import { world } from "./_testing.ts";
import { esploraBackend } from "./esplora.ts";
import { merkleRootOf } from "../../core/bitcoin/mod.ts";
import { block, blockHashOf } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import { testChain } from "./_testing.ts";
import { BLOCK_BYTES_MAX } from "./limits.ts";

const never = new AbortController().signal;

async function serverWith(status: number, body: BodyInit): Promise<{ backend: BitcoinBackend; asked: string[] }> {
  const here = world();
  const asked: string[] = [];
  await here.http.serveHttp({ hostname: "node", port: 3_002 }, async (request) => {
    asked.push(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
    return new Response(body, { status });
  });
  return { backend: esploraBackend(here.platform.network, "http://node:3002/api/"), asked };
}

Deno.test("each question is asked as Esplora has it", async () => {
  const { backend, asked } = await serverWith(200, "5");
  assertEquals(await backend.blockCount(never), { ok: true, value: 6 });
  assertEquals(await backend.blockCountAndDownload(never), { ok: true, value: { blockCount: 6, downloading: false } });
  await backend.hashAt(3, never);
  await backend.blockOf("ab".repeat(32), never);
  await backend.feerateSatPerKvb(never);
  assertEquals(await backend.broadcast(fromHex("0102"), never), { ok: true, value: null });
  assertEquals(await backend.syncProgress(never), { ok: true, value: null });
  assertEquals(asked, [
    "GET /api/blocks/tip/height ",
    "GET /api/blocks/tip/height ",
    "GET /api/block-height/3 ",
    `GET /api/block/${"ab".repeat(32)}/raw `,
    "GET /api/fee-estimates ",
    "POST /api/tx 0102",
  ]);
});

Deno.test("fee rates are rounded as the reference rounds them", async () => {
  const table: [string, bigint | null][] = [
    [`{"1":87.882,"2":87.0}`, 87_884n],
    [`{"1":1.0,"2":1}`, 1_000n],
    [`{"1":2}`, 2_000n],
    [`{"1":0.001}`, 0n],
    [`{"2":50.5}`, 1_000n],
    ["{}", 1_000n],
    [`{"1":"5"}`, null],
    [`{"1":-1}`, null],
    [`{"1":1e300}`, null],
    ["[]", null],
    ["x", null],
  ];
  for (const [body, expected] of table) {
    const answer = await (await serverWith(200, body)).backend.feerateSatPerKvb(never);
    assertEquals(answer.ok ? answer.value : null, expected, body);
  }
});

Deno.test("a block is taken only if all of it belongs to the hash", async () => {
  const chain = await testChain();
  await chain.mine(102);
  for (const amount of [1, 2]) await chain.call("sendtoaddress", await chain.call<string>("getnewaddress"), amount);
  await chain.mine(1);
  const { raw, hash } = chain.node.chain.tip;
  const good = decode(block, raw);
  const [a, b, c] = good.transactions;
  assert(a !== undefined && b !== undefined && c !== undefined && good.transactions.length === 3);
  const answer = async (bytes: Uint8Array<ArrayBuffer>, asked = hash): Promise<string> => {
    const block = await (await serverWith(200, bytes)).backend.blockOf(asked, never);
    return block.ok ? "ok" : block.error.code;
  };
  assertEquals(await answer(raw), "ok");
  assertEquals(await answer(raw, "cd".repeat(32)), "bad_answer");
  assertEquals(await answer(raw.slice(0, -1)), "bad_answer");
  assertEquals(await answer(encode(block, { ...good, transactions: [a, c, b] })), "bad_answer");
  assertEquals(await answer(encode(block, { ...good, transactions: [] })), "bad_answer");
  // one transaction more, and the same merkle root
  const doubled = { ...good, transactions: [a, b, c, c] };
  assertEquals(blockHashOf(doubled.header), hash);
  assertEquals(merkleRootOf([...chain.node.chain.tip.txids, chain.node.chain.tip.txids[2]!]), good.header.merkleRoot);
  assertEquals(await answer(encode(block, doubled)), "bad_answer");
  assertEquals(await answer(new Uint8Array(BLOCK_BYTES_MAX + 1)), "bad_answer");
});

Deno.test("refusals and strange answers are told apart, and cut", async () => {
  const refused = await (await serverWith(404, "x".repeat(1_000))).backend.hashAt(1, never);
  assertEquals(refused, { ok: false, error: { code: "refused", rpcCode: 404, text: "x".repeat(300) } });
  for (const body of ["", "-1", "1.5", "9999999999", "ab"]) {
    assertEquals((await (await serverWith(200, body)).backend.blockCount(never)).ok, false);
    assertEquals((await (await serverWith(200, body)).backend.hashAt(1, never)).ok, false);
  }
  assertEquals((await (await serverWith(200, new Uint8Array([0xff]))).backend.hashAt(1, never)).ok, false);
  const { network } = world().platform;
  assertEquals(await esploraBackend(network, "https://nobody").blockCount(never), {
    ok: false,
    error: { code: "unreachable" },
  });
  for (const text of ["nobody", "file:///etc"]) assertThrows(() => esploraBackend(network, text), TypeError);
});
