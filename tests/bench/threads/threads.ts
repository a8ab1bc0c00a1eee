/**
 * Guardians without and with a thread for notes (`--threads`), on all cores of this machine: four of them, and one that
 * is a federation of its own and so has the machine for itself. Both have their turn under each load, whoever hasn't
 * is still.
 */
import { join } from "@std/path";
import { GUARDIAN_ALLOCATOR, ownProgram } from "../../../server/dev/federation/processes.ts";
import type { Suite } from "../../interop/suite.ts";
import { inFolder } from "../../interop/suite.ts";
import { Guardians, PEERS } from "../federation/guardians.ts";
import type { LoadFigures, RestFigures } from "../federation/measure.ts";
import { measureLoad, measureRest } from "../federation/measure.ts";
import { inTurn } from "../federation/pair.ts";
import { megabytes } from "../figures.ts";
import { roundsOf } from "../rounds.ts";
import { TURNS_FILE, turnsOf } from "./turns.ts";

type Line = { name: string; value: string; ratio?: number };
/** Transactions of so many notes, so many at a time. */
type Load = { readonly notes: number; readonly lanes: number };
type Case = { readonly peers: number; readonly loads: readonly Load[] };
/** `turnMs`: the first guardian's longest. */
type Figures = LoadFigures & { readonly turnMs: number };
/** A kind of guardians, and where the first of them tells its turns. */
type Kind = { readonly guardians: Guardians; readonly rest: RestFigures; readonly turns: string };

const TEN: Load = { notes: 10, lanes: 8 }, ONE: Load = { notes: 1, lanes: 8 }, MANY: Load = { notes: 10, lanes: 24 };
const CASES: readonly Case[] = [{ peers: PEERS, loads: [TEN, ONE] }, { peers: 1, loads: [TEN, MANY] }];
const THREADS = [0, 1] as const;
const SECONDS = 10, REST_MS = 5_000;
/** The program's own arguments come after it. */
const RUN = "run";

function programOf(threads: number, turns: string): string[] {
  const command = ownProgram("server/main.ts", "--threads", `${threads}`);
  if (turns !== "") command.splice(command.indexOf(RUN) + 1, 0, `--preload=${import.meta.resolve("./turns.ts")}`);
  return command;
}

async function start(suite: Suite, threads: number, peers: number): Promise<Kind> {
  const name = `${peers} with ${threads} threads`, turns = join(suite.dir, `${name}.turns`);
  const guardians = await Guardians.start(suite, {
    name,
    peers,
    program: (peer) => ({
      command: programOf(threads, peer === 0 ? turns : ""),
      env: { ...GUARDIAN_ALLOCATOR, ...(peer === 0 && { [TURNS_FILE]: turns }) },
    }),
    rounds: (federation) =>
      peers === 1 ? Promise.resolve({ rounds: 0, atMs: performance.now() }) : roundsOf(federation, 0),
    down: false,
  });
  const rest = await measureRest(guardians, REST_MS);
  guardians.pause();
  suite.onEnd(() => Promise.resolve(guardians.resume()));
  return { guardians, rest, turns };
}

async function measure({ guardians, rest, turns }: Kind, { notes, lanes }: Load): Promise<Figures> {
  let begunMs = 0;
  const watched = <T>(measured: () => Promise<T>): Promise<T> => {
    begunMs = Date.now();
    return measured();
  };
  const load = await inTurn(guardians, () => measureLoad(guardians, { notes, lanes, seconds: SECONDS, rest, watched }));
  const since = turnsOf(await Deno.readTextFile(turns)).filter(({ atMs }) => atMs >= begunMs);
  return { ...load, turnMs: Math.max(...since.map(({ cpuMs }) => cpuMs)) };
}

function linesOf({ notes, lanes }: Load, peers: number, without: Figures, withThread: Figures): Line[] {
  const what = `${peers === 1 ? "1 guardian" : `${peers} guardians`}, ${notes} notes, ${lanes} at a time`;
  const ms = (value: number): string => `${value.toFixed(1)} ms`;
  const lines = (name: string, figure: (of: Figures) => number, shown: (value: number) => string): Line[] => {
    const [a, b] = [figure(without), figure(withThread)];
    return [
      { name: `${what}: ${name}`, value: shown(a) },
      { name: `… with a thread`, value: shown(b), ratio: b / a },
    ];
  };
  return [
    ...lines("accepted a second", ({ perSecond }) => perSecond, (value) => value.toFixed(1)),
    ...lines("until accepted, median", ({ medianMs }) => medianMs, ms),
    ...lines("CPU of all a transaction", ({ cpuMs }) => cpuMs, ms),
    ...lines("the longest turn's CPU", ({ turnMs }) => turnMs, ms),
    ...lines(
      "memory of the largest, its own",
      ({ ownBytes }) => Math.max(...ownBytes),
      (value) => `${megabytes(value)} MB`,
    ),
  ];
}

/** Ratios are against guardians without a thread. */
export async function benchThreads(): Promise<Line[]> {
  const lines: Line[] = [];
  for (const { peers, loads } of CASES) {
    await inFolder("fedimint-bench-", async (suite) => {
      const kinds: Kind[] = [];
      for (const threads of THREADS) kinds.push(await start(suite, threads, peers));
      const [without, withThread] = kinds as [Kind, Kind];
      for (const load of loads) {
        lines.push(...linesOf(load, peers, await measure(without, load), await measure(withThread, load)));
      }
    });
  }
  return lines;
}
