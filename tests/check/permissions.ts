/**
 * Whether `deno test` without permissions leaves out what needs them: a test file that touches the machine says so by
 * `testsNeeding`. Prints `file:line` for each that doesn't; exit code 1 when there is one.
 */
import { lineOf, scanSource } from "./source_scanner.ts";
import { conclude, hasTests, type Problem, type SourceFile, sourcesBelow } from "./sources.ts";

const MACHINE =
  /\bDeno\s*\.\s*(?:make\w+|open\w*|read\w+|write\w+|l?stat\w*|remove\w*|mkdir\w*|rename\w*|Command|env|listen\w*|serve|connect\w*)\b/g;
const SAYS_SO = /from "[^"]*\/testing\/permissions\.ts"/;

export function permissionProblems(files: readonly SourceFile[]): Problem[] {
  const problems: Problem[] = [];
  for (const { path, text } of files) {
    if (!hasTests(path) || SAYS_SO.test(text)) continue;
    const first = scanSource(text).code.search(MACHINE);
    if (first < 0) continue;
    const what = "touches the machine: make its tests with testsNeeding of core/testing/permissions.ts";
    problems.push({ path, line: lineOf(text, first), what });
  }
  return problems;
}

if (import.meta.main) {
  const files = await sourcesBelow(["core", "actors", "modules", "server", "client", "tests"]);
  conclude(permissionProblems(files), files.length);
}
