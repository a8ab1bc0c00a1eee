/**
 * A bitcoind with an Esplora server behind it: each call that the first can't answer goes to the second, and while
 * bitcoind loads the chain for the first time the count of blocks is Esplora's. Two that follow different chains are as
 * good as none. `fedimint-server-bitcoin-rpc/src/hybrid.rs`.
 */
import type { Logger } from "../logger.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import type { Answer, BackendFailure, BitcoinBackend } from "./backend.ts";
import { failureText } from "./backend.ts";

export function hybridBackend(bitcoind: BitcoinBackend, esplora: BitcoinBackend, log: Logger): BitcoinBackend {
  let complaint: string | null = null;
  let downloaded = false;
  /** Whether both have answered with the same chain. */
  let compared = false;

  /** Says once a reason that the second one answers, and once that it is no longer needed. */
  const note = (failure: BackendFailure | null): void => {
    const text = failure && failureText(failure);
    if (text !== null && text !== complaint) log.warn("bitcoind can't answer; Esplora is asked", { reason: text });
    if (text === null && complaint !== null) log.info("bitcoind answers again");
    complaint = text;
  };

  const either = async <T>(ask: (backend: BitcoinBackend) => Answer<T>): Answer<T> => {
    const first = await ask(bitcoind);
    note(first.ok ? null : first.error);
    return first.ok ? first : await orElse(first, ask(esplora));
  };

  const blockCount = async (signal: AbortSignal): Answer<number> => {
    if (downloaded) return await either((backend) => backend.blockCount(signal));
    const first = await bitcoind.blockCountAndDownload(signal);
    if (first.ok && !first.value.downloading) {
      downloaded = true;
      note(null);
      return ok(first.value.blockCount);
    }
    const failure: BackendFailure = first.ok ? { code: "bad_answer", text: "it still loads the chain" } : first.error;
    note(failure);
    return await orElse(err(failure), esplora.blockCount(signal));
  };

  return {
    blockCount,
    blockCountAndDownload: async (signal) => {
      const count = await blockCount(signal);
      return count.ok ? ok({ blockCount: count.value, downloading: false }) : count;
    },
    // two nodes have two tips, and while the first one loads its own says nothing
    tipHash: () => Promise.resolve(ok(null)),
    hashAt: async (height, signal) => {
      if (!compared && height === 1) {
        const [first, second] = await Promise.all([bitcoind.hashAt(1, signal), esplora.hashAt(1, signal)]);
        if (first.ok && second.ok && first.value !== second.value) return err({ code: "two_chains" });
        compared = first.ok && second.ok;
        note(first.ok ? null : first.error);
        return first.ok ? first : await orElse(first, Promise.resolve(second));
      }
      return await either((backend) => backend.hashAt(height, signal));
    },
    blockOf: (hash, signal) => either((backend) => backend.blockOf(hash, signal)),
    feerateSatPerKvb: async (signal) => {
      const rate = await either((backend) => backend.feerateSatPerKvb(signal));
      if (!rate.ok || rate.value !== null) return rate;
      return await orElse(rate, esplora.feerateSatPerKvb(signal));
    },
    // Esplora has none, and its absence must not void the status
    syncProgress: () => Promise.resolve(ok(null)),
    broadcast: (transaction, signal) => either((backend) => backend.broadcast(transaction, signal)),
  };
}

/**
 * The second's answer if it has one, otherwise the first's: what is wrong with the node that comes first matters more.
 */
async function orElse<T>(first: Result<T, BackendFailure>, second: Answer<T>): Answer<T> {
  const other = await second;
  return other.ok ? other : first;
}
