/**
 * Whether the messages that `docs/operating.md` explains are those that the program has: in the tables of "What to do
 * when" each text in backticks of the first column stands in a source, but for what `…` leaves open. Prints `file:line`
 * for each that doesn't; exit code 1 when there is one.
 */
import { conclude, hasTests, type Problem, readSource, type SourceFile, sourcesBelow } from "./sources.ts";

const DOCUMENT = "docs/operating.md";
const SECTION = "## What to do when";

/** Shorter parts between two `…` stand anywhere. */
const PART_LENGTH_MIN = 8;

export function messageProblems(document: string, sources: readonly SourceFile[]): Problem[] {
  const texts = sources.map(({ text }) => text);
  const problems: Problem[] = [];
  let inSection = false;
  document.split("\n").forEach((line, index) => {
    if (line.startsWith("## ")) inSection = line === SECTION;
    const cell = /^\| (.*?) \|/.exec(line)?.[1];
    if (!inSection || cell === undefined) return;
    for (const [, message] of cell.matchAll(/`([^`]+)`/g)) {
      const missing = message!.split("…").map((part) => part.trim())
        .filter((part) => part.length >= PART_LENGTH_MIN && !texts.some((text) => text.includes(part)));
      for (const part of missing) problems.push({ path: DOCUMENT, line: index + 1, what: `nothing says: ${part}` });
    }
  });
  return problems;
}

if (import.meta.main) {
  const files = (await sourcesBelow(["actors", "modules", "server"])).filter(({ path }) => !hasTests(path));
  conclude(messageProblems(await readSource(DOCUMENT), files), files.length);
}
