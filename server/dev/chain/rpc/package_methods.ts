/** Transactions that are sent together. Source: Core `rpc/mempool.cpp` (`submitpackage`). */
import { bitcoinTxidOf, bitcoinWtxidOf, vbytesOf } from "../../../../core/bitcoin/mod.ts";
import type { Json, JsonObject } from "../../../../core/encoding/mod.ts";
import { isUnspendable } from "../coins.ts";
import type { Devnode } from "../devnode.ts";
import { RPC, RpcError } from "../error.ts";
import { PACKAGE_TRANSACTIONS_MAX } from "../limits.ts";
import type { PackageResult } from "../package.ts";
import { checkPackage } from "../package.ts";
import { rejectText } from "../rules/reject.ts";
import { btc } from "./amounts.ts";
import type { Method } from "./method.ts";
import { Params } from "./params.ts";
import { decoded, exceeds, feerateMax } from "./transaction_methods.ts";

function resultJson(txid: string, result: PackageResult): JsonObject {
  if (result.tag === "refused") return { txid, error: rejectText(result.reject) };
  const { entry } = result;
  const fees = { base: btc(entry.feeSat) };
  if (result.tag === "present") return { txid, vsize: entry.vbytes, fees };
  const feeSat = result.together.reduce((sum, each) => sum + each.feeSat, 0n);
  const vbytes = result.together.reduce((sum, each) => sum + each.vbytes, 0);
  const effective = {
    "effective-feerate": btc(feeSat * 1000n / BigInt(vbytes)),
    "effective-includes": result.together.map(({ wtxid }) => wtxid),
  };
  return { txid, vsize: entry.vbytes, fees: { ...fees, ...effective } };
}

async function submit(node: Devnode, params: Params): Promise<Json> {
  const list = params.json(0);
  if (!Array.isArray(list) || list.length === 0 || list.length > PACKAGE_TRANSACTIONS_MAX) {
    const text = `Array must contain between 1 and ${PACKAGE_TRANSACTIONS_MAX} transactions.`;
    throw new RpcError(RPC.INVALID_PARAMETER, text);
  }
  const hex = new Params(list as readonly Json[], list.map((_, index) => `rawtx${index}`), "");
  const txs = list.map((_, index) => {
    const complaint = `TX decode failed: ${hex.text(index).slice(0, 100)} Make sure the tx has at least one input.`;
    return decoded(hex.hex(index), complaint);
  });
  const burnMaxSat = params.has(2) ? params.sat(2) : 0n;
  if (txs.some(({ outputs }) => outputs.some((out) => isUnspendable(out.script) && out.valueSat > burnMaxSat))) {
    const text = "Unspendable output exceeds maximum configured by user (maxburnamount)";
    throw new RpcError(RPC.TRANSACTION_ERROR, text);
  }
  const together = checkPackage(txs);
  if (!together.ok) {
    return { package_msg: together.error, "tx-results": {}, "replaced-transactions": [] };
  }
  const maxSatPerKvb = feerateMax(params, 1);
  const dear = txs.find((tx) => {
    const checked = node.check(tx);
    return checked.ok && exceeds(checked.value.feeSat, vbytesOf(tx), maxSatPerKvb);
  });
  if (dear !== undefined) {
    const results = { [bitcoinWtxidOf(dear)]: { txid: bitcoinTxidOf(dear), error: "max feerate exceeded" } };
    return { package_msg: "max feerate exceeded", "tx-results": results, "replaced-transactions": [] };
  }
  const outcome = await node.acceptPackage(txs);
  const results = txs.map((tx, i) => [bitcoinWtxidOf(tx), resultJson(bitcoinTxidOf(tx), outcome.results[i]!)] as const);
  return {
    package_msg: outcome.complete ? "success" : "transaction failed",
    "tx-results": Object.fromEntries(results),
    "replaced-transactions": outcome.replaced.map(({ txid }) => txid),
  };
}

export const PACKAGE_METHODS: readonly Method[] = [
  {
    name: "submitpackage",
    params: ["package", "maxfeerate?", "maxburnamount?"],
    help: "Puts a transaction and the parents that it pays for into the mempool.",
    call: submit,
  },
];
