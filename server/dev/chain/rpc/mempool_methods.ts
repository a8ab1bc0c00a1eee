/** Methods about the mempool and fees. Source: Core `rpc/mempool.cpp`, `rpc/fees.cpp`. */
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { coinKey } from "../coins.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import type { Mempool, MempoolEntry } from "../mempool.ts";
import { MEMPOOL_VBYTES_MAX, RELAY_FEE_SAT_PER_KVB, SEQUENCE_SIGNAL_MAX } from "../params.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import { Params } from "./params.ts";

/** Blocks that a fee estimate may be asked for. */
const ESTIMATE_BLOCKS_MAX = 1_008;

function total(
  entries: Iterable<MempoolEntry>,
): { readonly vbytes: number; readonly feeSat: bigint; readonly count: number } {
  let vbytes = 0, feeSat = 0n, count = 0;
  for (const entry of entries) {
    vbytes += entry.vbytes;
    feeSat += entry.feeSat;
    count++;
  }
  return { vbytes, feeSat, count };
}

function signals({ tx }: MempoolEntry): boolean {
  return tx.inputs.some(({ sequence }) => sequence <= SEQUENCE_SIGNAL_MAX);
}

function entryJson(mempool: Mempool, entry: MempoolEntry): JsonObject {
  const ancestors = total([entry, ...mempool.ancestorsOf(entry)]);
  const descendants = total([entry, ...mempool.descendantsOf(entry)]);
  return {
    vsize: entry.vbytes,
    weight: entry.weight,
    time: entry.time,
    height: entry.height,
    descendantcount: descendants.count,
    descendantsize: descendants.vbytes,
    ancestorcount: ancestors.count,
    ancestorsize: ancestors.vbytes,
    wtxid: entry.wtxid,
    fees: {
      base: btc(entry.feeSat),
      modified: btc(entry.feeSat),
      ancestor: btc(ancestors.feeSat),
      descendant: btc(descendants.feeSat),
    },
    depends: mempool.parentsOf(entry).map(({ txid }) => txid),
    spentby: mempool.childrenOf(entry).map(({ txid }) => txid),
    // what it signals: it can be replaced in any case
    "bip125-replaceable": [entry, ...mempool.ancestorsOf(entry)].some(signals),
    unbroadcast: false,
  };
}

function mempoolInfo({ mempool }: Devnode): Json {
  const { feeSat } = total(mempool.entries());
  return {
    loaded: true,
    size: mempool.size,
    bytes: mempool.vbytes,
    usage: mempool.vbytes,
    total_fee: btc(feeSat),
    maxmempool: MEMPOOL_VBYTES_MAX,
    mempoolminfee: btc(RELAY_FEE_SAT_PER_KVB),
    minrelaytxfee: btc(RELAY_FEE_SAT_PER_KVB),
    incrementalrelayfee: btc(RELAY_FEE_SAT_PER_KVB),
    unbroadcastcount: 0,
    fullrbf: true,
  };
}

function rawMempool({ mempool }: Devnode, params: Params): Json {
  const verbose = params.flag(0, false), withSequence = params.flag(1, false);
  const entries = [...mempool.entries()];
  const txids = entries.map(({ txid }) => txid);
  if (!verbose) return withSequence ? { txids, mempool_sequence: mempool.nextSequence } : txids;
  if (withSequence) {
    throw new RpcError(RPC.INVALID_PARAMETER, "Verbose results cannot contain mempool sequence values.");
  }
  return Object.fromEntries(entries.map((entry) => [entry.txid, entryJson(mempool, entry)]));
}

function mempoolEntry({ mempool }: Devnode, params: Params): Json {
  const entry = mempool.get(params.hash(0));
  if (entry === undefined) throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, "Transaction not in mempool");
  return entryJson(mempool, entry);
}

/** Who spends an output, of those that wait. */
function spendingPrevout({ mempool }: Devnode, params: Params): Json {
  const list = params.json(0);
  if (!Array.isArray(list)) throw new RpcError(RPC.TYPE, "Expected an array of outputs");
  if (list.length === 0) throw new RpcError(RPC.INVALID_PARAMETER, "Invalid parameter, outputs are missing");
  return (list as readonly Json[]).map((json) => {
    const output = new Params(json, ["txid", "vout"], "");
    const txid = output.hash(0), vout = output.integer(1);
    if (vout < 0) throw new RpcError(RPC.INVALID_PARAMETER, "Invalid parameter, vout cannot be negative");
    const spender = mempool.spenderOf(coinKey({ txid, vout }));
    return { txid, vout, ...(spender === undefined ? {} : { spendingtxid: spender }) };
  });
}

/** A block has room for all that waits: what is relayed is mined. */
function estimateFee(_node: Devnode, params: Params): Json {
  const blocks = params.integer(0);
  if (blocks < 1 || blocks > ESTIMATE_BLOCKS_MAX) {
    throw new RpcError(RPC.INVALID_PARAMETER, `Invalid conf_target, must be between 1 and ${ESTIMATE_BLOCKS_MAX}`);
  }
  return { feerate: btc(RELAY_FEE_SAT_PER_KVB), blocks };
}

export const MEMPOOL_METHODS: readonly Method[] = [
  { name: "getmempoolinfo", params: [], help: "State of the mempool.", call: mempoolInfo },
  {
    name: "getrawmempool",
    params: ["verbose?", "mempool_sequence?"],
    help: "Ids of the transactions that wait, or, with true, what is known of each.",
    call: rawMempool,
  },
  { name: "getmempoolentry", params: ["txid"], help: "What is known of a transaction that waits.", call: mempoolEntry },
  {
    name: "gettxspendingprevout",
    params: ["outputs"],
    help: "For each output, the transaction that waits and spends it.",
    call: spendingPrevout,
  },
  {
    name: "estimatesmartfee",
    params: ["conf_target", "estimate_mode?"],
    help: "Fee rate for the next blocks: the least that is relayed.",
    call: estimateFee,
  },
];
