/**
 * Our guardians under one load for minutes, one of them stopped and started again in the middle: what each of them
 * takes as time goes by, and whether anything stands still.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { megabytes } from "../figures.ts";
import { tableLine } from "../table.ts";
import { usageOf } from "../usage.ts";
import type { Guardians } from "./guardians.ts";
import { carry, prepareLoad } from "./load.ts";

const { clock } = realPlatform();
const nowMs = (): number => clock.monotonicMs();
/** Lines that are printed. */
const LOOKS = 10;
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

/** Null for one that doesn't run. */
function ownBytes({ federation }: Guardians): Promise<(number | null)[]> {
  return Promise.all(federation.guardians.map(async ({ process }) => {
    if (!process.isRunning) return null;
    const { ownBytes } = await usageOf(process.pid);
    return ownBytes;
  }));
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
    const each = (await ownBytes(guardians)).map((bytes) => bytes === null ? "–" : megabytes(bytes)).join(" ");
    const seconds = ((nowMs() - begunMs) / 1_000).toFixed(0);
    console.log(tableLine(`after ${seconds} s: ${accepted} transactions`, [`${each} MB`]));
  };
  const looks = async (): Promise<void> => {
    while (!isOver) {
      await look();
      await sleep(clock, seconds * 1_000 / LOOKS);
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
