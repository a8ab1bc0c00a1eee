/**
 * Federations of four guardians, two gateways, nodes with bad days, and everybody is killed at random: a test for each
 * seed.
 */
import { assertEnded, troubledGateways } from "../simulation/lightning_trouble.ts";

/** `LIGHTNING_SEEDS=1,2,3` takes a minute each. */
const seeds = (Deno.env.get("LIGHTNING_SEEDS") ?? "1").split(",").map(Number);

for (const seed of seeds) {
  Deno.test(`payments over Lightning end, each once, and nobody loses, seed ${seed}`, async () => {
    const options = { seed: 2_000 + seed, total: 4, rounds: 3, gateways: 2 };
    assertEnded(await troubledGateways(options), options);
  });
}

Deno.test("payments of all kinds end, each once, while a gateway is killed and its node answers late, twice or not at all", async () => {
  const options = { seed: 7, total: 1, rounds: 4, gateways: 1 };
  assertEnded(await troubledGateways(options), options);
});
