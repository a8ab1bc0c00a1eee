/** More seeds than the quick tests have time for. */
import { assertAgreed, troubledFederation } from "../simulation/troubled.ts";

for (let seed = 1; seed <= 20; seed++) {
  Deno.test(`guardians order the same items in trouble, seed ${seed}`, async () => {
    assertAgreed(await troubledFederation(seed));
  });
}
