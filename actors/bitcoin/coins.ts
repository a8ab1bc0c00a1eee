/**
 * Coins of given scripts in the chain as it is, without reading its blocks: for a wallet that has its words and nothing
 * else. bitcoind looks through its set of coins (`scantxoutset`), an Esplora server knows each address.
 */
import type { Network, Platform } from "../platform/platform.ts";
import { addressFromScript, MONEY_MAX_SAT, satOfBtc } from "../../core/bitcoin/mod.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/network.ts";
import type { Bytes } from "../../core/bytes.ts";
import { isHex, toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { isJsonObject, JsonFloat, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BitcoinTxid, BlockHash } from "../../core/types/ids.ts";
import type { Answer, BackendFailure } from "./backend.ts";
import { esploraBackend } from "./esplora.ts";
import { EsploraHttp, textOf } from "./esplora_http.ts";
import type { Credentials } from "./json_rpc.ts";
import { JsonRpcClient } from "./json_rpc.ts";
import { COINS_ANSWER_BYTES_MAX, SCAN_TIMEOUT_MS } from "./limits.ts";

export type FoundCoin = {
  readonly txid: BitcoinTxid;
  readonly vout: number;
  readonly valueSat: bigint;
  readonly script: Bytes;
  /** Of the block that made it. */
  readonly height: number;
};

/** What nothing spends in the chain up to this block. */
export type FoundCoins = {
  readonly tip: { readonly hash: BlockHash; readonly height: number };
  readonly coins: readonly FoundCoin[];
};

export interface CoinFinder {
  /**
   * How many scripts it takes to believe that a wallet has no coin beyond: a node's set of coins has no trace of a
   * script whose coins were spent, a server with every address's history has.
   */
  readonly gap: number;
  find(scripts: readonly Bytes[], signal: AbortSignal): Answer<FoundCoins>;
}

const BITCOIND_GAP = 4_000;
/** Each is a question of its own. */
const ESPLORA_GAP = 100;

export function bitcoindCoins(network: Network, url: string, credentials: Credentials): CoinFinder {
  const client = new JsonRpcClient(network, url, credentials);
  return {
    gap: BITCOIND_GAP,
    find: async (scripts, signal) => {
      const params: Json = ["start", scripts.map((script) => `raw(${toHex(script)})`)];
      const answerBytesMax = COINS_ANSWER_BYTES_MAX, timeoutMs = SCAN_TIMEOUT_MS;
      const answer = await client.call({ method: "scantxoutset", params, answerBytesMax, signal, timeoutMs });
      if (!answer.ok) return answer;
      const asked = new Map(scripts.map((script) => [toHex(script), script]));
      const found = readScan(answer.value, asked);
      return found === undefined ? badAnswer("scantxoutset") : ok(found);
    },
  };
}

function badAnswer(what: string): Result<never, BackendFailure> {
  return err({ code: "bad_answer", text: `${what} answered with something else than was asked for` });
}

function readScan(json: Json, asked: ReadonlyMap<string, Bytes>): FoundCoins | undefined {
  if (!isJsonObject(json) || json.success !== true || !Array.isArray(json.unspents)) return undefined;
  const { height, bestblock: hash } = json;
  if (typeof height !== "number" || typeof hash !== "string" || !isHex(hash, 32)) return undefined;
  const coins = (json.unspents as readonly Json[]).map((each) => readUnspent(each, asked, height));
  return coins.every((coin) => coin !== undefined) ? { tip: { hash: hash.toLowerCase(), height }, coins } : undefined;
}

function readUnspent(json: Json, asked: ReadonlyMap<string, Bytes>, tip: number): FoundCoin | undefined {
  if (!isJsonObject(json)) return undefined;
  const { txid, vout, scriptPubKey, amount, height } = json;
  const script = typeof scriptPubKey === "string" ? asked.get(scriptPubKey.toLowerCase()) : undefined;
  const valueSat = satOf(amount ?? null);
  if (typeof txid !== "string" || !isHex(txid, 32) || !isIndex(vout) || !isIndex(height)) return undefined;
  if (script === undefined || valueSat === null || height > tip) return undefined;
  return { txid: txid.toLowerCase(), vout, valueSat, script, height };
}

function isIndex(json: Json | undefined): json is number {
  return typeof json === "number" && Number.isSafeInteger(json) && json >= 0;
}

/** What a node says of a coin that is there. */
function satOf(json: Json): bigint | null {
  const text = json instanceof JsonFloat ? json.source : typeof json === "number" ? String(json) : "";
  const sat = satOfBtc(text);
  return sat === null || sat < 0n || sat > MONEY_MAX_SAT ? null : sat;
}

export function esploraCoins(
  platform: Pick<Platform, "network" | "clock">,
  url: string,
  network: BitcoinNetwork,
): CoinFinder {
  const http = new EsploraHttp(platform, url), backend = esploraBackend(platform, url);
  const tip = async (signal: AbortSignal): Answer<FoundCoins["tip"]> => {
    const count = await backend.blockCount(signal);
    if (!count.ok) return count;
    const height = count.value - 1, hash = await backend.hashAt(height, signal);
    return hash.ok ? ok({ height, hash: hash.value }) : hash;
  };
  const unspent = async (script: Bytes, signal: AbortSignal): Answer<readonly FoundCoin[]> => {
    const path = `/address/${addressFromScript(script, network)}/utxo`;
    const answer = await http.ask({ path, signal, answerBytesMax: COINS_ANSWER_BYTES_MAX });
    if (!answer.ok) return answer;
    const coins = readUtxos(answer.value, script);
    return coins === undefined ? badAnswer(path) : ok(coins);
  };
  return {
    gap: ESPLORA_GAP,
    find: async (scripts, signal) => {
      const before = await tip(signal);
      if (!before.ok) return before;
      const coins: FoundCoin[] = [];
      for (const script of scripts) {
        const found = await unspent(script, signal);
        if (!found.ok) return found;
        for (const coin of found.value) coins.push(coin);
      }
      const after = await tip(signal);
      if (!after.ok) return after;
      // answers of two moments are no answer
      return after.value.hash === before.value.hash ? ok({ tip: after.value, coins }) : err({ code: "busy" });
    },
  };
}

/** Those in the chain. */
function readUtxos(body: Bytes, script: Bytes): readonly FoundCoin[] | undefined {
  const read = tryDecoding(() => parseJson(textOf(body) ?? ""));
  if (!read.ok || !Array.isArray(read.value)) return undefined;
  const json = read.value;
  const coins: FoundCoin[] = [];
  for (const each of json as readonly Json[]) {
    if (!isJsonObject(each)) return undefined;
    const { txid, vout, value, status = null } = each;
    if (!isJsonObject(status)) return undefined;
    const { confirmed, block_height: height } = status;
    if (confirmed !== true) continue;
    if (typeof txid !== "string" || !isHex(txid, 32) || !isIndex(vout) || !isIndex(value) || !isIndex(height)) {
      return undefined;
    }
    coins.push({ txid: txid.toLowerCase(), vout, valueSat: BigInt(value), script, height });
  }
  return coins;
}
