import { assert, assertEquals } from "@std/assert";
import { createSystem, refTo } from "../../../actors/mod.ts";
import { openMemoryStore } from "../../../actors/store/mod.ts";
import { settle } from "../../../actors/store/testing/mod.ts";
import { world } from "../../bitcoin/testing/world.ts";
import type { DevchainMessage } from "./actor.ts";
import { BATCH_CALLS_MAX, REQUEST_BYTES_MAX } from "./limits.ts";
import { handle } from "./server.ts";
import { devchainTree } from "./tree.ts";

const PORT = 18_443;
const here = world();
const system = createSystem({ platform: here.platform, log: (record) => here.records.push(record) });
let stops = 0;
const settings = {
  address: { hostname: "node", port: PORT },
  credentials: [{ username: "__cookie__", password: "c" }, { username: "user", password: "päss" }],
  stopAsked: () => void stops++,
};
const store = await openMemoryStore({ clock: here.clock });
await system.start(devchainTree({ ...settings, store, blockIntervalMs: 10_000, premineBlocks: 101 }));
const chain = refTo<DevchainMessage>("devchain/chain");

function basic(text: string): string {
  return `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`;
}

async function post(
  body: BodyInit | null,
  headers: HeadersInit = { authorization: basic("user:päss") },
  method = "POST",
) {
  const init = body === null ? { method, headers } : { method, headers, body };
  const response = await handle(system, { ...settings, chain }, new Request(`http://node:${PORT}/`, init));
  const text = await response.text();
  assertEquals(response.headers.get("content-length"), String(new TextEncoder().encode(text).length));
  return { status: response.status, text: text.trimEnd() };
}

Deno.test("only holders of a secret may call", async () => {
  const call = `{"method":"getblockcount","id":1}`;
  assertEquals((await post(call)).status, 200);
  assertEquals((await post(call, { authorization: basic("__cookie__:c") })).status, 200);
  for (const header of [basic("user:pass"), basic("user:"), basic(""), basic("__cookie__:päss"), "Bearer päss", ""]) {
    assertEquals((await post(call, { authorization: header })).status, 401, header);
  }
  assertEquals((await post(call, {})).status, 401);
  assertEquals((await post(null, {}, "GET")).status, 405);
});

Deno.test("answers have the form and the HTTP status of bitcoind's", async () => {
  const table: [string, number, string][] = [
    [`{"method":"getblockcount","params":[],"id":"a"}`, 200, `{"result":101,"error":null,"id":"a"}`],
    [`{"method":"getblockcount"}`, 200, `{"result":101,"error":null,"id":null}`],
    [`{"jsonrpc":"2.0","method":"getblockcount","id":1}`, 200, `{"jsonrpc":"2.0","result":101,"id":1}`],
    [`{"method":"nope","id":1}`, 404, `{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}`],
    [
      `{"jsonrpc":"2.0","method":"nope","id":1}`,
      200,
      `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":1}`,
    ],
    [
      `{"method":"getblockhash","params":[999],"id":1}`,
      500,
      `{"result":null,"error":{"code":-8,"message":"Block height out of range"},"id":1}`,
    ],
    [`{"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}`],
    [`{"method":5,"id":1}`, 400, `{"result":null,"error":{"code":-32600,"message":"Method must be a string"},"id":1}`],
    [`"getblockcount"`, 400, `{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}`],
    [`{"method":`, 500, `{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}`],
    [`{"method":"getbalance","id":1}`, 200, `{"result":50.00000000,"error":null,"id":1}`],
    [
      `{"method":"getblockhash","params":{"height":0},"id":1}`,
      200,
      `{"result":"0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206","error":null,"id":1}`,
    ],
    [
      `[{"method":"getblockcount","id":1},{"method":"nope","id":2},7]`,
      200,
      `[{"result":101,"error":null,"id":1},{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":2},` +
      `{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]`,
    ],
  ];
  for (const [body, status, text] of table) assertEquals(await post(body), { status, text }, body);
});

Deno.test("requests that are too large, too many in one, or not text are refused", async () => {
  assertEquals((await post("x".repeat(REQUEST_BYTES_MAX + 1))).status, 413);
  assertEquals((await post("x".repeat(REQUEST_BYTES_MAX))).status, 500);
  assertEquals((await post(new Uint8Array([0xff, 0xfe]))).status, 413);
  const calls = (count: number): string => `[${Array(count).fill(`{"method":"uptime"}`).join(",")}]`;
  assertEquals((await post(calls(BATCH_CALLS_MAX))).status, 200);
  assertEquals((await post(calls(BATCH_CALLS_MAX + 1))).status, 400);
});

Deno.test("blocks come by themselves in the interval", async () => {
  const count = async (): Promise<number> => JSON.parse((await post(`{"method":"getblockcount"}`)).text).result;
  const before = await count();
  await here.clock.advance(30_000);
  for (let i = 0; i < 50; i++) await settle();
  assertEquals(await count(), before + 3);
});

Deno.test("stop is answered and passed on", async () => {
  const before = stops;
  assertEquals((await post(`{"method":"stop","id":1}`)).text, `{"result":"Dev chain stopping","error":null,"id":1}`);
  assertEquals(stops, before + 1);
});

Deno.test("a chain that has stopped is busy for its callers", async () => {
  const stopped = system.stop();
  await here.clock.advance(60_000);
  await stopped;
  assertEquals((await post(`{"method":"getblockcount","id":1}`)).status, 503);
  assert(!JSON.stringify(here.records).includes("päss"));
});
