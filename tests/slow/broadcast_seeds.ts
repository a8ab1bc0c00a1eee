/** More seeds of the broadcast's troubles than the quick tests have time for. */
import { LONG_TROUBLES, TROUBLES } from "../../server/broadcast/testing/trouble.ts";

const SEEDS = 6;

for (const [title, scenario] of Object.entries({ ...TROUBLES, ...LONG_TROUBLES })) {
  for (let seed = 0; seed < SEEDS; seed++) Deno.test(`${title}, seed ${seed}`, () => scenario(seed));
}
