/** Methods about single transactions. Source: Core `rpc/rawtransaction.cpp`, `node/transaction.cpp`. */
import type { BitcoinTransaction } from "../../../../core/bitcoin/mod.ts";
import {
  bitcoinTransaction,
  bitcoinTxidOf,
  bitcoinWtxidOf,
  scriptKind,
  vbytesOf,
} from "../../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { decode, DecodeError } from "../../../../core/encoding/mod.ts";
import { decodedBlock } from "../chain.ts";
import { coinKey, isUnspendable } from "../coins.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import type { Reject } from "../rules/reject.ts";
import { rejectText } from "../rules/reject.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import { Params } from "./params.ts";
import { spentCoins, transactionJson } from "./render.ts";

/** Core's `-maxfeerate` of these methods: 0.10 BTC/kvB. */
const FEERATE_MAX_SAT_PER_KVB = 10_000_000n;

export function decoded(bytes: Bytes | undefined, complaint: string): BitcoinTransaction {
  try {
    if (bytes !== undefined) return decode(bitcoinTransaction, bytes);
  } catch (thrown) {
    if (!(thrown instanceof DecodeError)) throw thrown;
  }
  throw new RpcError(RPC.DESERIALIZATION, complaint);
}

function decodedToSend(params: Params): BitcoinTransaction {
  return decoded(params.hex(0), "TX decode failed. Make sure the tx has at least one input.");
}

export function feerateMax(params: Params, index: number): bigint {
  return params.has(index) ? params.sat(index) : FEERATE_MAX_SAT_PER_KVB;
}

/** 0 takes any. */
export function exceeds(feeSat: bigint, vbytes: number, maxSatPerKvb: bigint): boolean {
  return maxSatPerKvb > 0n && feeSat > maxSatPerKvb * BigInt(vbytes) / 1000n;
}

function rejection(reject: Reject): RpcError {
  const code = reject.kind === "missing_inputs" ? RPC.TRANSACTION_ERROR : RPC.TRANSACTION_REJECTED;
  return new RpcError(code, rejectText(reject));
}

/** Any of its outputs is a coin: it was confirmed before. */
function isInChain({ chain }: Devnode, tx: BitcoinTransaction, txid: string): boolean {
  return tx.outputs.some((_, vout) => chain.coin(coinKey({ txid, vout })) !== undefined);
}

async function send(node: Devnode, params: Params): Promise<Json> {
  const tx = decodedToSend(params);
  const maxSatPerKvb = feerateMax(params, 1);
  const burnMaxSat = params.has(2) ? params.sat(2) : 0n;
  if (tx.outputs.some(({ script, valueSat }) => isUnspendable(script) && valueSat > burnMaxSat)) {
    const text = "Unspendable output exceeds maximum configured by user (maxburnamount)";
    throw new RpcError(RPC.TRANSACTION_ERROR, text);
  }
  const txid = bitcoinTxidOf(tx);
  if (isInChain(node, tx, txid)) {
    throw new RpcError(RPC.TRANSACTION_ALREADY_IN_CHAIN, "Transaction outputs already in utxo set");
  }
  if (node.mempool.get(txid) !== undefined) return txid;
  const checked = node.check(tx);
  if (!checked.ok) throw rejection(checked.error);
  if (exceeds(checked.value.feeSat, vbytesOf(tx), maxSatPerKvb)) {
    const text = "Fee exceeds maximum configured by user (e.g. -maxtxfee, maxfeerate)";
    throw new RpcError(RPC.TRANSACTION_ERROR, text);
  }
  await node.accept(checked.value);
  return txid;
}

function testAccept(node: Devnode, params: Params): Json {
  const list = params.json(0);
  if (!Array.isArray(list) || list.length !== 1) {
    throw new RpcError(
      RPC.INVALID_PARAMETER,
      "Array must contain exactly 1 transaction: packages are not supported by this chain",
    );
  }
  const one = new Params(list as readonly Json[], ["rawtx"], "");
  const tx = decoded(one.hex(0), "TX decode failed: raw. Make sure the tx has at least one input.");
  const ids = { txid: bitcoinTxidOf(tx), wtxid: bitcoinWtxidOf(tx) };
  const checked = node.check(tx);
  if (!checked.ok) {
    const missing = checked.error.kind === "missing_inputs";
    const details = rejectText(checked.error);
    return [{
      ...ids,
      allowed: false,
      "reject-reason": missing ? "missing-inputs" : checked.error.reason,
      "reject-details": details,
    }];
  }
  const { feeSat, vbytes } = checked.value;
  if (exceeds(feeSat, vbytes, feerateMax(params, 1))) {
    return [{ ...ids, allowed: false, "reject-reason": "max-fee-exceeded" }];
  }
  const rateSatPerKvb = feeSat * 1000n / BigInt(vbytes);
  const fees = { base: btc(feeSat), "effective-feerate": btc(rateSatPerKvb), "effective-includes": [ids.wtxid] };
  return [{ ...ids, allowed: true, vsize: vbytes, fees }];
}

const NOT_FOUND = "No such mempool or blockchain transaction. Use gettransaction for wallet transactions.";

function rawTransaction(node: Devnode, params: Params): Json {
  const txid = params.hash(0);
  const verbosity = params.verbosity(1, 0);
  const onlyIn = params.has(2) ? node.chain.heightOf(params.hash(2)) : null;
  if (onlyIn === undefined) throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, "Block hash not found");
  const waiting = onlyIn === null ? node.mempool.get(txid) : undefined;
  if (waiting !== undefined) return verbosity <= 0 ? toHex(waiting.raw) : transactionJson(waiting.tx, { hex: true });
  const location = node.chain.locationOf(txid);
  if (location === undefined || (onlyIn !== null && onlyIn !== location.height)) {
    throw new RpcError(
      RPC.INVALID_ADDRESS_OR_KEY,
      onlyIn === null
        ? NOT_FOUND
        : "No such transaction found in the provided block. Use gettransaction for wallet transactions.",
    );
  }
  const stored = node.chain.blockAt(location.height)!;
  const tx = decodedBlock(stored).transactions[location.position]!;
  if (verbosity <= 0) return transactionHex(tx);
  const coins = verbosity >= 2 ? spentCoins(node.chain, tx) : undefined;
  return {
    ...(onlyIn === null ? {} : { in_active_chain: true }),
    ...transactionJson(tx, { coins, prevouts: true, hex: true }),
    blockhash: stored.hash,
    confirmations: node.chain.height - location.height + 1,
    time: stored.header.time,
    blocktime: stored.header.time,
  };
}

function transactionHex(tx: BitcoinTransaction): Json {
  return transactionJson(tx, { hex: true }).hex!;
}

function validateAddress(_node: Devnode, params: Params): Json {
  let script: Bytes;
  try {
    script = params.address(0, "Invalid or unsupported Segwit (Bech32) or Base58 encoding.");
  } catch (thrown) {
    if (thrown instanceof RpcError && thrown.facts.rpcCode === RPC.INVALID_ADDRESS_OR_KEY) {
      return { isvalid: false, error_locations: [], error: thrown.message };
    }
    throw thrown;
  }
  const form = scriptKind(script);
  const witness = "program" in form;
  const common: JsonObject = {
    isvalid: true,
    address: params.text(0),
    scriptPubKey: toHex(script),
    isscript: form.kind === "p2sh" || form.kind === "p2wsh" || form.kind === "p2tr",
    iswitness: witness,
  };
  return witness ? { ...common, witness_version: form.version, witness_program: toHex(form.program) } : common;
}

export const TRANSACTION_METHODS: readonly Method[] = [
  {
    name: "getrawtransaction",
    params: ["txid", "verbosity|verbose?", "blockhash?"],
    help: "A transaction of the mempool or the chain: 0 in hex, 1 as an object, 2 with fee and what it spent.",
    call: rawTransaction,
  },
  {
    name: "sendrawtransaction",
    params: ["hexstring", "maxfeerate?", "maxburnamount?"],
    help: "Puts a signed transaction into the mempool.",
    call: send,
  },
  {
    name: "testmempoolaccept",
    params: ["rawtxs", "maxfeerate?"],
    help: "Says whether the mempool would take a signed transaction.",
    call: testAccept,
  },
  {
    name: "decoderawtransaction",
    params: ["hexstring", "iswitness?"],
    help: "A transaction as an object.",
    call: (_node, params) => transactionJson(decoded(params.hex(0), "TX decode failed"), { hex: false }),
  },
  {
    name: "validateaddress",
    params: ["address"],
    help: "What an address stands for.",
    call: validateAddress,
  },
];
