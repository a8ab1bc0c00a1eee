/** Federations of four guardians, a gateway that is killed at random, a node with bad days: a test for each seed. */
import { assert, assertEquals } from "@std/assert";
import { troubledGateway } from "../simulation/lightning_trouble.ts";

/** `LIGHTNING_SEEDS=1,2,3` takes a minute each. */
const seeds = (Deno.env.get("LIGHTNING_SEEDS") ?? "1").split(",").map(Number);

for (const seed of seeds) {
  Deno.test(`payments over Lightning end, each once, and nobody loses, seed ${seed}`, async () => {
    const ended = await troubledGateway({ seed: 2_000 + seed, total: 4, rounds: 3 });
    assertEquals([...ended.values()].reduce((sum, count) => sum + count, 0), 9, [...ended].join(" "));
    assert((ended.get("out success") ?? 0) > 0 && (ended.get("in claimed") ?? 0) > 0, [...ended].join(" "));
  });
}

Deno.test("payments of all kinds end, each once, while the gateway is killed and its node answers late, twice or not at all", async () => {
  const ended = await troubledGateway({ seed: 7, total: 1, rounds: 4 });
  assertEquals([...ended.values()].reduce((sum, count) => sum + count, 0), 12, [...ended].join(" "));
  assert((ended.get("out success") ?? 0) > 0 && (ended.get("in claimed") ?? 0) > 0, [...ended].join(" "));
});
