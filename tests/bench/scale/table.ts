/** How the points of a case are shown: an item's cost at each size, and its relation to the smallest. */
import type { Point, ScaleCase } from "./point.ts";

type Row = { readonly name: string; readonly cells: readonly string[] };

function each(sum: number, items: number): number {
  return sum / Math.max(items, 1);
}

/** Three digits that count. */
export function short(value: number): string {
  if (value === 0) return "0";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

/**
 * ×smallest, beside what is allowed where that isn't ×1. A smallest of nothing, or less (memory that was freed
 * meanwhile), has no relation.
 */
export function relation(value: number, smallest: number, expected: number): string {
  if (smallest <= 0 || value < 0) return "–";
  const allowed = expected === 1 ? "" : ` (of ×${expected.toFixed(1)})`;
  return `×${(value / smallest).toFixed(2)}${allowed}`;
}

/** Lines of a table, a size a row, each figure followed by its relation to the first row's. */
export function tableOf(
  { sizeOf, item, expected = () => 1 }: Pick<ScaleCase, "sizeOf" | "item" | "expected">,
  points: readonly Point[],
): string[] {
  const [first] = points;
  if (!first) return [];
  const names = Object.keys(first.counts);
  const head = [sizeOf, `CPU ms / ${item}`, "×smallest", `kB / ${item}`, "×smallest"]
    .concat(names.flatMap((name) => [`${name} / ${item}`, "×smallest"]));
  const rows: Row[] = points.map((point) => {
    const allowed = expected(point.size) / expected(first.size);
    const pair = (of: (point: Point) => number | null, scale = 1): string[] => {
      const value = of(point), smallest = of(first);
      if (value === null || smallest === null) return ["–", "–"];
      const [own, least] = [each(value, point.items), each(smallest, first.items)];
      return [short(own * scale), relation(own, least, allowed)];
    };
    const cells = [
      ...pair(({ cpuMs }) => cpuMs),
      ...pair(({ bytes }) => bytes, 1 / 1_024),
      ...names.flatMap((name) => pair(({ counts }) => counts[name] ?? null)),
    ];
    return { name: point.size.toLocaleString("en"), cells };
  });
  const lines = [head, ...rows.map(({ name, cells }) => [name, ...cells])];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const text = (line: readonly string[]): string =>
    `| ${line.map((cell, column) => cell.padStart(widths[column]!)).join(" | ")} |`;
  return [text(lines[0]!), `| ${widths.map((width) => "-".repeat(width - 1) + ":").join(" | ")} |`].concat(
    lines.slice(1).map(text),
  );
}
