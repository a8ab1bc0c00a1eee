/**
 * Reads the blocks that guardians have agreed on: which of our transactions they confirm, which outputs may be
 * deposits.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { Reminder } from "../../../actors/reminder.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { bitcoinTxidOf, block } from "../../../core/bitcoin/mod.ts";
import type { Bytes } from "../../../core/bytes.ts";
import { decode } from "../../../core/encoding/mod.ts";
import type { ServerModuleEnv } from "../../contract/server.ts";
import type { WalletConfig, WalletPrivateConfig } from "../config.ts";
import { deleteUnconfirmed, outputCount, setOutput } from "./db.ts";
import { isPotentialReceive } from "../scripts.ts";

/**
 * Blocks above an agreed one that the own node must have: nothing is read that a reorganisation may still take back.
 */
const CONFIRMATION_FINALITY_DELAY = 6;

export type WalletEnv = ServerModuleEnv<WalletConfig, WalletPrivateConfig>;

/** How often the node is looked at: 60 s, in test federations 1 s. */
export function pollMs(env: WalletEnv): number {
  return env.testEnvironment ? 1_000 : 60_000;
}

/** Waits as long as it takes: what a block holds is consensus, so no guardian may go on without it. */
async function awaitBlocks(env: WalletEnv, count: number, signal: AbortSignal): Promise<void> {
  let reminder: Reminder | null = null;
  for (;;) {
    const status = await env.bitcoin.status();
    if (status && status.blockCount >= count) return;
    reminder ??= new Reminder(env.platform.clock, env.log, "info");
    reminder.say("Waiting for the Bitcoin node", "", { blockCount: status?.blockCount, needed: count });
    await sleep(env.platform.clock, env.testEnvironment ? 100 : 1_000, signal);
  }
}

/** Takes in the blocks at heights from … to − 1, in order. */
export async function syncBlocks(
  env: WalletEnv,
  tx: StoreTx,
  hashOfKeys: Bytes,
  heights: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): Promise<void> {
  await awaitBlocks(env, heights.to + CONFIRMATION_FINALITY_DELAY, signal);
  let outputs = await outputCount(tx);
  for (let height = heights.from; height < heights.to; height++) {
    const { transactions } = decode(block, await env.bitcoin.blockAt(height, signal));
    for (const transaction of transactions) {
      const txid = bitcoinTxidOf(transaction);
      deleteUnconfirmed(tx, txid);
      for (const [vout, output] of transaction.outputs.entries()) {
        if (!isPotentialReceive(output.script, hashOfKeys)) continue;
        const index = outputs++;
        setOutput(tx, index, { outpoint: { txid, vout }, output });
        const { valueSat } = output;
        tx.onCommit(() => env.log.info("A possible deposit is on the chain", { index, txid, vout, valueSat, height }));
      }
    }
  }
}
