/** The client bench's figures as lines: our client beside the official one. */
import { megabytes, spreadOf } from "../figures.ts";
import { comparison, ratioText, tableLine } from "../table.ts";
import type { Cost, Costs } from "./steps.ts";
import type { Idle } from "./wallet.ts";

/** A run each; of the official client none where it isn't found. */
export type ClientFigures = { readonly ours: readonly Costs[]; readonly official: readonly Costs[] | null };

const FIGURES: readonly (readonly [name: string, figure: (of: Cost) => number, shown: (value: number) => string])[] = [
  ["CPU", ({ cpuSeconds }) => cpuSeconds, (value) => `${value.toFixed(2)} s`],
  ["time", ({ wallMs }) => wallMs / 1_000, (value) => `${value.toFixed(2)} s`],
  ["memory at most", ({ peakBytes }) => peakBytes, (value) => `${megabytes(value)} MB`],
];

/** One table a figure; of several runs the median with the least and the most, and the ratio of the medians. */
export function clientLines(title: string, { ours, official }: ClientFigures): string[] {
  return FIGURES.flatMap(([name, figure, shown]) => {
    const cell = (runs: readonly Costs[] | null, step: string): [string, number | null] => {
      if (runs === null) return ["–", null];
      const { min, median, max } = spreadOf(runs.map((costs) => figure(costs.get(step)!)));
      return [runs.length === 1 ? shown(median) : `${shown(median)} (${shown(min)}–${shown(max)})`, median];
    };
    const lines = [...ours[0]!.keys()].map((step) => {
      const [mine, mineMedian] = cell(ours, step), [theirs, theirMedian] = cell(official, step);
      return tableLine(step, [mine, theirs, ratioText(mineMedian, theirMedian)]);
    });
    return ["", tableLine(`${title}: ${name}`, ["ours", "official", "ratio"]), ...lines];
  });
}

export function idleLines({ ours, official }: { readonly ours: Idle; readonly official: Idle | null }): string[] {
  const line = (name: string, figure: (of: Idle) => number, shown: (value: number) => string): string =>
    comparison(name, [figure(ours), official && figure(official)], shown);
  const mb = (value: number): string => `${megabytes(value)} MB`;
  return [
    "",
    tableLine("a wallet that waits for a deposit", ["ours", "official", "ratio"]),
    line("CPU a minute", ({ cpuSecondsAMinute }) => cpuSecondsAMinute, (value) => `${value.toFixed(2)} s`),
    line("memory, its own", ({ ownBytes }) => ownBytes, mb),
    line("… with the program's pages", ({ residentBytes }) => residentBytes, mb),
    line("open connections", ({ sockets }) => sockets, (value) => value.toFixed(0)),
  ];
}
