/**
 * `deno run -A tests/migrations/make.ts NAME`: a snapshot of the databases that this program writes, made in a
 * simulated world, into `tests/migrations/snapshots/NAME.json.gz`. Names begin with a number, one higher than the last.
 */
import { makeSnapshot } from "./story.ts";
import { snapshotNames, writeSnapshot } from "./snapshot.ts";

const [name] = Deno.args;
if (name === undefined || !/^[0-9]+_[a-z0-9_]+$/.test(name)) {
  console.error("usage: deno run -A tests/migrations/make.ts NUMBER_WORDS (as 2_tweaks_by_operation)");
  Deno.exit(2);
}
if ((await snapshotNames()).includes(name)) {
  console.error(`${name} is there already: a snapshot shows what one version wrote, and never changes.`);
  Deno.exit(1);
}
await writeSnapshot(name, await makeSnapshot());
console.log(`${name} is made, and has been gone on with`);
