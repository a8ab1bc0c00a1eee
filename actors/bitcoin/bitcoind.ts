/** A bitcoind as backend. `fedimint-server-bitcoin-rpc/src/bitcoind.rs`. */
import type { Network } from "../platform/platform.ts";
import { blockHashOf, blockHeader } from "../../core/bitcoin/mod.ts";
import type { Bytes } from "../../core/bytes.ts";
import { fromHex, isHex, toHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode, isJsonObject, JsonFloat } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { BlockHash } from "../../core/types/ids.ts";
import type { Answer, BackendFailure, BitcoinBackend } from "./backend.ts";
import type { Credentials } from "./json_rpc.ts";
import { JsonRpcClient } from "./json_rpc.ts";
import { ANSWER_BYTES_MAX, BLOCK_ANSWER_BYTES_MAX } from "./limits.ts";

/** `RPC_VERIFY_ALREADY_IN_UTXO_SET`: the transaction is in a block, which is what broadcasting is for. */
export const ALREADY_IN_CHAIN = -27;
/**
 * No limit on the fee rate. Without this parameter the node refuses what pays more than 0.1 BTC/kvB, and consensus may
 * have signed such a transaction: refused, it would hold up every one behind it for ever.
 */
const FEERATE_ANY = 0;
const HEADER_BYTES = 80;

export function bitcoindBackend(network: Network, url: string, credentials: Credentials): BitcoinBackend {
  const client = new JsonRpcClient(network, url, credentials);
  const ask = async <T>(
    method: string,
    params: readonly Json[],
    signal: AbortSignal,
    read: (result: Json) => T | undefined,
    answerBytesMax = ANSWER_BYTES_MAX,
  ): Promise<Result<T, BackendFailure>> => {
    const answer = await client.call({ method, params, answerBytesMax, signal });
    if (!answer.ok) return answer;
    const value = read(answer.value);
    return value === undefined
      ? err({ code: "bad_answer", text: `${method} answered with something else than was asked for` })
      : ok(value);
  };
  return {
    blockCount: (signal) => ask("getblockcount", [], signal, readBlockCount),
    blockCountAndDownload: (signal) => ask("getblockchaininfo", [], signal, readDownload),
    tipHash: (signal) => ask("getbestblockhash", [], signal, readHash),
    hashAt: (height, signal) => ask("getblockhash", [height], signal, readHash),
    blockOf: (hash, signal) =>
      ask("getblock", [hash, 0], signal, (json) => readBlock(json, hash), BLOCK_ANSWER_BYTES_MAX),
    feerateSatPerKvb: (signal) => ask("estimatesmartfee", [1, "CONSERVATIVE"], signal, readFeerate),
    syncProgress: (signal) => ask("getblockchaininfo", [], signal, readProgress),
    broadcast: (transaction, signal) => broadcast(ask, transaction, signal),
  };
}

type Ask = <T>(
  method: string,
  params: readonly Json[],
  signal: AbortSignal,
  read: (result: Json) => T | undefined,
) => Answer<T>;

async function broadcast(ask: Ask, transaction: Bytes, signal: AbortSignal): Answer<null> {
  const answer = await ask("sendrawtransaction", [toHex(transaction), FEERATE_ANY], signal, () => null);
  if (!answer.ok && answer.error.code === "refused" && answer.error.rpcCode === ALREADY_IN_CHAIN) return ok(null);
  return answer;
}

/** The method is named after a count and tells the tip's height. */
function readBlockCount(json: Json): number | undefined {
  return typeof json === "number" && json >= 0 ? json + 1 : undefined;
}

function readDownload(json: Json): { readonly blockCount: number; readonly downloading: boolean } | undefined {
  const blockCount = isJsonObject(json) ? readBlockCount(json.blocks ?? null) : undefined;
  const downloading = isJsonObject(json) ? json.initialblockdownload : undefined;
  return blockCount === undefined || typeof downloading !== "boolean" ? undefined : { blockCount, downloading };
}

function readHash(json: Json): BlockHash | undefined {
  return typeof json === "string" && isHex(json, 32) ? json.toLowerCase() : undefined;
}

function readBlock(json: Json, hash: BlockHash): Bytes | undefined {
  if (typeof json !== "string" || json.length < HEADER_BYTES * 2 || !isHex(json)) return undefined;
  const raw = fromHex(json);
  return blockHashOf(decode(blockHeader, raw.subarray(0, HEADER_BYTES))) === hash ? raw : undefined;
}

function readProgress(json: Json): number | undefined {
  const progress = isJsonObject(json) ? json.verificationprogress : undefined;
  const value = progress instanceof JsonFloat ? progress.value : progress;
  return typeof value === "number" && value >= 0 && value <= 1 ? value : undefined;
}

/** Without an estimate the answer lists errors and has no rate. */
function readFeerate(json: Json): bigint | null | undefined {
  if (!isJsonObject(json)) return undefined;
  return json.feerate === undefined ? null : satFromBtc(json.feerate);
}

/** Eight decimals at most, exact; also in the form `1.5e-5`. */
function satFromBtc(json: Json): bigint | undefined {
  const text = json instanceof JsonFloat ? json.source : typeof json === "number" ? String(json) : "";
  const match = /^([0-9]{1,8})(?:\.([0-9]{1,20}))?(?:[eE]([+-]?[0-9]{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = "", fraction = "", exponent = "0"] = match;
  const shift = 8 + Number(exponent) - fraction.length;
  const digits = BigInt(whole + fraction);
  if (shift >= 0) return shift > 16 ? undefined : digits * 10n ** BigInt(shift);
  const divisor = 10n ** BigInt(-shift);
  return digits % divisor === 0n ? digits / divisor : undefined;
}
