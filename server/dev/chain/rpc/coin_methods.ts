/** Methods about the set of coins. Source: Core `rpc/blockchain.cpp` (`scantxoutset`). */
import { parseBitcoinOutPoint } from "../../../../core/bitcoin/mod.ts";
import { fromHex, isHex, toHex } from "../../../../core/bytes.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../../core/encoding/mod.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import type { Params } from "./params.ts";

/** Of one scan. */
const SCRIPTS_MAX = 100_000;

/** The script of `raw(HEX)`, with a checksum or without: this chain knows no other descriptors. */
function scriptHexOf(json: Json): string {
  const text = isJsonObject(json) ? json.desc ?? null : json;
  const hex = typeof text === "string" ? /^raw\(([0-9a-fA-F]*)\)(?:#[a-z0-9]{8})?$/.exec(text)?.[1] : undefined;
  if (hex === undefined || !isHex(hex)) {
    throw new RpcError(RPC.INVALID_ADDRESS_OR_KEY, "This chain scans for descriptors such as raw(0014…) alone.");
  }
  return toHex(fromHex(hex));
}

function scan({ chain }: Devnode, params: Params): Json {
  const action = params.text(0);
  // a scan is over before another call is taken
  if (action === "status") return null;
  if (action === "abort") return false;
  if (action !== "start") throw new RpcError(RPC.INVALID_PARAMETER, `Invalid action '${action.slice(0, 100)}'`);
  const objects = params.json(1);
  if (!Array.isArray(objects)) {
    throw new RpcError(RPC.MISC, "scanobjects argument is required for the start action");
  }
  if (objects.length > SCRIPTS_MAX) throw new RpcError(RPC.INVALID_PARAMETER, `More than ${SCRIPTS_MAX} scanobjects`);
  const wanted = new Set((objects as readonly Json[]).map(scriptHexOf));
  const unspents: JsonObject[] = [];
  let txouts = 0, totalSat = 0n;
  for (const [key, { script, valueSat, height, coinbase }] of chain.coins()) {
    txouts++;
    const scriptPubKey = toHex(script);
    if (!wanted.has(scriptPubKey)) continue;
    const { txid, vout } = parseBitcoinOutPoint(key);
    totalSat += valueSat;
    const blockhash = chain.blockAt(height)!.hash, confirmations = chain.height - height + 1;
    unspents.push({
      txid,
      vout,
      scriptPubKey,
      amount: btc(valueSat),
      coinbase,
      height,
      blockhash,
      confirmations,
    });
  }
  return {
    success: true,
    txouts,
    height: chain.height,
    bestblock: chain.tip.hash,
    unspents,
    total_amount: btc(totalSat),
  };
}

export const COIN_METHODS: readonly Method[] = [
  {
    name: "scantxoutset",
    params: ["action", "scanobjects?"],
    help: "Coins of the chain that pay to these scripts.",
    call: scan,
  },
];
