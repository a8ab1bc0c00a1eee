import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ManualClock } from "../store/testing/mod.ts";
import type { BitcoinBackend } from "./backend.ts";
import { failureText } from "./backend.ts";
import { world } from "../../server/bitcoin/testing/world.ts";
import { esploraBackend } from "./esplora.ts";
import { merkleRootOf } from "../../core/bitcoin/mod.ts";
import { block, blockHashOf } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import { decode, encode } from "../../core/encoding/mod.ts";
import { testChain } from "../../server/bitcoin/testing/world.ts";
import { BLOCK_BYTES_MAX } from "./limits.ts";

const never = new AbortController().signal;

type Server = { readonly backend: BitcoinBackend; readonly asked: string[]; readonly clock: ManualClock };

async function serverWith(
  status: number,
  body: BodyInit,
  options: { readonly headers?: HeadersInit; readonly answer?: (path: string) => Response | null } = {},
): Promise<Server> {
  const here = world();
  const asked: string[] = [];
  await here.http.serveHttp({ hostname: "node", port: 3_002 }, async (request) => {
    const { pathname, search } = new URL(request.url);
    asked.push(`${request.method} ${pathname}${search} ${await request.text()}`);
    const { headers = {}, answer } = options;
    return answer?.(pathname.slice("/api".length)) ?? new Response(body, { status, headers });
  });
  return { backend: esploraBackend(here.platform, "http://node:3002/api/"), asked, clock: here.clock };
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

Deno.test("fee rates are rounded as the reference rounds them; without one for the next block the nearest is taken", async () => {
  const table: [string, bigint | null | "bad"][] = [
    [`{"1":87.882,"2":87.0}`, 87_884n],
    [`{"1":1.0,"2":1}`, 1_000n],
    [`{"1":2}`, 2_000n],
    [`{"1":0.001}`, 0n],
    [`{"2":50.5}`, 50_500n],
    [`{"1008":1.0,"144":3,"25":7.5}`, 7_500n],
    ["{}", null],
    [`{"0":5,"soon":5}`, null],
    [`{"1":"5"}`, "bad"],
    [`{"2":"5"}`, "bad"],
    [`{"1":-1}`, "bad"],
    [`{"1":1e300}`, "bad"],
    ["[]", "bad"],
    ["x", "bad"],
  ];
  for (const [body, expected] of table) {
    const answer = await (await serverWith(200, body)).backend.feerateSatPerKvb(never);
    assertEquals(answer.ok ? answer.value : "bad", expected, body);
  }
});

Deno.test("a server that has too many questions is left alone for as long as it asks", async () => {
  const busy = { ok: false, error: { code: "busy" } } as const;
  for (
    const [status, retryAfter, quietMs] of [
      [429, "120", 120_000],
      [503, "5", 5_000],
      [429, null, 60_000],
      [429, "soon", 60_000],
      [429, "0", 1_000],
      [429, "999999999", 3_600_000],
    ] as const
  ) {
    const headers = retryAfter === null ? {} : { "retry-after": retryAfter };
    const { backend, asked, clock } = await serverWith(status, "Too Many Requests", { headers });
    assertEquals(await backend.blockCount(never), busy);
    await clock.advance(quietMs - 1);
    assertEquals(await backend.blockCount(never), busy);
    assertEquals(await backend.broadcast(fromHex("01"), never), busy);
    assertEquals(asked.length, 1, `${status} ${retryAfter}`);
    await clock.advance(1);
    await backend.blockCount(never);
    assertEquals(asked.length, 2, `${status} ${retryAfter}`);
  }
  const unavailable = await (await serverWith(503, "no")).backend.blockCount(never);
  assertEquals(unavailable, { ok: false, error: { code: "refused", rpcCode: 503, text: "no" } });
});

Deno.test("a page is not quoted, and a text becomes one line", async () => {
  const textOf = async (body: string): Promise<string> => {
    const answer = await (await serverWith(502, body)).backend.blockCount(never);
    return answer.ok ? "" : failureText(answer.error);
  };
  assertEquals(await textOf("<html><body>502 Bad Gateway <b>nginx</b></body></html>"), "error 502");
  assertEquals(await textOf("\n <!DOCTYPE html>\n<title>Just a moment</title>"), "error 502");
  assertEquals(await textOf("Block not\r\n\u001b[31m found"), "error 502: Block not [31m found");
  assertEquals(await textOf("\u00ff".repeat(2_000)), `error 502: ${"\u00ff".repeat(300)}`);
});

const REFUSED = (code: number, text: string) =>
  new Response(`sendrawtransaction RPC error: {"code":${code},"message":"${text}"}`, { status: 400 });
const EXCEEDS = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";

Deno.test("a transaction that is refused for its fee goes as a package without a limit", async () => {
  const send = async (atTx: Response, atPackage: string) => {
    const server = await serverWith(200, "", { answer: (path) => path === "/tx" ? atTx : new Response(atPackage) });
    return { sent: await server.backend.broadcast(fromHex("0102"), never), asked: server.asked };
  };
  assertEquals(await send(REFUSED(-25, EXCEEDS), `{"package_msg":"success","tx-results":{}}`), {
    sent: { ok: true, value: null },
    asked: ["POST /api/tx 0102", `POST /api/txs/package?maxfeerate=0 ["0102"]`],
  });
  for (const failed of [`{"package_msg":"transaction failed"}`, "not found", "[]"]) {
    const { sent } = await send(REFUSED(-25, EXCEEDS), failed);
    assert(!sent.ok && failureText(sent.error).includes("Fee exceeds maximum"), "the first reason is the one to tell");
  }
  for (const text of ["Transaction outputs already in utxo set", "Transaction already in block chain"]) {
    const { sent, asked } = await send(REFUSED(-27, text), "");
    assertEquals([sent.ok, asked.length], [true, 1]);
  }
  const { sent, asked } = await send(REFUSED(-26, "min relay fee not met"), "");
  assertEquals([sent.ok, asked.length], [false, 1]);
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
  const { platform } = world();
  assertEquals(await esploraBackend(platform, "https://nobody").blockCount(never), {
    ok: false,
    error: { code: "unreachable" },
  });
  for (const text of ["nobody", "file:///etc"]) assertThrows(() => esploraBackend(platform, text), TypeError);
});
