/** Tables of figures: a line a figure, ours beside a reference, and the ratio of the two. */

const NAME_COLUMNS = 56;
const COLUMNS = 24;

export function tableLine(name: string, cells: readonly string[]): string {
  return `${name.padEnd(NAME_COLUMNS)}${cells.map((cell) => cell.padStart(COLUMNS)).join("")}`.trimEnd();
}

/** As in `×0.31`; nothing where one of them isn't known or the reference is nothing. */
export function ratioText(ours: number | null, reference: number | null): string {
  return ours === null || reference === null || reference <= 0 ? "" : `×${(ours / reference).toFixed(2)}`;
}

/** What isn't known is a dash. */
export function comparison(
  name: string,
  [ours, reference]: readonly [number | null, number | null],
  shown: (value: number) => string,
): string {
  const cells = [ours, reference].map((value) => value === null ? "–" : shown(value));
  return tableLine(name, [...cells, ratioText(ours, reference)]);
}
