/**
 * `deno task vectors [FOLDER]`: checks every vector file of a folder. Prints a line a file, what failed, and the
 * totals. Exit code 1 when anything failed, or when there was nothing to check.
 */
import { runFile } from "./run.ts";

/** Of one file; more would bury the others. */
const FAILURES_SHOWN_MAX = 20;

const folder = Deno.args[0] ?? new URL("../vectors", import.meta.url).pathname;
const names = [...Deno.readDirSync(folder)].filter((entry) => entry.isFile && entry.name.endsWith(".json"))
  .map((entry) => entry.name).sort();

let passed = 0, failed = 0;
for (const name of names) {
  const result = await runFile(name, await Deno.readTextFile(`${folder}/${name}`));
  passed += result.passed;
  failed += result.failures.length;
  console.log(`${name}  ${result.passed} passed, ${result.failures.length} failed`);
  for (const { where, text } of result.failures.slice(0, FAILURES_SHOWN_MAX)) {
    console.log(`FAILED ${where}: ${text}`);
  }
  const hidden = result.failures.length - FAILURES_SHOWN_MAX;
  if (hidden > 0) console.log(`  and ${hidden} more`);
}
if (names.length === 0) console.log(`There is no vector file in ${folder}`);
console.log(`${passed} passed, ${failed} failed`);
if (failed > 0 || names.length === 0) Deno.exit(1);
