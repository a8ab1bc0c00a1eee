/** For tests of actors: a platform whose clock is moved by hand, a log kept in memory, and a system over both. */
import { unreachable } from "../../core/assert.ts";
import type { LogRecord } from "../logger.ts";
import type { Platform } from "../platform/platform.ts";
import { SimulatedDice } from "../platform/simulated/dice.ts";
import { simulatedThreads } from "../platform/simulated/threads.ts";
import { createSystem } from "../runtime/system.ts";
import type { ChildSpec } from "../supervisor.ts";
import { supervisor } from "../supervisor.ts";
import type { ActorSystem } from "../system.ts";
import { ManualClock } from "./manual_clock.ts";

/** Time, threads and dice; what reaches for the rest fails its test. */
export type ManualPlatform = {
  readonly platform: Platform;
  /** Fires what falls due, in order, each when everything before has come to rest. */
  advance(ms: number): Promise<void>;
  /** Fires what is due now and was set before: one turn of the event loop. */
  turn(): Promise<void>;
  readonly pendingTimers: number;
};

export function manualClock(): ManualPlatform {
  const clock = new ManualClock();
  const notUsed = <T>(part: string): T => new Proxy({}, { get: () => unreachable(part as never) }) as T;
  return {
    platform: {
      // plain, so that a test may spread it and change a part
      clock: {
        nowMs: () => clock.nowMs(),
        monotonicMs: () => clock.monotonicMs(),
        setTimer: (delayMs, fire) => clock.setTimer(delayMs, fire),
      },
      dice: new SimulatedDice(1, "test"),
      network: notUsed("network"),
      files: notUsed("files"),
      threads: simulatedThreads(() => true),
    },
    advance: (ms) => clock.advance(ms),
    turn: () => clock.turn(),
    get pendingTimers() {
      return clock.pending;
    },
  };
}

export type TestSystem = {
  readonly system: ActorSystem;
  readonly clock: ManualPlatform;
  readonly log: LogRecord[];
  /** Log lines as `level path: message`, without debug. */
  lines(): string[];
};

export function testSystem(): TestSystem {
  const clock = manualClock();
  const log: LogRecord[] = [];
  const system = createSystem({ platform: clock.platform, log: (record) => log.push(record) });
  const lines = () =>
    log.filter(({ level }) => level !== "debug").map(({ level, path, message }) => `${level} ${path}: ${message}`);
  return { system, clock, log, lines };
}

/**
 * A system whose root `root` has these children, never gives up, is one_for_one, and is stopped when `body` is done; no
 * timer may stay behind.
 */
export async function withSystem(
  children: readonly ChildSpec[],
  body: (test: TestSystem) => Promise<void>,
): Promise<void> {
  const test = testSystem();
  await test.system.start(supervisor("root", { intensity: 1_000, children }));
  await body(test);
  const stopped = test.system.stop();
  await test.clock.advance(60_000);
  await stopped;
  if (test.clock.pendingTimers > 0) throw new Error(`${test.clock.pendingTimers} timers outlived the system`);
}
