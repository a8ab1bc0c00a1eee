/** Waiting for what other processes do. */
import type { Clock } from "../../../actors/platform/platform.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { OwnedProcess } from "./processes.ts";

/** Processes that end are noticed at once; a busy machine takes its time. */
const WAIT_MS = 600_000;
const POLL_MS = 200;

/** What is waited for, and with what the wait ends. */
export type Wait = {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** When one of them ends, nothing more will come. */
  readonly processes: readonly OwnedProcess[];
};

/** Tries again while it fails or isn't there. @throws {Error} saying what didn't come, and why */
export async function until<T>(
  { clock, signal, processes }: Wait,
  what: string,
  attempt: () => Promise<T | null | false>,
): Promise<T> {
  const endMs = clock.monotonicMs() + WAIT_MS;
  let reason: unknown = null;
  while (clock.monotonicMs() < endMs) {
    signal?.throwIfAborted();
    const gone = processes.find(({ isRunning }) => !isRunning);
    if (gone) throw new Error(`${gone.spec.name} has ended. The end of its log:\n${await gone.tail()}`);
    try {
      const value = await attempt();
      if (value !== null && value !== false) return value;
    } catch (thrown) {
      reason = thrown;
    }
    await sleep(clock, POLL_MS);
  }
  throw new Error(`Not within ${WAIT_MS} ms: ${what}`, { cause: reason });
}
