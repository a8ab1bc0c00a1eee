/** One session after the other, in a federation of four: what kills, crashes and stops change of it. */
import { assert, assertEquals } from "@std/assert";
import { refTo } from "../../../actors/mod.ts";
import { err } from "../../../core/result.ts";
import { paths } from "../../tree.ts";
import type { BroadcastMessage } from "./broadcast.ts";
import { Federation, voteKey, votesOf } from "../testing/federation.ts";
import { modulePrefix } from "../store/db.ts";
import { getDisagreement } from "../engine/disagreement.ts";
import { INSTANCE } from "../testing/processing.ts";
import type { TestGuardian } from "../testing/guardian.ts";

/** Of all guardians the same. @returns `guardian:number` of all votes, in order */
async function assertAgreed(federation: Federation): Promise<string[]> {
  const [first, ...others] = await federation.agreed();
  for (const outcomes of others) assertEquals(votesOf(outcomes), votesOf(first!));
  for (const { signatures } of first!) assertEquals(signatures.size, 3);
  return votesOf(first!).flat();
}

function voteAll(federation: Federation, number: number): string[] {
  for (const { wanted } of federation.guardians) wanted.push(BigInt(number));
  return federation.guardians.map(({ index }) => `${index}:${number}`);
}

/** Until every one of them runs at least this session. */
function reach(federation: Federation, session: number, guardians = federation.guardians): Promise<void> {
  return federation.until(() => guardians.every((guardian) => federation.session(guardian) >= session));
}

/** Votes for 10 are accepted, in the midst of a long first session. Something happens to the victim. */
async function inMidSession(seed: number) {
  const federation = await Federation.start(seed, { total: 4, roundsPerSession: 60 });
  const [victim, other] = federation.guardians;
  const votes = voteAll(federation, 10);
  await federation.run(1_500);
  return { federation, victim: victim!, other: other!, votes };
}

const broadcastOf = (session: number) => refTo<BroadcastMessage>(`${paths.current}/session:${session}/broadcast`);

function broadcastRestarts(guardian: TestGuardian): number {
  return guardian.inspect("/broadcast")?.restarts ?? 0;
}

Deno.test("a session ends in an outcome that a threshold signed, the same everywhere, and the next one begins", async () => {
  const federation = await Federation.start(1, { total: 4 });
  const votes = voteAll(federation, 10);
  await reach(federation, 3);
  assertEquals((await assertAgreed(federation)).sort(), votes);
  for (const guardian of federation.guardians) {
    assertEquals(guardian.troubles(), []);
    // counted on from session to session, with the rounds beyond the last one
    const { rounds, round } = guardian.inspect("/broadcast")!.facts as { rounds: number; round: number };
    assert(rounds - round >= 3 * 20, `${rounds} rounds, ${round} of them of the running session`);
  }
});

Deno.test("a guardian that is killed in the midst of a session goes on with its units of before", async () => {
  const { federation, victim, other, votes } = await inMidSession(2);
  federation.kill(victim);
  await federation.run(200);
  await federation.restart(victim);
  const { units, items } = await federation.pending(victim);
  assert(units >= 40 && items.length === 4, `${units} units and ${items.length} items`);
  assertEquals([federation.session(victim), federation.session(other)], [0, 0]);
  await reach(federation, 2);
  assertEquals((await assertAgreed(federation)).sort(), votes);
  // a second unit for one place would have been told of
  for (const guardian of federation.guardians) assertEquals(guardian.troubles(), []);
});

Deno.test("guardians that are all killed at once go on in the same session, with the items of before", async () => {
  const { federation, votes } = await inMidSession(3);
  for (const guardian of federation.guardians) federation.kill(guardian);
  for (const guardian of federation.guardians) await federation.restart(guardian);
  assertEquals(federation.guardians.map((guardian) => federation.session(guardian)), [0, 0, 0, 0]);
  votes.push(...voteAll(federation, 11));
  await reach(federation, 1);
  const [first] = await federation.agreed();
  assertEquals(votesOf(first!.slice(0, 1)).flat().sort(), votes.sort());
  await assertAgreed(federation);
});

Deno.test("a broadcast that crashes begins anew from its backup, with the outcome, in the same session", async () => {
  const { federation, victim, votes } = await inMidSession(4);
  victim.system!.tell(broadcastOf(0), "saved", { count: 1, outcome: err(new Error("the disk is full")) });
  await federation.until(() => broadcastRestarts(victim) === 1 && victim.inspect("/outcome")!.restarts === 1);
  assertEquals(federation.session(victim), 0);
  votes.push(...voteAll(federation, 11));
  await reach(federation, 2);
  assertEquals((await assertAgreed(federation)).sort(), votes.sort());
  for (const { index, troubles } of federation.guardians.map((g) => ({ index: g.index, troubles: g.troubles() }))) {
    assertEquals(troubles.length, index === 0 ? 1 : 0, troubles.join("; "));
  }
});

Deno.test("whoever starts the sessions crashes and starts the running one anew, not the next", async () => {
  const { federation, victim, votes } = await inMidSession(5);
  victim.system!.tell(paths.sessions, "completed", null as never);
  await federation.until(() => victim.inspect("/consensus/sessions")!.restarts === 1);
  await federation.until(() => federation.session(victim) === 0);
  await reach(federation, 2);
  assertEquals((await assertAgreed(federation)).sort(), votes);
});

Deno.test("a session without a threshold of guardians ends never, and begins anew after its time", async () => {
  const federation = await Federation.start(6, { total: 4, sessionTimeoutMs: 20_000 });
  const [alone] = federation.guardians;
  for (const guardian of federation.guardians.slice(1)) federation.kill(guardian);
  await federation.run(70_000);
  assertEquals([federation.session(alone!), await federation.outcomes(alone!)], [0, []]);
  const anew = alone!.troubles().filter((trouble) => trouble.includes("Session takes too long and is started anew"));
  assertEquals(anew.length, 3);
  assertEquals(alone!.inspect("/consensus/sessions")!.restarts, 0, "nothing crashed: others may be away for weeks");
  for (const guardian of federation.guardians.slice(1)) await federation.restart(guardian);
  await reach(federation, 1);
  await assertAgreed(federation);
});

Deno.test("a guardian whose Bitcoin node is away while an item waits for it crashes never, and goes on when the node is back", async () => {
  const federation = await Federation.start(10, { total: 4, sessionTimeoutMs: 20_000 });
  const [victim, ...others] = federation.guardians;
  const back = Promise.withResolvers<void>();
  let isWaiting = false;
  victim!.held = () => {
    isWaiting = true;
    return back.promise;
  };
  for (const guardian of federation.guardians) guardian.wanted.push(7n);
  await federation.until(() => isWaiting);
  for (const guardian of others) federation.kill(guardian);
  await federation.run(300_000);
  assertEquals(victim!.log.filter(({ level }) => level === "error"), []);
  for (const part of ["/consensus/sessions", "/consensus/engine", "/consensus/current"]) {
    assertEquals(victim!.inspect(part)!.restarts, 0, part);
  }
  victim!.held = null;
  back.resolve();
  for (const guardian of others) await federation.restart(guardian);
  await reach(federation, 2);
  await assertAgreed(federation);
});

Deno.test("a guardian that is stopped in the midst of a session ends at once and goes on after its next start", async () => {
  const { federation, victim, votes } = await inMidSession(7);
  const startMs = federation.world.nowMs;
  await federation.finish(victim.system!.stop());
  await federation.finish(victim.store!.close());
  assert(federation.world.nowMs - startMs < 100);
  assertEquals(victim.troubles(), []);
  federation.kill(victim);
  await federation.restart(victim);
  await reach(federation, 2);
  assertEquals((await assertAgreed(federation)).sort(), votes);
});

Deno.test("a guardian that is stopped while an item waits for its Bitcoin node ends at once, and goes on after its next start", async () => {
  const federation = await Federation.start(11, { total: 4 });
  const [victim] = federation.guardians;
  let isWaiting = false;
  victim!.held = (signal) => {
    isWaiting = true;
    return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
  };
  const votes = voteAll(federation, 10);
  await federation.until(() => isWaiting);
  const startMs = federation.world.nowMs;
  await federation.finish(victim!.system!.stop());
  await federation.finish(victim!.store!.close());
  assert(federation.world.nowMs - startMs < 100, `${federation.world.nowMs - startMs} ms`);
  assertEquals(victim!.troubles(), []);
  federation.kill(victim!);
  victim!.held = null;
  await federation.restart(victim!);
  await reach(federation, 2);
  assertEquals((await assertAgreed(federation)).sort(), votes);
});

Deno.test("after the session of a planned shutdown no other begins, and the process ends a minute later", async () => {
  const federation = await Federation.start(8, { total: 4 });
  const [leaves, stays] = federation.guardians;
  for (const session of [1, null, 2]) {
    await federation.finish(leaves!.system!.ask(paths.sessions, "scheduleShutdown", { session }));
    assertEquals(leaves!.board!.scheduledShutdown, session);
  }
  await reach(federation, 4, [stays!]);
  for (const guardian of federation.guardians.slice(1)) federation.kill(guardian);
  await federation.run(5_000);
  assertEquals([(await federation.outcomes(leaves!)).length, federation.session(leaves!)], [3, -1]);
  await federation.run(50_000);
  assertEquals(leaves!.shutdowns, 0);
  await federation.run(10_000);
  assertEquals([leaves!.shutdowns, (await federation.outcomes(leaves!)).length], [1, 3]);
});

Deno.test("a guardian whose items the federation didn't sign stops in order, notes it, and keeps what it has", async () => {
  const federation = await Federation.start(9, { total: 4 });
  const [victim, ...others] = federation.guardians;
  // as after another chain: it has counted already what comes
  const { durable } = await federation.finish(
    victim!.store!.view(modulePrefix(INSTANCE)).transact((tx) => tx.set(voteKey(2, 10n), Uint8Array.of(1))),
  );
  await federation.finish(durable);
  voteAll(federation, 10);
  await federation.until(() => victim!.disagreements.length > 0);
  const reason = victim!.disagreements[0]!.reason;
  assertEquals(victim!.disagreements, [{ session: 0, reason }]);
  await federation.run(15_000);
  assertEquals(
    [victim!.disagreements.length, federation.session(victim!)],
    [1, -1],
    "told once, nothing is tried again",
  );
  assertEquals(await federation.finish(victim!.store!.read((tx) => getDisagreement(tx))), victim!.disagreements[0]);
  const { items, units } = await federation.pending(victim!);
  assert(items.length === 3 && units > 0, "all is there for whoever looks into it");
  const errors = victim!.log.filter(({ level, message }) => level === "error" && message.includes("stops"));
  assertEquals([errors.length, victim!.inspect("/consensus/engine")!.restarts], [1, 0]);
  await reach(federation, 3, others);
});
