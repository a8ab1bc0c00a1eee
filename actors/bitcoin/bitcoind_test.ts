import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { BackendFailure, BitcoinBackend } from "./backend.ts";
import { failureText } from "./backend.ts";
import type { MemoryHttp } from "../../server/bitcoin/testing/world.ts";
import { world } from "../../server/bitcoin/testing/world.ts";
import { bitcoindBackend } from "./bitcoind.ts";
import { ANSWER_BYTES_MAX, NODE_TEXT_CHARACTERS_MAX } from "./limits.ts";

const URL_TEXT = "http://node:8332/";
const CREDENTIALS = { username: "user", password: "hunter2" };
const never = new AbortController().signal;

type Asked = { method: string; params: unknown[]; authorization: string | null };

/** A node that gives one answer to everything. */
async function nodeWith(
  status: number,
  body: string,
): Promise<{ backend: BitcoinBackend; asked: Asked[]; http: MemoryHttp }> {
  const here = world();
  const asked: Asked[] = [];
  await here.http.serveHttp({ hostname: "node", port: 8332 }, async (request) => {
    const { method, params } = await request.json();
    asked.push({ method, params, authorization: request.headers.get("authorization") });
    return new Response(body, { status });
  });
  return { backend: bitcoindBackend(here.platform.network, URL_TEXT, CREDENTIALS), asked, http: here.http };
}

function result(json: string): string {
  return `{"result":${json},"error":null,"id":0}`;
}

Deno.test("each question is asked as bitcoind has it, with basic authentication", async () => {
  const { backend, asked } = await nodeWith(200, result("7"));
  await backend.blockCount(never);
  await backend.hashAt(3, never);
  await backend.blockOf("ab".repeat(32), never);
  await backend.feerateSatPerKvb(never);
  await backend.syncProgress(never);
  await backend.broadcast(fromHex("0102"), never);
  assertEquals(asked.map(({ method, params }) => [method, ...params]), [
    ["getblockcount"],
    ["getblockhash", 3],
    ["getblock", "ab".repeat(32), 0],
    ["estimatesmartfee", 1, "CONSERVATIVE"],
    ["getblockchaininfo"],
    ["sendrawtransaction", "0102", 0],
  ]);
  assertEquals(new Set(asked.map(({ authorization }) => authorization)), new Set([`Basic ${btoa("user:hunter2")}`]));
});

async function answerOf<T>(body: string, ask: (backend: BitcoinBackend) => Promise<T>, status = 200): Promise<T> {
  return await ask((await nodeWith(status, body)).backend);
}

Deno.test("the count of blocks is one more than the height of the tip", async () => {
  assertEquals(await answerOf(result("0"), (node) => node.blockCount(never)), { ok: true, value: 1 });
  assertEquals(await answerOf(result("840000"), (node) => node.blockCount(never)), { ok: true, value: 840_001 });
});

Deno.test("fee rates are exact, whatever form the number has", async () => {
  const table: [string, bigint | null][] = [
    [`{"feerate":0.00001000,"blocks":2}`, 1_000n],
    [`{"feerate":1e-5,"blocks":2}`, 1_000n],
    [`{"feerate":1.23456E-3,"blocks":2}`, 123_456n],
    [`{"feerate":0.07123456,"blocks":2}`, 7_123_456n],
    [`{"feerate":1,"blocks":2}`, 100_000_000n],
    [`{"errors":["Insufficient data or no feerate found"],"blocks":0}`, null],
  ];
  for (const [json, value] of table) {
    assertEquals(await answerOf(result(json), (node) => node.feerateSatPerKvb(never)), { ok: true, value });
  }
});

const BLOCK_1_HEADER =
  "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee1467" +
  "7ba1a3c3540bf7b1cdb606e857233e0e61bc6649ffff001d01e36299";
const BLOCK_1_HASH = "00000000839a8e6886ab5951d76f411475428afc90947ee320161bbf18eb6048";

Deno.test("a block is taken only if its header hashes to what was asked for", async () => {
  const good = await answerOf(result(`"${BLOCK_1_HEADER}00"`), (node) => node.blockOf(BLOCK_1_HASH, never));
  assert(good.ok);
  assertEquals(toHex(good.value), `${BLOCK_1_HEADER}00`);
  const other = await answerOf(result(`"${BLOCK_1_HEADER}00"`), (node) => node.blockOf("cd".repeat(32), never));
  assertEquals(other.ok ? "" : other.error.code, "bad_answer");
});

Deno.test("answers of another form than was asked for are refused", async () => {
  const questions: ((node: BitcoinBackend) => Promise<{ ok: boolean; error?: BackendFailure }>)[] = [
    (node) => node.blockCount(never),
    (node) => node.hashAt(1, never),
    (node) => node.blockOf(BLOCK_1_HASH, never),
    (node) => node.feerateSatPerKvb(never),
    (node) => node.syncProgress(never),
  ];
  const bodies = [
    "true",
    `"zz"`,
    "-1",
    "[]",
    `{"feerate":"1"}`,
    `{"feerate":1e9}`,
    `{"feerate":0.000000001}`,
    `{"verificationprogress":1.5}`,
    "1.5",
    `"${BLOCK_1_HEADER.slice(2)}"`,
  ];
  const accepted: string[] = [];
  for (const body of bodies) {
    for (const [i, ask] of questions.entries()) {
      const answer = await answerOf(result(body), ask);
      if (answer.ok) accepted.push(`${i} ${body}`);
      else assertEquals(answer.error?.code, "bad_answer");
    }
  }
  // an object without a rate says that there is no estimate
  assertEquals(accepted, [`3 {"verificationprogress":1.5}`]);
});

Deno.test("a transaction that is in the chain counts as broadcast, another refusal doesn't", async () => {
  const refusal = (code: number): string => `{"result":null,"error":{"code":${code},"message":"no"},"id":0}`;
  const send = (node: BitcoinBackend) => node.broadcast(fromHex("00"), never);
  assertEquals(await answerOf(refusal(-27), send, 500), { ok: true, value: null });
  assertEquals(await answerOf(refusal(-26), send, 500), {
    ok: false,
    error: { code: "refused", rpcCode: -26, text: "no" },
  });
});

Deno.test("a node that is away, strange or strict is told apart", async () => {
  const count = (node: BitcoinBackend) => node.blockCount(never);
  const codeOf = async (body: string, status: number): Promise<string> => {
    const answer = await answerOf(body, count, status);
    return answer.ok ? "ok" : answer.error.code;
  };
  assertEquals(await codeOf("", 401), "unauthorized");
  assertEquals(await codeOf("", 403), "unauthorized");
  assertEquals(await codeOf("<html>502</html>", 502), "bad_answer");
  assertEquals(await codeOf(result("1"), 500), "bad_answer");
  assertEquals(await codeOf("[]", 200), "bad_answer");
  assertEquals(await codeOf("{}", 200), "bad_answer");
  assertEquals(await codeOf(result(`"${"0".repeat(ANSWER_BYTES_MAX)}"`), 200), "bad_answer");
  const { backend, http } = await nodeWith(200, result("1"));
  http.cut.add(8332);
  assertEquals(await backend.blockCount(never), { ok: false, error: { code: "unreachable" } });
});

Deno.test("a node's own text is cut, and credentials are in no failure", async () => {
  const long = `{"result":null,"error":{"code":-1,"message":"${"x".repeat(1_000)}"},"id":0}`;
  const answer = await answerOf(long, (node) => node.blockCount(never), 500);
  assert(!answer.ok && answer.error.code === "refused");
  assertEquals(answer.error.text.length, NODE_TEXT_CHARACTERS_MAX);
  assert(!failureText(answer.error).includes("hunter2"));
});

Deno.test("credentials in the URL are dropped, and a text that is no URL isn't repeated", () => {
  const { network } = world().platform;
  const shown = Deno.inspect(bitcoindBackend(network, "http://u:hunter3@node:8332/", CREDENTIALS), {
    depth: 9,
    showHidden: true,
  });
  assert(!shown.includes("hunter"));
  for (const text of ["u:hunter3@node", "ftp://u:hunter3@node/"]) {
    const error = assertThrows(() => bitcoindBackend(network, text, CREDENTIALS), TypeError);
    assert(!error.message.includes("hunter3"));
  }
});
