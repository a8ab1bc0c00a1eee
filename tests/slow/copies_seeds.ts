/** More seeds of guardians that run twice, or start again, than the quick tests have time for. */
import { ALONE, startAgain, startBesideRunning, startTogether } from "../../server/broadcast/testing/copies.ts";

const SEEDS = 6;

for (let seed = 0; seed < SEEDS; seed++) {
  Deno.test(`a copy beside a running guardian, seed ${seed}`, () => startBesideRunning(seed));
  Deno.test(`two copies that begin together, seed ${seed}`, () => startTogether(seed));
  for (const [title, options] of Object.entries(ALONE)) {
    Deno.test(`a guardian that starts again ${title}, seed ${seed}`, () => startAgain(seed, options));
  }
}
