import { assertEquals, assertRejects } from "@std/assert";
import { manualClock } from "../../../actors/testing/platform.ts";
import type { ClientRecoveryEnv, RecoverySteps } from "../../contract/recovery.ts";
import type { WalletConfig } from "../config.ts";
import { CORES_FEW, GIVE_WAY_MS } from "../limits.ts";
import { DEPOSITOR, testWallet } from "../testing/federation.ts";
import { walletRecovery } from "./recovery.ts";
import type { WalletProgress } from "./recovery_progress.ts";
import type { WalletState } from "./states.ts";

class FirstStep extends Error {}

/** A recovery as far as its first step, on a machine with so many cores; others recover until `others` resolves. */
async function begun(cores: number, others: Promise<void>, end = 1) {
  const { config } = await testWallet(), { platform, advance } = manualClock();
  const stop = new AbortController();
  const env = {
    config,
    secret: DEPOSITOR,
    otherSecrets: [],
    platform: { ...platform, threads: { ...platform.threads, cores } },
    signal: stop.signal,
  } as unknown as ClientRecoveryEnv<WalletConfig>;
  const steps: RecoverySteps<WalletState, WalletProgress> = {
    state: { end, ways: [{ derivation: "standard", walked: 0, searched: 0, found: 0, sat: 0n }] },
    isLast: true,
    step: () => Promise.reject(new FirstStep()),
    giveWay: (signal) =>
      Promise.race([
        others,
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ]),
  };
  let steppedAfterMs: number | null = null, passedMs = 0;
  const run = walletRecovery.run(env, steps).catch((thrown) => {
    if (!(thrown instanceof FirstStep)) throw thrown;
    steppedAfterMs = passedMs;
  });
  const pass = async (ms: number): Promise<void> => {
    passedMs += ms;
    await advance(ms);
    await advance(0);
  };
  return { run, stop, pass, steppedAfterMs: () => steppedAfterMs };
}

const never = new Promise<void>(() => {});

Deno.test("on few cores a recovery lets others go first, for half a minute at most; on more it doesn't", async () => {
  const alone = await begun(CORES_FEW + 1, never);
  await alone.run;
  const patient = await begun(CORES_FEW, never);
  await patient.pass(GIVE_WAY_MS - 1);
  assertEquals(patient.steppedAfterMs(), null);
  await patient.pass(1);
  await patient.run;
  assertEquals(patient.steppedAfterMs(), GIVE_WAY_MS);
  const others = Promise.withResolvers<void>(), second = await begun(1, others.promise);
  await second.pass(1_000);
  assertEquals(second.steppedAfterMs(), null);
  others.resolve();
  await second.run;
  // with no deposits there is nothing to look for
  await (await begun(1, never, 0)).run;
});

Deno.test("a recovery that lets others go first ends with its signal", async () => {
  const { run, stop, pass, steppedAfterMs } = await begun(1, never);
  await pass(1_000);
  stop.abort(new Error("closing"));
  await assertRejects(() => run, Error, "closing");
  assertEquals(steppedAfterMs(), null);
});
