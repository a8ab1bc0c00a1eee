/**
 * Our guardians under one load for minutes, one of them stopped and started again in the middle: what each of them
 * takes as time goes by, and whether anything stands still.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { megabytes } from "../figures.ts";
import { tableLine } from "../table.ts";
import { usageOf } from "../usage.ts";
import type { DevGuardian } from "../../../server/dev/federation/federation.ts";
import { lastHeapIn } from "./heap.ts";
import type { Guardians } from "./guardians.ts";
import { carry, prepareLoad } from "./load.ts";

const { clock } = realPlatform();
const nowMs = (): number => clock.monotonicMs();
/** A line each minute, and of a shorter soak ten all the same. */
const MINUTE_MS = 60_000, LOOKS_MIN = 10;
/** Transactions a lane that are made and signed ahead; meanwhile the guardians have little else to do. */
const AHEAD = 20;
/** On a busy machine, too. */
const AGREE_MS = 120_000;
const AGAIN_MS = 500;

export type SoakOptions = {
  readonly notes: number;
  readonly lanes: number;
  readonly seconds: number;
  /** Which guardian is started again. */
  readonly restarted: number;
};

/** Own memory, JavaScript that lived at the last clean-up / the heap then, MB; a dash for one that doesn't run. */
async function memoryOf({ process }: DevGuardian): Promise<string> {
  if (!process.isRunning) return "–";
  const { ownBytes } = await usageOf(process.pid), heap = lastHeapIn(await Deno.readTextFile(process.spec.logFile));
  const shown = heap ? `${megabytes(heap.aliveBytes)}/${megabytes(heap.heapBytes)}` : "–";
  return `${megabytes(ownBytes)} (${shown})`;
}

/** @throws {Error} when guardians refuse a transaction, or one of them stands still */
export async function soak(
  guardians: Guardians,
  { notes, lanes, seconds, restarted }: SoakOptions,
): Promise<void> {
  const { mint, purse, federation } = guardians, begunMs = nowMs(), endMs = begunMs + seconds * 1_000;
  let accepted = 0, longestMs = 0, isOver = false;
  const load = async (): Promise<void> => {
    while (nowMs() < endMs) {
      const prepared = await prepareLoad(purse, notes, AHEAD * lanes);
      const { latenciesMs } = await carry(mint, prepared, { lanes, ms: endMs - nowMs(), nowMs });
      accepted += latenciesMs.length;
      longestMs = Math.max(longestMs, ...latenciesMs);
    }
    isOver = true;
  };
  const look = async (): Promise<void> => {
    const each = (await Promise.all(federation.guardians.map(memoryOf))).join("  ");
    const seconds = ((nowMs() - begunMs) / 1_000).toFixed(0);
    console.log(`${`after ${seconds} s: ${accepted} transactions`.padEnd(36)}${each} MB`);
  };
  const looks = async (): Promise<void> => {
    while (!isOver) {
      await look();
      await sleep(clock, Math.min(MINUTE_MS, seconds * 1_000 / LOOKS_MIN));
    }
  };
  const restart = async (): Promise<void> => {
    await sleep(clock, seconds * 500);
    await federation.halt(restarted);
    await federation.restart(restarted);
    console.log(`guardian ${restarted} was stopped and is back`);
  };
  await Promise.all([load(), looks(), restart()]);
  await look();
  console.log(tableLine("accepted a second", [(accepted / seconds).toFixed(1)]));
  console.log(tableLine("submit → accepted, longest", [`${longestMs.toFixed(0)} ms`]));
  await agreed(guardians);
}

/** All have finished as many sessions as any has now, or will have in a moment. */
async function agreed({ federation }: Guardians): Promise<void> {
  const sessions = (): Promise<number[]> =>
    Promise.all(federation.guardians.map(async ({ peer }) => Number(await federation.call(peer, "session_count"))));
  const newest = Math.max(...await sessions()), untilMs = nowMs() + AGREE_MS;
  while (nowMs() < untilMs) {
    if ((await sessions()).every((count) => count >= newest)) return;
    await sleep(clock, AGAIN_MS);
  }
  throw new Error(`A guardian stands still: others have finished ${newest} sessions`);
}
