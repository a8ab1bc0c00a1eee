/** A Bitcoin node, real or embedded, as guardians' source. */
import type { BitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { bitcoinTransaction } from "../../core/bitcoin/mod.ts";
import { fromHex } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { decode } from "../../core/encoding/mod.ts";
import { ok } from "../../core/result.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";

export type Node = {
  call<T extends Json>(method: string, ...params: readonly Json[]): Promise<T>;
  /** Blocks that pay to the node's own wallet. */
  mine(count: number): Promise<unknown>;
};

/** Blocks come from the node; what is broadcast goes to the list alone. */
export function sourceOf(node: Node): (broadcasts: BitcoinTransaction[]) => BitcoinSource {
  return (broadcasts) => ({
    status: async () => ({
      network: "regtest",
      chainId: await node.call<string>("getblockhash", 1),
      blockCount: await node.call<number>("getblockcount") + 1,
      feerateSatPerKvb: 1_000n,
      syncProgress: null,
    }),
    blockAt: async (height) => {
      const hash = await node.call<string>("getblockhash", height);
      return fromHex(await node.call<string>("getblock", hash, 0));
    },
    broadcast: (raw) => {
      broadcasts.push(decode(bitcoinTransaction, raw));
      return Promise.resolve(ok(null));
    },
  });
}
