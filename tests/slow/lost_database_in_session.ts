/**
 * A guardian whose database is gone or is an old one must not sign a second unit for a place of the running session.
 */
import { assertEquals } from "@std/assert";
import { MemoryBackend } from "../../actors/store/mod.ts";
import { Federation } from "../../server/consensus/testing/federation.ts";
import type { TestGuardian } from "../../server/consensus/testing/guardian.ts";

const ROUNDS = 200;

/** All of them run session `session`, and have for a while. */
async function inSession(federation: Federation, session: number): Promise<void> {
  await federation.until(() => federation.guardians.every((guardian) => federation.session(guardian) >= session));
  await federation.run(3_000);
}

const forks = ({ log }: TestGuardian) => log.filter(({ message }) => message === "Guardian has forked");

const signs = ({ log }: TestGuardian) => log.filter(({ message }) => message.startsWith("Another copy"));

for (const kind of ["lost", "old"]) {
  Deno.test(`a guardian with ${kind === "lost" ? "a lost" : "an old"} database catches up and signs nothing twice in the running session`, async () => {
    const federation = await Federation.start(11, { total: 4, roundsPerSession: ROUNDS });
    const victim = federation.guardians[3]!;
    await inSession(federation, 0);
    const old = victim.disk.copy();
    await inSession(federation, 2);
    federation.kill(victim);
    victim.disk = kind === "old" ? old : new MemoryBackend();
    await federation.restart(victim);
    await federation.until(() => federation.session(victim) >= 5);
    for (const guardian of federation.guardians) assertEquals(forks(guardian), []);
    assertEquals([signs(victim), victim.copiesFound], [[], 0]);
    const outcomes = (await federation.agreed()).map((own) => own.map(({ sessionOutcome }) => sessionOutcome));
    for (const own of outcomes) assertEquals(own, outcomes[0]);
  });
}
