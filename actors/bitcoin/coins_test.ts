import { assertEquals } from "@std/assert";
import { testChain, world } from "../../server/bitcoin/testing/world.ts";
import { addressFromScript } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, toHex } from "../../core/bytes.ts";
import type { Json, JsonObject } from "../../core/encoding/mod.ts";
import { parseJson, stringifyJson } from "../../core/encoding/mod.ts";
import { bitcoindCoins, esploraCoins } from "./coins.ts";

const never = new AbortController().signal;
const OURS = fromHex(`0014${"11".repeat(20)}`), OTHER = fromHex(`0014${"22".repeat(20)}`);
const TXID = "ab".repeat(32), HASH = "cd".repeat(32);

/** A node on HTTP. @param answer to a path and the body that came with it */
async function nodeWith(answer: (path: string, body: string) => string) {
  const here = world();
  await here.http.serveHttp({ hostname: "node", port: 3_002 }, async (request) => {
    const body = await request.text();
    return new Response(answer(new URL(request.url).pathname, body));
  });
  return here.platform;
}

async function bitcoindWith(result: Json, scripts: readonly Bytes[] = [OURS]) {
  const { network } = await nodeWith(() => stringifyJson({ result, error: null, id: 0 }));
  return await bitcoindCoins(network, "http://node:3002/", { username: "u", password: "p" }).find(scripts, never);
}

const UNSPENT: JsonObject = { txid: TXID, vout: 1, scriptPubKey: toHex(OURS), amount: 1, height: 7, coinbase: false };

function scanOf(...unspents: Json[]): JsonObject {
  return { success: true, txouts: 9, height: 9, bestblock: HASH, unspents, total_amount: 0 };
}

Deno.test("bitcoind's coins are those that the chain has of the scripts, at the block that it says", async () => {
  const chain = await testChain();
  await chain.node.generate(2, OURS);
  await chain.node.generate(1, OTHER);
  const network = await nodeWith((_path, body) => {
    const { method, params } = parseJson(body) as JsonObject;
    return stringifyJson({ result: { method: method!, params: params! }, error: null, id: 0 });
  });
  const asked = await bitcoindCoins(network.network, "http://node:3002/", { username: "u", password: "p" })
    .find([OURS, OTHER], never);
  assertEquals(asked.ok, false, "that is no answer");
  const answer = await chain.call<Json>("scantxoutset", "start", [`raw(${toHex(OURS)})`]);
  const found = await bitcoindWith(answer);
  if (!found.ok) throw new Error(found.error.code);
  assertEquals(found.value.tip, { hash: chain.node.chain.tip.hash, height: 3 });
  assertEquals(found.value.coins.map(({ valueSat, height }) => [valueSat, height]).sort(), [
    [5_000_000_000n, 1],
    [5_000_000_000n, 2],
  ]);
});

Deno.test("what bitcoind answers with something else than coins of ours is refused", async () => {
  assertEquals((await bitcoindWith(scanOf(UNSPENT))).ok, true);
  const bad: Json[] = [
    null,
    { ...scanOf(), success: false },
    { ...scanOf(), bestblock: "zz" },
    scanOf({ ...UNSPENT, scriptPubKey: toHex(OTHER) }),
    scanOf({ ...UNSPENT, txid: "ab" }),
    scanOf({ ...UNSPENT, vout: -1 }),
    scanOf({ ...UNSPENT, height: 10 }),
    scanOf({ ...UNSPENT, amount: "1" }),
    scanOf({ ...UNSPENT, amount: -1 }),
    scanOf(UNSPENT, 5),
  ];
  for (const result of bad) {
    const found = await bitcoindWith(result);
    assertEquals(found.ok ? "ok" : found.error.code, "bad_answer", stringifyJson(result));
  }
});

/** @param tips of each time that it is asked for */
async function esploraWith(utxos: Json, tips: readonly number[] = [9]) {
  const paths: string[] = [], left = [...tips];
  const platform = await nodeWith((path) => {
    paths.push(path);
    if (path === "/blocks/tip/height") return String(left.length > 1 ? left.shift() : left[0]);
    if (path.startsWith("/block-height/")) return path.slice(-1).repeat(64);
    return stringifyJson(utxos);
  });
  return { found: await esploraCoins(platform, "http://node:3002", "regtest").find([OURS], never), paths };
}

const UTXO: JsonObject = { txid: TXID, vout: 1, value: 5_000, status: { confirmed: true, block_height: 7 } };

Deno.test("Esplora's coins are those of each address that are in the chain, while it doesn't change", async () => {
  const waiting = { ...UTXO, status: { confirmed: false } };
  const { found, paths } = await esploraWith([UTXO, waiting]);
  const coin = { txid: TXID, vout: 1, valueSat: 5_000n, script: OURS, height: 7 };
  assertEquals(found, { ok: true, value: { tip: { hash: "9".repeat(64), height: 9 }, coins: [coin] } });
  assertEquals(paths.filter((path) => path.includes("utxo")), [`/address/${addressFromScript(OURS, "regtest")}/utxo`]);
  const moved = await esploraWith([UTXO], [8, 9]);
  assertEquals(moved.found, { ok: false, error: { code: "busy" } });
  for (const bad of [{}, [5], [{ ...UTXO, value: -1 }], [{ ...UTXO, txid: "ab" }], [{ ...UTXO, status: null }]]) {
    const { found } = await esploraWith(bad);
    assertEquals(found.ok ? "ok" : found.error.code, "bad_answer", stringifyJson(bad));
  }
});
