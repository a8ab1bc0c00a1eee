/**
 * What the output of a suite says: how many cases passed and failed, what didn't run, and what failed, with its reason.
 * Suites of `deno test` tell as that does; all others in lines `FAILED NAME: REASON`, of which more lines may follow.
 */

export type Counts = { readonly passed: number; readonly failed: number };

/** A case that failed, and the lines that say why. */
export type Failure = { readonly name: string; readonly reason: readonly string[] };

/** Of one failure, and of all: records of runs keep some hundred lines of the end, and a third tells of the suites. */
const REASON_LINES_MAX = 40, TOLD_LINES_MAX = 64;
/** Of each, however many there are. */
const REASON_LINES_MIN = 3;

export function linesOf(output: string): string[] {
  // deno-lint-ignore no-control-regex -- colours
  return output.replace(/\x1b\[[0-9;]*m/g, "").split("\n");
}

/** Of `deno test`'s closing line, or of a line `N passed, N failed`. */
export function countsOf(lines: readonly string[]): Counts | null {
  for (const line of lines.toReversed()) {
    const match = /(\d+) passed(?: \(\d+ steps?\))?(?: \| |, )(\d+) failed/.exec(line);
    if (match) return { passed: Number(match[1]), failed: Number(match[2]) };
  }
  return null;
}

/** Why the suite can't run here, and the tests of `deno test` that can't: their names say why. */
export function notRunOf(suite: string, lines: readonly string[]): string[] {
  const reasons: string[] = [];
  for (const line of lines) {
    const whole = /^not run here: (.*)$/.exec(line)?.[1], test = /=> (.*) \.\.\. ignored/.exec(line)?.[1];
    if (whole !== undefined) reasons.push(`${suite}: ${whole}`);
    if (test !== undefined) reasons.push(test);
  }
  return reasons;
}

/** @returns without empty lines at the end */
function linesUntil(lines: readonly string[], isEnd: (line: string) => boolean): string[] {
  const end = lines.findIndex(isEnd);
  const reason = lines.slice(0, end < 0 ? lines.length : end);
  return reason.slice(0, reason.findLastIndex((line) => line.trim() !== "") + 1);
}

/** In `deno test`'s chapter ERRORS each name of the chapter FAILURES is a line of its own, before what was thrown. */
function ofDenoTest(lines: readonly string[]): Failure[] {
  const errors = lines.findIndex((line) => line.trim() === "ERRORS");
  const failures = lines.findLastIndex((line) => line.trim() === "FAILURES");
  if (errors < 0 || failures < errors) return [];
  const told = lines.slice(errors + 1, failures);
  const names = lines.slice(failures + 1).filter((line) => told.includes(line) && line !== "");
  return names.map((name) => {
    const rest = told.slice(told.indexOf(name) + 1);
    return { name, reason: linesUntil(rest, (line) => names.includes(line)) };
  });
}

const FAILED = /^FAILED (.*)$/;

function isOther(line: string): boolean {
  return FAILED.test(line) || /^(ok {2,}|logs: )/.test(line) || /\d+ passed, \d+ failed$/.test(line);
}

function ofChecks(lines: readonly string[]): Failure[] {
  return lines.flatMap((line, at) => {
    const name = FAILED.exec(line)?.[1];
    // `deno test` closes with such a line
    if (name === undefined || name.startsWith("| ")) return [];
    return [{ name, reason: linesUntil(lines.slice(at + 1), isOther) }];
  });
}

/** @returns of a suite that failed what did, each once; when it doesn't say what, its last lines */
export function failuresOf(lines: readonly string[]): Failure[] {
  const ofTests = ofDenoTest(lines), named = ofTests.length > 0 ? ofTests : ofChecks(lines);
  if (named.length > 0) return named;
  const last = lines.filter((line) => line.trim() !== "").slice(-REASON_LINES_MAX);
  return [{ name: "it ended without saying what failed", reason: last }];
}

/** The beginning says what, the end where. */
function shortened(reason: readonly string[], linesMax: number): string[] {
  if (reason.length <= linesMax) return [...reason];
  const end = Math.floor((linesMax - 1) / 3), begin = linesMax - 1 - end;
  const leftOut = `… ${reason.length - begin - end} lines …`;
  return [...reason.slice(0, begin), leftOut, ...reason.slice(reason.length - end)];
}

/** What failed in all suites, in so few lines that all of it is at the end of a record of the run. */
export function toldAtTheEnd(failures: readonly Failure[]): string[] {
  const each = Math.floor(TOLD_LINES_MAX / failures.length) - 1;
  const linesMax = Math.max(REASON_LINES_MIN, Math.min(REASON_LINES_MAX, each));
  return failures.flatMap(({ name, reason }) => [
    `FAILED ${name}`,
    ...shortened(reason, linesMax).map((line) => `  ${line}`),
  ]);
}
