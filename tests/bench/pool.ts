/**
 * A guardian's notes verified on its main thread and on one beside it, alternately in one run: transactions of ten
 * notes of different denominations, so many at a time. Of each: CPU a note of the main thread and of all threads, the
 * longest time that a timer of 10 ms came late; and what the thread takes in memory and in CPU for its start.
 */
import process from "node:process";
import { loggerFor } from "../../actors/logger.ts";
import { realPlatform } from "../../actors/platform/real.ts";
import { openThread } from "../../actors/platform/real/threads.ts";
import { POOL_WANTED } from "../../actors/threads/limits.ts";
import type { Note } from "../../modules/mintv2/common.ts";
import { NoteChecks } from "../../modules/mintv2/server/note_checks.ts";
import { noteTask, noteThreads } from "../../modules/mintv2/server/note_task.ts";
import type { VerifyElsewhere } from "../../modules/mintv2/server/note_task.ts";
import { issueNote, testMint } from "../../modules/mintv2/testing/federation.ts";
import { megabytes } from "./figures.ts";

type Line = { name: string; value: string; ratio?: number };
type Used = { mainUs: number; allUs: number; latestMs: number };

const NOTES_EACH = 10;
const SIZES = [1, 3, 8, 24];
const ROUNDS = 7;
const TIMER_MS = 10;
const platform = realPlatform();

/** Ratios are against the main thread's figure. */
export async function benchPool(): Promise<Line[]> {
  const mint = await testMint({ guardians: 1 });
  const notes: Note[] = [];
  for (let i = 0; i < SIZES.at(-1)! * NOTES_EACH; i++) notes.push(await issueNote(mint, 9 + i % NOTES_EACH));
  const stop = new AbortController(), log = loggerFor("bench", () => {});
  const env = { platform: { ...platform, threads: { cores: 2, open: openThread } }, log, signal: stop.signal };
  const verify = async (elsewhere: VerifyElsewhere | null, size: number): Promise<void> => {
    const checks = new NoteChecks(mint.config.tbsAggPks, platform.dice, elsewhere);
    const transactions = Array.from({ length: size }, (_, i) => notes.slice(i * NOTES_EACH, (i + 1) * NOTES_EACH));
    const held = await checks.prepare(transactions);
    if (held.includes(false)) throw new Error("Valid notes were refused");
  };
  const elsewhere = noteThreads(env);
  // until one is up, and both have compiled
  for (let i = 0; i < 2 * POOL_WANTED; i++) await verify(elsewhere, SIZES.at(-1)!);
  const lines = [await startOfThread()];
  for (const size of SIZES) {
    const here: Used[] = [], there: Used[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      here.push(await used(() => verify(null, size)));
      there.push(await used(() => verify(elsewhere, size)));
    }
    lines.push(...linesOf(size, leastOf(here), leastOf(there)));
  }
  stop.abort();
  return lines;
}

function linesOf(size: number, here: Used, there: Used): Line[] {
  const notes = size * NOTES_EACH, micro = (us: number): string => `${(us / notes).toFixed(0)} µs`;
  const line = (what: string, [a, b]: [number, number], shown: (figure: number) => string): Line[] => [
    { name: `${notes} notes, main thread alone: ${what}`, value: shown(a) },
    { name: `${notes} notes, with a thread: ${what}`, value: shown(b), ratio: b / a },
  ];
  return [
    ...line("CPU a note of the main thread", [here.mainUs, there.mainUs], micro),
    ...line("CPU a note of all threads", [here.allUs, there.allUs], micro),
    ...line("a timer came late by, at the most", [here.latestMs, there.latestMs], (ms) => `${ms.toFixed(0)} ms`),
  ];
}

async function startOfThread(): Promise<Line> {
  const before = process.cpuUsage(), bytes = Deno.memoryUsage().rss;
  const thread = openThread(noteTask);
  await thread.run(noteTask.first);
  const { user, system } = process.cpuUsage(before), grown = Deno.memoryUsage().rss - bytes;
  thread.close();
  return { name: "a thread's start", value: `${((user + system) / 1_000).toFixed(0)} ms, ${megabytes(grown)} MB` };
}

/** The least of each: what else the machine does meanwhile counts as little as it can. */
function leastOf(rounds: readonly Used[]): Used {
  const least = (figure: (used: Used) => number): number => Math.min(...rounds.map(figure));
  return {
    mainUs: least(({ mainUs }) => mainUs),
    allUs: least(({ allUs }) => allUs),
    latestMs: least(({ latestMs }) => latestMs),
  };
}

async function used(work: () => Promise<void>): Promise<Used> {
  let latestMs = 0, dueMs = performance.now() + TIMER_MS;
  const timer = setInterval(() => {
    const nowMs = performance.now();
    latestMs = Math.max(latestMs, nowMs - dueMs);
    dueMs = nowMs + TIMER_MS;
  }, TIMER_MS);
  await new Promise((resolve) => setTimeout(resolve, 2 * TIMER_MS));
  const all = process.cpuUsage(), main = mainThreadUs();
  await work();
  const mainUs = mainThreadUs() - main, { user, system } = process.cpuUsage(all);
  await new Promise((resolve) => setTimeout(resolve, 2 * TIMER_MS));
  clearInterval(timer);
  return { mainUs, allUs: user + system, latestMs };
}

/** CPU of the thread that the process began with, as Linux tells it. */
function mainThreadUs(): number {
  const [ns] = Deno.readTextFileSync(`/proc/self/task/${Deno.pid}/schedstat`).split(" ");
  return Number(ns) / 1_000;
}
