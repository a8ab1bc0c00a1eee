/** The client bench's figures as lines: our client, from its sources and built, beside the official one. */
import { megabytes, spreadOf } from "../figures.ts";
import { ratioText, tableLine } from "../table.ts";
import type { Cost, Costs } from "./steps.ts";
import type { Idle } from "./wallet.ts";

/** Of each client; of the official one none where it isn't found. */
export type OfClients<T> = { readonly ours: T; readonly built: T; readonly official: T | null };

/** A run each. */
export type ClientFigures = OfClients<readonly Costs[]>;

const HEADINGS = ["ours", "built", "official", "ours ×", "built ×"];

const FIGURES: readonly (readonly [name: string, figure: (of: Cost) => number, shown: (value: number) => string])[] = [
  ["CPU", ({ cpuSeconds }) => cpuSeconds, (value) => `${value.toFixed(2)} s`],
  ["time", ({ wallMs }) => wallMs / 1_000, (value) => `${value.toFixed(2)} s`],
  ["memory at most", ({ peakBytes }) => peakBytes, (value) => `${megabytes(value)} MB`],
];

/**
 * One table a figure; of several runs the median with the least and the most, and both ratios of medians to the
 * official one's.
 */
export function clientLines(title: string, { ours, built, official }: ClientFigures): string[] {
  return FIGURES.flatMap(([name, figure, shown]) => {
    const cell = (runs: readonly Costs[] | null, step: string): [string, number | null] => {
      if (runs === null) return ["–", null];
      const { min, median, max } = spreadOf(runs.map((costs) => figure(costs.get(step)!)));
      return [runs.length === 1 ? shown(median) : `${shown(median)} (${shown(min)}–${shown(max)})`, median];
    };
    const lines = [...ours[0]!.keys()].map((step) => {
      const [mine, mineMedian] = cell(ours, step), [bundled, bundledMedian] = cell(built, step);
      const [theirs, theirMedian] = cell(official, step);
      const ratios = [mineMedian, bundledMedian].map((median) => ratioText(median, theirMedian));
      return tableLine(step, [mine, bundled, theirs, ...ratios]);
    });
    return ["", tableLine(`${title}: ${name}`, HEADINGS), ...lines];
  });
}

export function idleLines({ ours, built, official }: OfClients<Idle>): string[] {
  const line = (name: string, figure: (of: Idle) => number, shown: (value: number) => string): string => {
    const reference = official && figure(official), cells = [ours, built].map(figure);
    const ratios = cells.map((value) => ratioText(value, reference));
    return tableLine(name, [...cells.map(shown), reference === null ? "–" : shown(reference), ...ratios]);
  };
  const mb = (value: number): string => `${megabytes(value)} MB`;
  return [
    "",
    tableLine("a wallet that waits for a deposit", HEADINGS),
    line("CPU a minute", ({ cpuSecondsAMinute }) => cpuSecondsAMinute, (value) => `${value.toFixed(2)} s`),
    line("memory, its own", ({ ownBytes }) => ownBytes, mb),
    line("… with the program's pages", ({ residentBytes }) => residentBytes, mb),
    line("open connections", ({ sockets }) => sockets, (value) => value.toFixed(0)),
  ];
}
