/** Federations of four guardians, a gateway that is killed at random, a node with bad days: a test for each seed. */
import { assert } from "@std/assert";
import { troubledGateway } from "../simulation/lightning_trouble.ts";

for (let seed = 1; seed <= 2; seed++) {
  Deno.test(`payments over Lightning end, each once, and nobody loses, seed ${seed}`, async () => {
    const ended = await troubledGateway({ seed: 2_000 + seed, total: 4, rounds: 3 });
    assert([...ended.values()].reduce((sum, count) => sum + count, 0) === 9, [...ended].join(" "));
  });
}
