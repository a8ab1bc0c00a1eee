import { assert, assertEquals } from "@std/assert";
import { Federation } from "./testing/federation.ts";

Deno.test("a round in which nothing happens costs a guardian one commit of one entry, one signature and one message to each other", async () => {
  const federation = await Federation.start(11, { total: 4, roundsPerSession: 100_000 });
  const { guardians } = federation;
  const rounds = (): number[] =>
    guardians.map((guardian) => guardian.inspect("/broadcast")?.facts.round as number | undefined ?? 0);
  await federation.until(() => rounds().every((round) => round > 5));
  const begun = rounds(), before = guardians.map(({ cost }) => ({ ...cost }));
  await federation.run(5_000);
  for (const [i, round] of rounds().entries()) {
    const made = round - begun[i]!, { cost } = guardians[i]!, since = before[i]!;
    assert(made >= 60, `${made} rounds in 5 s`);
    // one more or less where the count begins and ends
    const about = (what: keyof typeof cost, each: number): void => {
      const count = cost[what] - since[what];
      assert(Math.abs(count - made * each) <= 2 * each, `${count} ${what} in ${made} rounds`);
    };
    about("signatures", 1);
    about("checks", 3);
    about("messages", 3);
    // others' units alone are saved now and then, when a round takes long
    about("commits", 1);
    about("entries", 1);
    assertEquals(cost.reads - since.reads, 0, "modules that are asked for proposals fifty times");
  }
  for (const guardian of guardians) federation.kill(guardian);
});
