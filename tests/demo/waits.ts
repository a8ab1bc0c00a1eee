/** Waiting for real federations: never for ever. */
import { sleep } from "../../actors/platform/platform.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import type { FederationClient } from "../../client/mod.ts";
import { seconds } from "./report.ts";

const platform = realPlatform();
/** Deep enough for guardians to agree on a block: a vote is 7 behind the chain. */
export const BLOCKS_TO_AGREE = 8;
const STEP_MS = 600_000;
const POLL_MS = 200;

/** @throws Error that says what took too long */
export async function within<T>(what: string, promise: Promise<T>, ms = STEP_MS): Promise<T> {
  const late = new AbortController();
  const timeout = sleep(platform.clock, ms, late.signal).then(() => {
    throw new Error(`${what} took longer than ${seconds(ms)}`);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    late.abort();
    timeout.catch(() => undefined);
  }
}

/** Asks again and again. @throws Error that says what did not come to hold; the signal's reason */
export async function until(what: string, holds: () => Promise<boolean>, signal?: AbortSignal): Promise<void> {
  await untilFound(what, holds, signal);
}

/** The same for something that is found. @throws as `until` */
export async function untilFound<T>(
  what: string,
  attempt: () => Promise<T | null | false>,
  signal?: AbortSignal,
): Promise<T> {
  const endMs = platform.clock.monotonicMs() + STEP_MS;
  for (;;) {
    const found = await attempt();
    if (found !== null && found !== false) return found;
    if (platform.clock.monotonicMs() > endMs) throw new Error(`${what}: not within ${seconds(STEP_MS)}`);
    await sleep(platform.clock, POLL_MS, signal);
  }
}

/** Waits until a wallet holds more than `aboveMsat` and nothing more is coming in. */
export async function awaitBalance(wallet: FederationClient, aboveMsat: bigint): Promise<bigint> {
  const done = new AbortController();
  try {
    for await (const balanceMsat of wallet.subscribeBalance(done.signal)) {
      if (balanceMsat > aboveMsat) return balanceMsat;
    }
  } finally {
    done.abort();
  }
  throw new Error("The wallet was closed");
}
