/** What is measured of a federation: at rest, and under a load. */
import { sleep } from "../../../actors/platform/platform.ts";
import { realPlatform } from "../../../actors/platform/real.ts";
import { percentile } from "../figures.ts";
import { roundsPerSecond } from "../rounds.ts";
import { cpuSecondsBetween } from "../usage.ts";
import type { Guardians } from "./guardians.ts";
import { carry, prepareLoad } from "./load.ts";

const { clock } = realPlatform();
const nowMs = (): number => clock.monotonicMs();
/** Transactions a lane before the clock starts: connections, compiled code, and how fast it will be. */
const WARM_UP = 2;
/** So many times the transactions that the warm-up makes expect are prepared. */
const SPARE = 1.5;

export type RestFigures = {
  readonly guardians: number;
  readonly cpuMsPerSecond: number;
  readonly roundsPerSecond: number;
};

/** Figures that more than one guardian makes are sums. */
export type LoadFigures = {
  readonly notes: number;
  readonly transactionBytes: number;
  readonly transactions: number;
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly cpuMs: number;
  readonly cpuAboveRestMs: number;
  /** Of the load generator. */
  readonly generatorMs: number;
  /** What a guardian tells of how long its units take to be ordered. */
  readonly orderingMs: number | null;
  readonly roundsPerSecond: number;
  readonly ownBytes: readonly number[];
  readonly residentBytes: readonly number[];
};

/** CPU of all guardians together when nobody asks them for anything. */
export async function measureRest(guardians: Guardians, ms: number): Promise<RestFigures> {
  const roundsBefore = await guardians.rounds(), before = await guardians.usages(), begunMs = nowMs();
  await sleep(clock, ms);
  const after = await guardians.usages();
  const cpuMsPerSecond = cpuSecondsBetween(before, after) * 1_000_000 / (nowMs() - begunMs);
  const roundsAfter = await guardians.rounds();
  return {
    guardians: after.length,
    cpuMsPerSecond,
    roundsPerSecond: roundsPerSecond(roundsBefore, roundsAfter),
  };
}

export type LoadOptions = {
  readonly notes: number;
  readonly lanes: number;
  readonly seconds: number;
  readonly rest: RestFigures;
  /** Has a look at what happens while the clock runs. */
  readonly watched: <T>(measured: () => Promise<T>) => Promise<T>;
};

export async function measureLoad(
  guardians: Guardians,
  { notes, lanes, seconds, rest, watched }: LoadOptions,
): Promise<LoadFigures> {
  const { mint, purse } = guardians;
  const warmUp = await prepareLoad(purse, notes, WARM_UP * lanes);
  const warm = await carry(mint, warmUp, { lanes, ms: Infinity, nowMs });
  const expected = warm.latenciesMs.length / warm.tookMs * seconds * 1_000;
  const load = await prepareLoad(purse, notes, Math.ceil(SPARE * expected) + lanes);
  const roundsBefore = await guardians.rounds(), before = await guardians.usages();
  const { latenciesMs, tookMs, generatorMs } = await watched(() =>
    carry(mint, load, { lanes, ms: seconds * 1_000, nowMs })
  );
  const after = await guardians.usages(), roundsAfter = await guardians.rounds();
  const transactions = latenciesMs.length, cpuMs = cpuSecondsBetween(before, after) * 1_000;
  return {
    notes,
    transactionBytes: load.bytes,
    transactions,
    perSecond: transactions / tookMs * 1_000,
    medianMs: percentile(latenciesMs, 0.5),
    p99Ms: percentile(latenciesMs, 0.99),
    cpuMs: cpuMs / transactions,
    cpuAboveRestMs: (cpuMs - rest.cpuMsPerSecond * tookMs / 1_000) / transactions,
    generatorMs: generatorMs / transactions,
    orderingMs: await guardians.orderingMs(),
    roundsPerSecond: roundsPerSecond(roundsBefore, roundsAfter),
    ownBytes: after.map(({ ownBytes }) => ownBytes),
    residentBytes: after.map(({ residentBytes }) => residentBytes),
  };
}
