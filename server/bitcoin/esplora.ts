/**
 * An Esplora server as backend, which is trusted for what the chain is: only the block's contents are checked against
 * the hash that it gave. `fedimint-server-bitcoin-rpc/src/esplora.rs`; `esplora-client` crate.
 */
import type { Network } from "../../actors/platform/platform.ts";
import { NetworkError } from "../../actors/platform/error.ts";
import { bitcoinTxidOf, block, blockHashOf, merkleRootOf } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8, isHex, toHex } from "../../core/bytes.ts";
import { decode, isJsonObject, JsonFloat, parseJson, tryDecoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { BackendFailure, BitcoinBackend } from "./backend.ts";
import { ANSWER_BYTES_MAX, BLOCK_BYTES_MAX, CALL_TIMEOUT_MS, NODE_TEXT_CHARACTERS_MAX } from "./limits.ts";

/** What is paid where the server has no estimate for the next block. */
const FEERATE_LEAST_SAT_PER_KVB = 1_000n;

type Question = {
  readonly path: string;
  /** Sent by POST. */
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly answerBytesMax?: number;
};

/** @param url http or https; a slash at its end makes no difference */
export function esploraBackend(network: Network, url: string): BitcoinBackend {
  const base = baseOf(url);
  const ask = async <T>(
    question: Question,
    read: (body: Bytes) => T | undefined,
  ): Promise<Result<T, BackendFailure>> => {
    const answer = await request(network, base, question);
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
    hashAt: (height, signal) => ask({ path: `/block-height/${height}`, signal }, readHash),
    blockOf: (hash, signal) =>
      ask({ path: `/block/${hash}/raw`, signal, answerBytesMax: BLOCK_BYTES_MAX }, (body) => readBlock(body, hash)),
    feerateSatPerKvb: (signal) => ask({ path: "/fee-estimates", signal }, readFeerate),
    syncProgress: () => Promise.resolve(ok(null)),
    broadcast: (transaction, signal) => ask({ path: "/tx", body: toHex(transaction), signal }, () => null),
  };
}

/** @throws {TypeError} when the text is no URL; it is not repeated, since it may hold a secret */
function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new TypeError("Esplora's address must be a URL that begins with http:// or https://");
  }
  return url.href.replace(/\/+$/, "");
}

async function request(network: Network, base: string, question: Question): Promise<Result<Bytes, BackendFailure>> {
  const { path, body, signal, answerBytesMax = ANSWER_BYTES_MAX } = question;
  try {
    const response = await network.fetch(`${base}${path}`, {
      ...(body === undefined ? {} : { method: "POST", body }),
      timeoutMs: CALL_TIMEOUT_MS,
      bodyBytesMax: answerBytesMax,
      signal,
    });
    if (response.status === 200) return ok(response.body);
    return err({
      code: "refused",
      rpcCode: response.status,
      text: textOf(response.body)?.slice(0, NODE_TEXT_CHARACTERS_MAX) ?? "",
    });
  } catch (thrown) {
    if (!(thrown instanceof NetworkError)) throw thrown;
    if (thrown.code === "too_large") return err({ code: "bad_answer", text: "the answer is too large" });
    return err({ code: thrown.code === "timeout" ? "timeout" : "unreachable" });
  }
}

function textOf(body: Bytes): string | undefined {
  try {
    return fromUtf8(body);
  } catch (thrown) {
    if (thrown instanceof TypeError) return undefined;
    throw thrown;
  }
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

/** Estimates by number of blocks, sat/vB with a fraction; rounded as the reference does, in steps of 4 sat/kvB. */
function readFeerate(body: Bytes): bigint | undefined {
  const read = tryDecoding(() => parseJson(textOf(body) ?? ""));
  if (!read.ok || !isJsonObject(read.value)) return undefined;
  const json = read.value;
  const estimate = json["1"];
  if (estimate === undefined) return FEERATE_LEAST_SAT_PER_KVB;
  const rate = estimate instanceof JsonFloat ? estimate.value : estimate;
  if (typeof rate !== "number" || rate < 0 || rate > FEERATE_MAX_SAT_PER_VB) return undefined;
  return BigInt(Math.round(rate * 250)) * 4n;
}

/** A hundred times what was ever paid: beyond it the answer is nonsense. */
const FEERATE_MAX_SAT_PER_VB = 1_000_000;
