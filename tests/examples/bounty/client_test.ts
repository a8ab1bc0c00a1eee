/** Bounties as wallets make, claim and take them back. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { CommandError, U64_MAX } from "../../../modules/contract/mod.ts";
import { TestClient } from "../../../modules/contract/testing/mod.ts";
import { bountyClient } from "./client.ts";
import { BountyError } from "./client/api.ts";
import { bountyIdText } from "./common.ts";
import { AMOUNT_MSAT_MIN, OPEN_SECS_MAX, QUESTION_BYTES_MAX } from "./limits.ts";
import { ANSWER, guardiansAt, NOW_SECS, QUESTION } from "./testing.ts";

const WANTED = { amountMsat: 50_000n, question: QUESTION, answer: ANSWER, openSecs: 60n };
const BALANCE_MSAT = 200_000n;
const LOCK_FEE_MSAT = 1_000n, CLAIM_FEE_MSAT = 100n;

async function people(secs = NOW_SECS) {
  const { clock, guardians } = await guardiansAt(secs);
  const alice = await TestClient.start(bountyClient, guardians, { clock, balanceMsat: BALANCE_MSAT, seed: 1 });
  const bob = await TestClient.start(bountyClient, guardians, { clock, seed: 2 });
  return { guardians, alice, bob };
}

const tags = (states: readonly { readonly tag: string }[]): string[] => states.map(({ tag }) => tag);

Deno.test("a bounty is claimed by who knows the answer, without money of its own", async () => {
  const { guardians, alice, bob } = await people();
  const { operationId, id } = await alice.until(alice.api.create(WANTED));
  assertEquals(await alice.until(alice.api.awaitOpen(operationId)), { ok: true, value: null });
  assertEquals(alice.balanceMsat, BALANCE_MSAT - WANTED.amountMsat - LOCK_FEE_MSAT);
  assertEquals(await alice.pending(), { incomingMsat: 0n, outgoingMsat: WANTED.amountMsat, inDoubtMsat: 0n });
  const claim = await bob.until(bob.api.claim(id, ` ${ANSWER.toUpperCase()}`));
  assertEquals(await bob.until(bob.api.awaitOutcome(claim)), { outcome: "won" });
  assertEquals(bob.balanceMsat, WANTED.amountMsat - CLAIM_FEE_MSAT);
  assertEquals(await alice.until(alice.api.awaitOutcome(operationId)), { outcome: "claimed" });
  assertEquals([alice.outcomes.get(operationId), bob.outcomes.get(claim)], ["Claimed", "Won"]);
  assertEquals((await alice.pending()).outgoingMsat, 0n);
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("a bounty that nobody claims comes back after its deadline, less fees", async () => {
  const { guardians, alice } = await people();
  const { operationId } = await alice.until(alice.api.create(WANTED));
  assertEquals(await alice.until(alice.api.awaitOutcome(operationId)), { outcome: "refunded" });
  assertEquals(tags(alice.statesOf(operationId)), ["Locking", "Open", "Refunding", "Refunded"]);
  assertEquals(alice.balanceMsat, BALANCE_MSAT - LOCK_FEE_MSAT - CLAIM_FEE_MSAT);
  assertEquals(alice.outcomes.get(operationId), "Refunded");
  assertEquals(await guardians.audit(), 0n);
});

Deno.test("a refund that guardians refuse is tried again until it is through: the money isn't given up on", async () => {
  const { alice } = await people();
  const { operationId } = await alice.until(alice.api.create(WANTED));
  await alice.until(alice.api.awaitOpen(operationId));
  alice.refuse = "not today";
  const outcome = alice.api.awaitOutcome(operationId);
  await alice.pass(90_000);
  assert(tags(alice.statesOf(operationId)).filter((tag) => tag === "Refunding").length >= 3);
  alice.refuse = null;
  assertEquals(await alice.until(outcome), { outcome: "refunded" });
  assertEquals(alice.balanceMsat, BALANCE_MSAT - LOCK_FEE_MSAT - CLAIM_FEE_MSAT);
});

Deno.test("a bounty that guardians refuse costs nothing, and so does a claim that comes second", async () => {
  const { alice, bob } = await people();
  alice.refuse = "no";
  const refused = await alice.until(alice.api.create(WANTED));
  assertEquals(await alice.until(alice.api.awaitOpen(refused.operationId)), { ok: false, error: "no" });
  assertEquals(await alice.api.awaitOutcome(refused.operationId), { outcome: "refused", reason: "no" });
  assertEquals([alice.balanceMsat, alice.outcomes.get(refused.operationId)], [BALANCE_MSAT, { Refused: "no" }]);
  alice.refuse = null;
  const { id } = await alice.until(alice.api.create(WANTED));
  const [first, second] = [
    await bob.until(bob.api.claim(id, ANSWER)),
    await bob.until(bob.api.claim(id, ANSWER).catch(() => null)),
  ];
  assertEquals(await bob.until(bob.api.awaitOutcome(first)), { outcome: "won" });
  assertEquals(second, null);
  assertEquals(bob.balanceMsat, WANTED.amountMsat - CLAIM_FEE_MSAT);
});

Deno.test("what can be known before is told before, and leaves nothing", async () => {
  const { alice, bob } = await people();
  const bad: object[] = [
    { amountMsat: 0n },
    { amountMsat: AMOUNT_MSAT_MIN - 1n },
    { question: "x".repeat(QUESTION_BYTES_MAX + 1) },
    { answer: " \n" },
    { openSecs: 0n },
    { openSecs: OPEN_SECS_MAX + 1n },
  ];
  const code = async (work: Promise<unknown>) => (await assertRejects(() => work, BountyError)).code;
  for (const changes of bad) assertEquals(await code(alice.api.create({ ...WANTED, ...changes })), "bad_bounty");
  assertEquals(await code(alice.api.create({ ...WANTED, amountMsat: BALANCE_MSAT })), "insufficient_funds");
  assertEquals(await code(bob.api.create({ ...WANTED, amountMsat: U64_MAX })), "insufficient_funds");
  assertEquals([alice.balanceMsat, alice.logged.size, bob.logged.size], [BALANCE_MSAT, 0, 0]);
  const { operationId, id } = await alice.until(alice.api.create(WANTED));
  assertEquals(await code(bob.api.claim(id, "nobody")), "wrong_answer");
  assertEquals(await code(bob.api.claim({ ...id, outIdx: 1 }, ANSWER)), "no_such_bounty");
  await alice.until(alice.api.awaitOutcome(operationId));
  assertEquals(await code(bob.api.claim(id, ANSWER)), "no_such_bounty");
  assertEquals([bob.balanceMsat, bob.logged.size], [0n, 0]);
});

Deno.test("after the deadline nobody claims any more, before guardians agree on a time nobody makes one", async () => {
  const early = await people(0n);
  const error = await assertRejects(() => early.alice.api.create(WANTED), BountyError);
  assertEquals(error.code, "no_time");
  const { alice, bob } = await people();
  const { operationId, id } = await alice.until(alice.api.create(WANTED));
  await alice.until(alice.api.awaitOpen(operationId));
  // its maker is away
  alice.close();
  await bob.pass(70_000);
  const over = await assertRejects(() => bob.api.claim(id, ANSWER), BountyError);
  assertEquals(over.code, "over");
});

Deno.test("the command line makes, lists and claims bounties, and tells how its words are meant", async () => {
  const { alice, bob } = await people();
  const made = await alice.until(alice.run("create", "50 sat", QUESTION, ANSWER, "2")) as { bounty: string };
  const listed = { bounty: made.bounty, amount: 50_000, question: QUESTION, deadline_secs: Number(NOW_SECS) + 7_200 };
  const [found] = await bob.until(bob.run("list")) as [typeof listed];
  assert(found.deadline_secs >= listed.deadline_secs && found.deadline_secs < listed.deadline_secs + 60);
  assertEquals({ ...found, deadline_secs: listed.deadline_secs }, listed);
  assertEquals(await bob.until(bob.run("list", made.bounty)), []);
  const failed = await assertRejects(() => bob.run("claim", made.bounty, "nobody"), BountyError);
  assertEquals(failed.code, "wrong_answer");
  const won = await bob.until(bob.run("claim", made.bounty, ANSWER)) as { outcome: string };
  assertEquals(won.outcome, "won");
  const wrong: [string, ...string[]][] = [
    ["create"],
    ["create", "1", QUESTION],
    ["create", "1 pound", QUESTION, ANSWER],
    ["create", "50 sat", QUESTION, ANSWER, "soon"],
    ["create", "50 sat", QUESTION, ANSWER, "1", "more"],
    ["claim", made.bounty],
    ["claim", "7", ANSWER],
    ["claim", made.bounty, ANSWER, "more"],
    ["list", "7"],
    ["list", bountyIdText({ txid: "ab".repeat(32), outIdx: 0 }), "more"],
  ];
  for (const [name, ...args] of wrong) {
    const error = await assertRejects(async () => await alice.run(name, ...args), CommandError);
    assertEquals(error.code, "usage", `${name} ${args}`);
  }
});
