/** Waiting for a Bitcoin node that begins. */
import type { Logger } from "../../actors/logger.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import { Reminder } from "../../actors/reminder.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";

const POLL_MS = 1_000;
const SYNCED = 0.999;

/**
 * Resolves when the node answers and has loaded the chain; says meanwhile what is waited for. Rejects with the signal's
 * reason.
 */
export async function nodeSynced(
  bitcoin: BitcoinSource,
  { clock, log, signal }: { readonly clock: Clock; readonly log: Logger; readonly signal: AbortSignal },
): Promise<void> {
  const reminder = new Reminder(clock, log, "info");
  for (;;) {
    const status = await bitcoin.status();
    if (status && (status.syncProgress === null || status.syncProgress >= SYNCED)) return;
    const progress = status?.syncProgress;
    reminder.say("Consensus begins when the Bitcoin node answers and has loaded the chain", "", { progress });
    await sleep(clock, POLL_MS, signal);
  }
}
