/**
 * What the walletv2 module answers to clients. All of it is public, and compared between guardians: orders matter.
 * docs/protocol/05-wallet.md §8.
 */
import type { ReadTx } from "../../../actors/store/store.ts";
import { scriptKind } from "../../../core/bitcoin/mod.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { DecodeError, list, option, tuple, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bitcoinTxid, outPoint } from "../../../core/types/ids.ts";
import { readDurable } from "../../contract/read_durable.ts";
import type { Endpoint } from "../../contract/server.ts";
import { endpoint } from "../../contract/server.ts";
import type { WalletEnv } from "./block_sync.ts";
import type { OutputInfo, WALLETV2_ENDPOINTS } from "../common.ts";
import { federationWallet, outputInfo, txInfo } from "../common.ts";
import { satoshi } from "../config.ts";
import { consensusBlockCount, consensusFee, consensusFeerate, pendingTxs } from "./consensus_values.ts";
import { getWallet, outputCount, outputRange, txidOfOutput, txInfos } from "./db.ts";
import { OUTPUT_SLICE_MAX, ROWS_PER_UNIT } from "../limits.ts";

const SINCE = { major: 0, minor: 0 };

const outputSliceParams = tuple(u64, u64);

/** How much there was when somebody looked last: of a range no more is read. Undefined: nobody has looked. */
type Known = { outputs?: bigint; txs?: number };

/** What a slice will cost: of clients that look for news most ask for what isn't there yet. */
function sliceUnits(params: Json, { outputs }: Known): number {
  try {
    const [start, end] = outputSliceParams.fromJson(params);
    const last = outputs !== undefined && outputs < end ? outputs : end;
    const rows = Math.min(OUTPUT_SLICE_MAX, Math.max(0, Number(last - start)));
    return 1 + Math.floor(rows / ROWS_PER_UNIT);
  } catch (thrown) {
    // it is refused, which costs nothing
    if (thrown instanceof DecodeError) return 1;
    throw thrown;
  }
}

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
  const known: Known = {};
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
      units: (params) => sliceUnits(params, known),
      params: outputSliceParams,
      result: list(outputInfo),
      handle: ([start, end]) =>
        read(async (tx) => {
          known.outputs = BigInt(await outputCount(tx));
          return await outputSlice(tx, start, end);
        }),
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
      units: () => 1 + Math.floor((known.txs ?? 0) / ROWS_PER_UNIT),
      result: list(txInfo),
      handle: async () => {
        const infos = await read((tx) => txInfos(tx));
        known.txs = infos.length;
        return infos;
      },
    }),
  };
}
