/** For the tests of this folder: a clock moved by hand, a log kept in memory, and a system over both. */
import { setImmediate } from "node:timers";
import { unreachable } from "../../core/assert.ts";
import type { LogRecord } from "../logger.ts";
import type { Platform } from "../platform/platform.ts";
import { SimulatedDice } from "../platform/simulated/dice.ts";
import { simulatedThreads } from "../platform/simulated/threads.ts";
import { createSystem } from "../runtime/system.ts";
import type { ChildSpec } from "../supervisor.ts";
import { supervisor } from "../supervisor.ts";
import type { ActorSystem } from "../system.ts";

export type ManualClock = {
  readonly platform: Platform;
  /** Fires what falls due, in order, each when everything before has come to rest. */
  advance(ms: number): Promise<void>;
  /** Fires what is due now and was set before: one turn of the event loop. */
  turn(): Promise<void>;
  readonly pendingTimers: number;
};

/** Resolves when no microtask is left. Does not come to rest while one always begets the next. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export function manualClock(): ManualClock {
  let nowMs = 0;
  /** By when they are due, those of the same moment in the order in which they were set. */
  const timers: { readonly dueMs: number; readonly fire: () => void }[] = [];
  const clock: Platform["clock"] = {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    setTimer: (delayMs, fire) => {
      const timer = { dueMs: nowMs + delayMs, fire };
      let from = 0;
      for (let to = timers.length; from < to;) {
        const middle = (from + to) >> 1;
        if (timers[middle]!.dueMs <= timer.dueMs) from = middle + 1;
        else to = middle;
      }
      timers.splice(from, 0, timer);
      return {
        cancel: () => {
          const at = timers.indexOf(timer);
          if (at >= 0) timers.splice(at, 1);
        },
      };
    },
  };
  const notUsed = <T>(part: string): T => new Proxy({}, { get: () => unreachable(part as never) }) as T;
  return {
    platform: {
      clock,
      dice: new SimulatedDice(1, "test"),
      network: notUsed("network"),
      files: notUsed("files"),
      threads: simulatedThreads(() => true),
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (;;) {
        const due = timers[0];
        if (due === undefined || due.dueMs > untilMs) break;
        timers.shift();
        nowMs = due.dueMs;
        due.fire();
        await settle();
      }
      nowMs = untilMs;
    },
    async turn() {
      const due = timers.filter(({ dueMs }) => dueMs <= nowMs);
      timers.splice(0, due.length);
      for (const { fire } of due) fire();
      await settle();
    },
    get pendingTimers() {
      return timers.length;
    },
  };
}

export type TestSystem = {
  readonly system: ActorSystem;
  readonly clock: ManualClock;
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

/** A system whose root `root` has these children, never gives up, is one_for_one, and is stopped when `body` is done; no timer may stay behind. */
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
