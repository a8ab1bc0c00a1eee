/** LDK's objects as followers of the chain. */
import type { Bytes } from "../../../../../core/bytes.ts";
import { bitcoinTransaction, blockHeader } from "../../../../../core/bitcoin/mod.ts";
import { encode } from "../../../../../core/encoding/mod.ts";
import { hashText, ldk } from "./bindings.ts";
import type { Follower, Tip } from "./chain.ts";
import type { Fees } from "./fees.ts";
import type { Lightning } from "./lightning.ts";

function tipOf(best: ldk.BestBlock): Tip {
  return { hash: hashText(best.get_block_hash()), height: best.get_height() };
}

export function followersOf(lightning: Lightning, fees: Fees): {
  readonly manager: Follower;
  /** All monitors that LDK watches, once it does. It has no tip of its own. */
  readonly chainMonitor: Omit<Follower, "tip">;
  /** Each by itself, before LDK watches it. */
  readonly monitors: readonly Follower[];
} {
  const { manager, chainMonitor, broadcaster, logger } = lightning;
  const listen = manager.as_Listen(), monitorListen = chainMonitor.as_Listen();
  return {
    manager: {
      tip: () => tipOf(manager.current_best_block()),
      connect: ({ raw, height }) => listen.block_connected(raw, height),
      disconnect: (header, height) => listen.block_disconnected(header, height),
    },
    chainMonitor: {
      connect: ({ raw, height }) => monitorListen.block_connected(raw, height),
      disconnect: (header, height) => monitorListen.block_disconnected(header, height),
    },
    monitors: lightning.monitors.map((monitor): Follower => ({
      tip: () => tipOf(monitor.current_best_block()),
      connect: ({ block, height }) => {
        const transactions = block.transactions.map((tx, index) =>
          ldk.TwoTuple_usizeTransactionZ.constructor_new(index, encode(bitcoinTransaction, tx))
        );
        const header: Bytes = encode(blockHeader, block.header);
        monitor.block_connected(header, transactions, height, broadcaster, fees.estimator, logger);
      },
      disconnect: (header, height) => monitor.block_disconnected(header, height, broadcaster, fees.estimator, logger),
    })),
  };
}
