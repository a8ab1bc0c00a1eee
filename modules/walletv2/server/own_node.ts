/**
 * The guardian's Bitcoin node as this module sees it: one on another network than the federation's is no node. What
 * needs no chain goes on, and the log says in one sentence what is wrong.
 */
import { Reminder } from "../../../actors/reminder.ts";
import { err } from "../../../core/result.ts";
import type { BitcoinSource, BitcoinStatus } from "../../contract/bitcoin.ts";
import { isNodeOf } from "../../contract/bitcoin.ts";
import type { WalletEnv } from "./block_sync.ts";

type Env = Pick<WalletEnv, "bitcoin" | "config" | "log" | "platform">;

/** @returns what answers only while the node is on the federation's network */
export function ownNode({ bitcoin, config: { network }, log, platform }: Env): BitcoinSource {
  let reminder: Reminder | null = null;
  const look = async (): Promise<{ readonly status: BitcoinStatus | null; readonly mistake: string | null }> => {
    const status = await bitcoin.status();
    if (status === null) return { status, mistake: null };
    if (isNodeOf(network, status)) {
      reminder?.over("The Bitcoin node is on the federation's network", { network });
      return { status, mistake: null };
    }
    const mistake = `The Bitcoin node is on ${status.network}, the federation on ${network}`;
    reminder ??= new Reminder(platform.clock, log);
    reminder.say(mistake, "deposits and withdrawals wait for a node of the federation's network");
    return { status: null, mistake };
  };
  return {
    status: async () => (await look()).status,
    blockAt: (height, signal) => bitcoin.blockAt(height, signal),
    broadcast: async (transaction) => {
      const { mistake } = await look();
      return mistake === null ? await bitcoin.broadcast(transaction) : err(mistake);
    },
  };
}
