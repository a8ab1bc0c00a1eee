/** This program goes on with what each version left on disk. */
import { comesToItsEnd } from "../migrations/openers.ts";
import { snapshotNames } from "../migrations/snapshot.ts";

/** No snapshot's own. */
const SEED = 78_000;

for (const [i, name] of (await snapshotNames()).entries()) {
  Deno.test(`what was under way in ${name} comes to its end, money goes on, and all books balance`, () =>
    comesToItsEnd(name, SEED + i));
}
