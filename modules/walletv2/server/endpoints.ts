/**
 * What the walletv2 module answers to clients. All of it is public, and compared between guardians: orders matter.
 * docs/protocol/05-wallet.md §8.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import { scriptKind } from "../../../core/bitcoin/mod.ts";
import { list, option, tuple, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bitcoinTxid, outPoint } from "../../../core/types/ids.ts";
import { readDurable } from "../../contract/read_durable.ts";
import type { Endpoint } from "../../contract/server.ts";
import { endpoint } from "../../contract/server.ts";
import type { WalletEnv } from "./block_sync.ts";
import type { OutputInfo, WALLETV2_ENDPOINTS } from "../common.ts";
import { federationWallet, outputInfo, txInfo } from "../common.ts";
import { satoshi } from "../config.ts";
import { consensusBlockCount, consensusFee, consensusFeerate, pendingTxs } from "./consensus_values.ts";
import { getWallet, outputRange, txidOfOutput, txInfos } from "./db.ts";
import { OUTPUT_SLICE_MAX } from "../limits.ts";

const SINCE = { major: 0, minor: 0 };

async function outputSlice(tx: ReadTx, start: bigint, end: bigint): Promise<OutputInfo[]> {
  const last = start + BigInt(OUTPUT_SLICE_MAX);
  const infos: OutputInfo[] = [];
  for (const { index, tracked, spent } of await outputRange(tx, start, end < last ? end : last)) {
    const { outpoint, output } = tracked;
    // the filter alone gives an index; only what can be a deposit is shown
    if (scriptKind(output.script).kind !== "p2wsh") continue;
    infos.push({ index, script: output.script, value: output.valueSat, spent, outpoint });
  }
  return infos;
}

export function endpoints(env: WalletEnv): Record<typeof WALLETV2_ENDPOINTS[number], Endpoint> {
  const { store, config, peers } = env;
  const read = <T>(body: (tx: ReadTx) => Promise<T>): Promise<T> => readDurable(store, body);
  const fee = (vbytes: bigint): Promise<bigint | null> => read((tx) => consensusFee(tx, config, peers, vbytes));
  const plain = { since: SINCE, params: unit };
  return {
    consensus_block_count: endpoint({
      ...plain,
      result: u64Number,
      handle: () => read((tx) => consensusBlockCount(tx, peers)),
    }),
    consensus_feerate: endpoint({
      ...plain,
      result: option(u64),
      handle: () => read((tx) => consensusFeerate(tx, peers)),
    }),
    federation_wallet: endpoint({
      ...plain,
      result: option(federationWallet),
      handle: () => read(async (tx) => await getWallet(tx) ?? null),
    }),
    send_fee: endpoint({ ...plain, result: option(satoshi), handle: () => fee(config.sendTxVbytes) }),
    receive_fee: endpoint({ ...plain, result: option(satoshi), handle: () => fee(config.receiveTxVbytes) }),
    transaction_id: endpoint({
      since: SINCE,
      params: outPoint,
      result: option(bitcoinTxid),
      handle: (at) => read((tx) => txidOfOutput(tx, at)),
    }),
    output_info_slice: endpoint({
      since: SINCE,
      shared: true,
      params: tuple(u64, u64),
      result: list(outputInfo),
      handle: ([start, end]) => read((tx) => outputSlice(tx, start, end)),
    }),
    pending_transaction_chain: endpoint({
      ...plain,
      shared: true,
      result: list(txInfo),
      handle: () => read(async (tx) => await txInfos(tx, (await pendingTxs(tx)).length)),
    }),
    transaction_chain: endpoint({
      ...plain,
      shared: true,
      result: list(txInfo),
      handle: () => read((tx) => txInfos(tx)),
    }),
  };
}
