/**
 * The guardian's Bitcoin node as this module sees it: one on another network than the federation's is no node. What
 * needs no chain goes on, and the log says in one sentence what is wrong.
 */
import { Reminder } from "../../actors/reminder.ts";
import type { BitcoinNetwork } from "../../core/bitcoin/mod.ts";
import { err } from "../../core/result.ts";
import type { BitcoinSource, BitcoinStatus } from "./bitcoin.ts";
import { isNodeOf } from "./bitcoin.ts";
import type { ServerModuleEnv } from "./server.ts";

type Env = Pick<
  ServerModuleEnv<{ readonly network: BitcoinNetwork }, unknown>,
  "bitcoin" | "config" | "log" | "platform"
>;

/**
 * @param waiting what of the module waits for a node of the federation's network, for the log
 * @returns what answers only while the node is on the federation's network
 */
export function ownNode({ bitcoin, config: { network }, log, platform }: Env, waiting: string): BitcoinSource {
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
    reminder.say(mistake, `${waiting} for a node of the federation's network`);
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
