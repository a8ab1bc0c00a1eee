/** The watcher as modules see it. */
import type { Sender } from "../../actors/actor.ts";
import { ActorError } from "../../actors/error.ts";
import type { Clock } from "../../actors/platform/platform.ts";
import { sleep } from "../../actors/platform/platform.ts";
import type { ActorRef } from "../../actors/protocol.ts";
import { CALL_TIMEOUT_MS } from "../../actors/bitcoin/limits.ts";
import { orAborted } from "../../core/abort.ts";
import type { Bytes } from "../../core/bytes.ts";
import { err } from "../../core/result.ts";
import type { BitcoinSource } from "../../modules/contract/bitcoin.ts";
import type { BitcoinMessage } from "./actor.ts";
import { BLOCK_RETRY_FIRST_MS, BLOCK_RETRY_LAST_MS } from "./limits.ts";

/** Calls to one or two nodes, each with its own deadline. */
const BLOCK_DEADLINE_MS = 3 * CALL_TIMEOUT_MS;
const BROADCAST_DEADLINE_MS = 4 * CALL_TIMEOUT_MS;

/** @param clock times the repetitions, which go on over restarts of the watcher too */
export function bitcoinSourceOf(sender: Sender, watcher: ActorRef<BitcoinMessage>, clock: Clock): BitcoinSource {
  return {
    status: () => unlessAway(sender.ask(watcher, "status", null), null),
    blockAt: async (height, signal) => {
      for (let delayMs = BLOCK_RETRY_FIRST_MS;; delayMs = Math.min(2 * delayMs, BLOCK_RETRY_LAST_MS)) {
        signal.throwIfAborted();
        const options = { deadlineMs: BLOCK_DEADLINE_MS };
        const block = await orAborted(unlessAway(sender.ask(watcher, "blockAt", { height }, options), null), signal);
        if (block?.ok) return block.value;
        await sleep(clock, delayMs, signal);
      }
    },
    broadcast: async (transaction: Bytes) => {
      const options = { deadlineMs: BROADCAST_DEADLINE_MS };
      return await unlessAway(sender.ask(watcher, "broadcast", { transaction }, options), null) ?? err("no connection");
    },
  };
}

/** A watcher that restarts or has too much to do is no different from a node that doesn't answer. */
async function unlessAway<T, F>(answer: Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await answer;
  } catch (thrown) {
    if (thrown instanceof ActorError) return otherwise;
    throw thrown;
  }
}
