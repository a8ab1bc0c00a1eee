/** The federation bench's figures as lines: ours beside the official ones'. */
import { megabytes } from "../figures.ts";
import { comparison, tableLine } from "../table.ts";
import type { LoadFigures, RestFigures } from "./measure.ts";
import type { Both } from "./pair.ts";

const ms = (value: number): string => `${value.toFixed(value < 100 ? 1 : 0)} ms`;
const tenths = (value: number): string => value.toFixed(1);
const percent = (value: number): string => `${(value / 10).toFixed(1)} %`;
const mb = (value: number): string => `${megabytes(value)} MB`;

function largest(values: readonly number[]): number {
  return Math.max(...values);
}

export function heading(title: string): string {
  return tableLine(title, ["ours", "official", "ratio"]);
}

export function restLines({ ours, official }: Both<RestFigures>): string[] {
  const each = (of: RestFigures | null) => of && of.cpuMsPerSecond / of.guardians;
  return [
    comparison("at rest, CPU of a guardian, of a core", [each(ours), each(official)], percent),
    comparison("at rest, rounds a second", [ours.roundsPerSecond, official && official.roundsPerSecond], tenths),
  ];
}

export function loadLines({ ours, official }: Both<LoadFigures>): string[] {
  const line = (name: string, figure: (of: LoadFigures) => number | null, shown: (value: number) => string): string =>
    comparison(name, [figure(ours), official && figure(official)], shown);
  return [
    line("accepted a second", ({ perSecond }) => perSecond, tenths),
    line("submit → accepted, median", ({ medianMs }) => medianMs, ms),
    line("submit → accepted, p99", ({ p99Ms }) => p99Ms, ms),
    line("CPU of all guardians a transaction", ({ cpuMs }) => cpuMs, ms),
    line("… above what they take at rest", ({ cpuAboveRestMs }) => cpuAboveRestMs, ms),
    line("CPU of the load generator a transaction", ({ generatorMs }) => generatorMs, ms),
    line("until a unit is ordered, as a guardian tells", ({ orderingMs }) => orderingMs, ms),
    line("rounds a second", ({ roundsPerSecond }) => roundsPerSecond, tenths),
    line("memory of the largest guardian, its own", ({ ownBytes }) => largest(ownBytes), mb),
    line("… with the program's pages, which all share", ({ residentBytes }) => largest(residentBytes), mb),
  ];
}
