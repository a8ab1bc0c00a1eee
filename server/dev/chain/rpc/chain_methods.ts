/** Methods about the confirmed chain. Source: Core `rpc/blockchain.cpp`. */
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { toHex } from "../../../../core/bytes.ts";
import type { StoredBlock } from "../chain.ts";
import { coinKey } from "../coins.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import type { Params } from "./params.ts";
import { blockJson, DIFFICULTY, headerHex, headerJson, hex256, hex32, scriptJson, TARGET_HEX } from "./render.ts";

function blockBy(node: Devnode, hash: string): StoredBlock {
  const height = node.chain.heightOf(hash);
  if (height === undefined) throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, "Block not found");
  return node.chain.blockAt(height)!;
}

function chainInfo({ chain }: Devnode): JsonObject {
  const { tip, height } = chain;
  return {
    chain: "regtest",
    blocks: height,
    headers: height,
    bestblockhash: tip.hash,
    bits: hex32(tip.header.bits),
    target: TARGET_HEX,
    difficulty: DIFFICULTY,
    time: tip.header.time,
    mediantime: chain.medianTimeAt(height),
    verificationprogress: 1,
    initialblockdownload: false,
    chainwork: hex256(chain.workAt(height)),
    size_on_disk: chain.bytes,
    pruned: false,
    warnings: [],
  };
}

function block(node: Devnode, params: Params): Json {
  const stored = blockBy(node, params.hash(0));
  const verbosity = params.verbosity(1, 1);
  if (verbosity <= 0) return toHex(stored.raw);
  return blockJson(node.chain, stored, verbosity === 1 ? 1 : verbosity === 2 ? 2 : 3);
}

function txOut({ chain, mempool }: Devnode, params: Params): Json {
  const txid = params.hash(0), vout = params.integer(1);
  const withMempool = params.flag(2, true);
  const key = coinKey({ txid, vout });
  if (withMempool && mempool.spenderOf(key) !== undefined) return null;
  const confirmed = chain.coin(key);
  const waiting = withMempool ? mempool.get(txid)?.tx.outputs[vout] : undefined;
  const output = confirmed ?? waiting;
  if (output === undefined) return null;
  return {
    bestblock: chain.tip.hash,
    confirmations: confirmed === undefined ? 0 : chain.height - confirmed.height + 1,
    value: btc(output.valueSat),
    scriptPubKey: scriptJson(output.script),
    coinbase: confirmed?.coinbase ?? false,
  };
}

function blockHashAt({ chain }: Devnode, params: Params): Json {
  const stored = chain.blockAt(params.integer(0));
  if (stored === undefined) throw new RpcError(RPC.INVALID_PARAMETER, "Block height out of range");
  return stored.hash;
}

/** Rules that hold from a height on, for the block after one. Regtest has them all from its start. */
function deployments(node: Devnode, params: Params): Json {
  const { hash, height } = params.has(0) ? blockBy(node, params.hash(0)) : node.chain.tip;
  const buried = (from: number): JsonObject => ({ type: "buried", active: height + 1 >= from, height: from });
  return {
    hash,
    height,
    deployments: {
      bip34: buried(1),
      bip66: buried(1),
      bip65: buried(1),
      csv: buried(1),
      segwit: buried(0),
      taproot: {
        type: "bip9",
        height: 0,
        active: true,
        bip9: {
          start_time: -1,
          timeout: 9_223_372_036_854_775_807n,
          min_activation_height: 0,
          status: "active",
          since: 0,
          status_next: "active",
        },
      },
    },
  };
}

export const CHAIN_METHODS: readonly Method[] = [
  {
    name: "getblockchaininfo",
    params: [],
    help: "State of the chain.",
    call: chainInfo,
  },
  {
    name: "getblockcount",
    params: [],
    help: "Height of the tip; the genesis block has 0.",
    call: (node) => node.chain.height,
  },
  {
    name: "getdeploymentinfo",
    params: ["blockhash?"],
    help: "Which rules hold for the block after the tip, or after another one.",
    call: deployments,
  },
  { name: "getbestblockhash", params: [], help: "Hash of the tip.", call: (node) => node.chain.tip.hash },
  { name: "getblockhash", params: ["height"], help: "Hash of the block at a height.", call: blockHashAt },
  {
    name: "getblock",
    params: ["blockhash", "verbosity|verbose?"],
    help: "A block: 0 in hex, 1 with ids, 2 with transactions, 3 with what they spent too.",
    call: block,
  },
  {
    name: "getblockheader",
    params: ["blockhash", "verbose?"],
    help: "A block's header, as an object or, with false, in hex.",
    call: (node, params) => {
      const stored = blockBy(node, params.hash(0));
      return params.flag(1, true) ? headerJson(node.chain, stored) : headerHex(stored);
    },
  },
  {
    name: "gettxout",
    params: ["txid", "n", "include_mempool?"],
    help: "An output that nobody has spent, or null.",
    call: txOut,
  },
];
