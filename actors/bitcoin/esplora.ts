/**
 * An Esplora server as backend, which is trusted for what the chain is: only the block's contents are checked against
 * the hash that it gave. `fedimint-server-bitcoin-rpc/src/esplora.rs`; `esplora-client` crate.
 */
import type { Platform } from "../platform/platform.ts";
import { bitcoinTxidOf, block, blockHashOf, merkleRootOf } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { isHex, toHex } from "../../core/bytes.ts";
import type { JsonObject } from "../../core/encoding/mod.ts";
import { decode, isJsonObject, JsonFloat, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { Answer, BackendFailure, BitcoinBackend } from "./backend.ts";
import { ALREADY_IN_CHAIN } from "./bitcoind.ts";
import type { Question } from "./esplora_http.ts";
import { EsploraHttp, textOf } from "./esplora_http.ts";
import { BLOCK_BYTES_MAX } from "./limits.ts";

type Ask = <T>(question: Question, read: (body: Bytes) => T | undefined) => Answer<T>;

/** @param url http or https; a slash at its end makes no difference @throws {TypeError} when it is none */
export function esploraBackend(platform: Pick<Platform, "network" | "clock">, url: string): BitcoinBackend {
  const http = new EsploraHttp(platform, url);
  const ask: Ask = async <T>(
    question: Question,
    read: (body: Bytes) => T | undefined,
  ): Promise<Result<T, BackendFailure>> => {
    const answer = await http.ask(question);
    if (!answer.ok) return answer;
    const value = read(answer.value);
    return value === undefined
      ? err({ code: "bad_answer", text: `${question.path} answered with something else than was asked for` })
      : ok(value);
  };
  const blockCount = (signal: AbortSignal) => ask({ path: "/blocks/tip/height", signal }, readBlockCount);
  return {
    blockCount,
    blockCountAndDownload: async (signal) => {
      const count = await blockCount(signal);
      return count.ok ? ok({ blockCount: count.value, downloading: false }) : count;
    },
    tipHash: (signal) => ask({ path: "/blocks/tip/hash", signal }, readHash),
    hashAt: (height, signal) => ask({ path: `/block-height/${height}`, signal }, readHash),
    blockOf: (hash, signal) =>
      ask({ path: `/block/${hash}/raw`, signal, answerBytesMax: BLOCK_BYTES_MAX }, (body) => readBlock(body, hash)),
    feerateSatPerKvb: (signal) => ask({ path: "/fee-estimates", signal }, readFeerate),
    syncProgress: () => Promise.resolve(ok(null)),
    broadcast: (transaction, signal) => broadcast(ask, toHex(transaction), signal),
  };
}

/** How the node behind the server words its refusals, which come as the text of status 400. */
const IN_CHAIN = new RegExp(`"code": ?${ALREADY_IN_CHAIN}\\b|already in (?:block chain|utxo set)`, "i");
const FEE_EXCEEDS = /maxfeerate|max-fee-exceeded/i;

/**
 * `/tx` has its node's limit on the fee rate; where that is what refuses a transaction, it goes as a package of one,
 * for which newer servers take the limit from us.
 */
async function broadcast(ask: Ask, hex: string, signal: AbortSignal): Answer<null> {
  const sent = await ask({ path: "/tx", body: hex, signal }, () => null);
  if (sent.ok || sent.error.code !== "refused") return sent;
  if (IN_CHAIN.test(sent.error.text)) return ok(null);
  if (!FEE_EXCEEDS.test(sent.error.text)) return sent;
  const question = { path: "/txs/package?maxfeerate=0", body: JSON.stringify([hex]), signal };
  const packed = await ask(question, (body) => readObject(body)?.package_msg === "success" ? null : undefined);
  return packed.ok ? packed : sent;
}

function readBlockCount(body: Bytes): number | undefined {
  const text = textOf(body)?.trim() ?? "";
  return /^[0-9]{1,9}$/.test(text) ? Number(text) + 1 : undefined;
}

function readHash(body: Bytes): BlockHash | undefined {
  const text = textOf(body)?.trim() ?? "";
  return isHex(text, 32) ? text.toLowerCase() : undefined;
}

/** A merkle root alone could stand for other transactions too (CVE-2012-2459): no transaction may be there twice. */
function readBlock(body: Bytes, hash: BlockHash): Bytes | undefined {
  const read = tryDecoding(() => decode(block, body));
  if (!read.ok) return undefined;
  const decoded = read.value;
  const txids = decoded.transactions.map(bitcoinTxidOf);
  const valid = blockHashOf(decoded.header) === hash && txids.length > 0 && new Set(txids).size === txids.length &&
    merkleRootOf(txids) === decoded.header.merkleRoot;
  return valid ? body : undefined;
}

function readObject(body: Bytes): JsonObject | undefined {
  const read = tryDecoding(() => parseJson(textOf(body) ?? ""));
  return read.ok && isJsonObject(read.value) ? read.value : undefined;
}

/**
 * Estimates by number of blocks, sat/vB with a fraction; rounded as the reference does, in steps of 4 sat/kvB. Without
 * one for the next block it is that for the nearest after it, without any null: the reference takes 1 sat/vB, at which
 * nothing is mined on a busy day.
 */
function readFeerate(body: Bytes): bigint | null | undefined {
  const json = readObject(body);
  if (json === undefined) return undefined;
  const targets = Object.keys(json).filter((key) => /^[0-9]{1,4}$/.test(key)).map(Number).sort((a, b) => a - b);
  const nearest = targets.find((blocks) => blocks > 0);
  if (nearest === undefined) return null;
  const estimate = json[String(nearest)];
  const rate = estimate instanceof JsonFloat ? estimate.value : estimate;
  if (typeof rate !== "number" || rate < 0 || rate > FEERATE_MAX_SAT_PER_VB) return undefined;
  return BigInt(Math.round(rate * 250)) * 4n;
}

/** A hundred times what was ever paid: beyond it the answer is nonsense. */
const FEERATE_MAX_SAT_PER_VB = 1_000_000;
