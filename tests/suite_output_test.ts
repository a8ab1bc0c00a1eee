import { assertEquals } from "@std/assert";
import type { Failure } from "./suite_output.ts";
import { countsOf, failuresOf, linesOf, notRunOf, toldAtTheEnd } from "./suite_output.ts";

/** Of `deno test --parallel --quiet`: two files, one of which died while it was loaded. */
const DENO_TEST = `./a_test.ts => \x1b[0ma fails ... \x1b[31mFAILED\x1b[0m (9ms)
./a_test.ts => b holds ... ok (247µs)
./a_test.ts => here is no daemon ... ignored (0ms)
./a_test.ts => c has steps ... its step fails ... FAILED (0ms)
./a_test.ts => c has steps ... FAILED (due to 1 failed step) (2ms)
Uncaught error from ./b_test.ts FAILED
./b_test.ts => never runs ... cancelled (0ms)

 ERRORS 

a fails => ./a_test.ts:1:6
error: Error: boom

FAILED is a word of what was thrown
    at file:///a_test.ts:1:58

c has steps ... its step fails => ./a_test.ts:4:45
error: Error: inner

./b_test.ts (uncaught error)
error: (in promise) Error: module dies
It most likely originated from a dangling promise.

 FAILURES 

a fails => ./a_test.ts:1:6
c has steps ... its step fails => ./a_test.ts:4:45
./b_test.ts (uncaught error)

FAILED | 1 passed (2 steps) | 4 failed (1 step) (209ms)

error: Test failed
`;

const CHECKS = `ok     guardians start (3 s)
FAILED a guardian stops (600.1 s): it still runs
  its last line
ok     both pay (2 s)
FAILED both are paid (1 s): nothing came
logs: kept
2 passed, 2 failed
`;

Deno.test("what failed in deno test is named with what was thrown, a file that died too", () => {
  assertEquals(failuresOf(linesOf(DENO_TEST)), [
    {
      name: "a fails => ./a_test.ts:1:6",
      reason: ["error: Error: boom", "", "FAILED is a word of what was thrown", "    at file:///a_test.ts:1:58"],
    },
    { name: "c has steps ... its step fails => ./a_test.ts:4:45", reason: ["error: Error: inner"] },
    {
      name: "./b_test.ts (uncaught error)",
      reason: ["error: (in promise) Error: module dies", "It most likely originated from a dangling promise."],
    },
  ]);
});

Deno.test("checks that failed are named with the lines that follow, up to the next check or the closing lines", () => {
  assertEquals(failuresOf(linesOf(CHECKS)), [
    { name: "a guardian stops (600.1 s): it still runs", reason: ["  its last line"] },
    { name: "both are paid (1 s): nothing came", reason: [] },
  ]);
});

Deno.test("of a suite that ended without a word of what failed the last forty lines are told", () => {
  const lines = Array.from({ length: 100 }, (_, i) => `line ${i}`);
  const failures = failuresOf([...lines, "", "Fatal error: out of memory", ""]);
  assertEquals(failures.map(({ reason }) => [reason[0], reason.length, reason.at(-1)]), [
    ["line 61", 40, "Fatal error: out of memory"],
  ]);
});

Deno.test("counts are those of the last line that has any, what isn't run is named", () => {
  assertEquals(countsOf(linesOf(DENO_TEST)), { passed: 1, failed: 4 });
  assertEquals(countsOf(linesOf(CHECKS)), { passed: 2, failed: 2 });
  assertEquals(countsOf(["nothing"]), null);
  assertEquals(notRunOf("tests", linesOf(DENO_TEST)), ["here is no daemon"]);
  assertEquals(notRunOf("programs", ["not run here: there is none", "0 passed, 0 failed"]), [
    "programs: there is none",
  ]);
});

const failure = (name: string, lines: number): Failure => ({
  name,
  reason: Array.from({ length: lines }, (_, i) => `line ${i}`),
});

Deno.test("a long reason is told by its beginning and its end", () => {
  const told = toldAtTheEnd([failure("one", 1_000)]);
  assertEquals(told.length, 41);
  assertEquals([told[0], told[1], told.at(-1)], ["FAILED one", "  line 0", "  line 999"]);
  assertEquals(told.find((line) => line.includes("…")), "  … 961 lines …");
});

Deno.test("all that failed fits into the end of a record, each with its reason", () => {
  assertEquals(toldAtTheEnd([]), []);
  assertEquals(toldAtTheEnd([failure("one", 2)]), ["FAILED one", "  line 0", "  line 1"]);
  const told = toldAtTheEnd(Array.from({ length: 8 }, (_, i) => failure(`case ${i}`, 50)));
  assertEquals(told.length, 64);
  assertEquals(told.filter((line) => line.startsWith("FAILED")).length, 8);
  assertEquals(toldAtTheEnd(Array.from({ length: 50 }, () => failure("case", 50))).length, 50 * 4);
});
