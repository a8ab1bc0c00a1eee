/** The table of the attacks, and the bounds that hold on any machine. */
import { percentile } from "../bench/figures.ts";
import type { Figures } from "./meter.ts";

export type Row = {
  readonly name: string;
  readonly before: Figures;
  readonly during: Figures;
  readonly memoryMb: number;
  /** Actors started anew during the attack. */
  readonly restarts: number;
};

/** Aims: an attack that is felt more than this is marked. */
const ROUNDS_PART_WANTED = 0.5;
const CALL_MS_WANTED = 5_000;
/** Bounds: no noise reaches them. */
const ROUNDS_PART_MIN = 0.1;
const MEMORY_MB_MAX = 1_000;

const COLUMNS = [18, 15, 18, 18, 18, 18, 14, 8, 8];

function columns(cells: readonly string[]): string {
  return cells.map((cell, i) => (i === 0 ? cell.padEnd(COLUMNS[i]!) : cell.padStart(COLUMNS[i]!))).join(" ");
}

export const HEADER = [
  columns(["attack", "rounds/s", "calls ms (med/max)", "", "payments ms", "", "CPU % of core", "MB", "crashes"]),
  columns(["", "before → during", "before", "during", "before", "during", "before → during", "after", ""]),
].join("\n");

function latencies(values: readonly number[]): string {
  return `${percentile(values.toSorted((a, b) => a - b), 0.5).toFixed(0)}/${longest(values).toFixed(0)}`;
}

function part({ before, during }: Row): number {
  return during.roundsPerSecond / before.roundsPerSecond;
}

function longest(values: readonly number[]): number {
  return values.reduce((max, ms) => Math.max(max, ms), 0);
}

export function line(row: Row): string {
  const { name, before, during, memoryMb, restarts } = row;
  const missed = part(row) < ROUNDS_PART_WANTED || longest(row.during.calls) > CALL_MS_WANTED;
  const cells = columns([
    name,
    `${before.roundsPerSecond.toFixed(1)} → ${during.roundsPerSecond.toFixed(1)}`,
    latencies(before.calls),
    latencies(during.calls),
    latencies(before.payments),
    latencies(during.payments),
    `${before.cpuPercent.toFixed(0)} → ${during.cpuPercent.toFixed(0)}`,
    memoryMb.toFixed(0),
    restarts.toFixed(0),
  ]);
  return missed
    ? `${cells}  ← ${(part(row) * 100).toFixed(0)} % of the rounds, a call of ${
      longest(row.during.calls).toFixed(0)
    } ms`
    : cells;
}

export function isHalted(row: Row): boolean {
  return !(part(row) >= ROUNDS_PART_MIN);
}

/** What may never happen. */
export function broken(row: Row): string[] {
  const reasons: string[] = [];
  if (isHalted(row)) reasons.push("consensus hardly went on");
  if (!(row.memoryMb <= MEMORY_MB_MAX)) reasons.push(`a guardian holds ${row.memoryMb.toFixed(0)} MB`);
  if (row.restarts !== 0) reasons.push("actors crashed, or a guardian ended");
  return reasons;
}
