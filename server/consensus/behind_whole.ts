/** A guardian that is behind takes sessions from the others' APIs, whatever evil ones answer. */
import { assert, assertEquals } from "@std/assert";
import type { RpcError } from "../../actors/rpc/mod.ts";
import type { Json } from "../../core/encoding/mod.ts";
import { moduleEncoding } from "../../core/encoding/mod.ts";
import type { Result } from "../../core/result.ts";
import { err, ok } from "../../core/result.ts";
import { signedSessionOutcome } from "../../core/types/session.ts";
import { finishedSessions } from "./store/db.ts";
import { sessionIn } from "./testing/db.ts";
import { Federation, votesOf } from "./testing/federation.ts";
import type { TestGuardian } from "./testing/guardian.ts";

/** Guardian 3 is away while the others finish `sessions` sessions with votes. */
async function left(seed: number, sessions: number): Promise<Federation> {
  const federation = await Federation.start(seed, { total: 4 });
  const others = federation.guardians.slice(0, 3);
  federation.kill(federation.guardians[3]!);
  for (let session = 0; session < sessions; session++) {
    for (const { wanted } of others) wanted.push(BigInt(10 + session));
    await federation.until(() => others.every((guardian) => federation.session(guardian) > session));
  }
  return federation;
}

async function assertCaughtUp(federation: Federation, sessions: number): Promise<void> {
  const behind = federation.guardians[3]!;
  await federation.until(() => federation.session(behind) >= sessions);
  const [first, , , last] = await federation.agreed();
  assert(last!.length >= sessions);
  assertEquals(votesOf(last!), votesOf(first!));
  assertEquals(votesOf(last!).flat().length, 3 * sessions);
}

Deno.test("a guardian that was away takes one session after the other from the others, then takes part again", async () => {
  const federation = await left(1, 4);
  await federation.restart(federation.guardians[3]!);
  await assertCaughtUp(federation, 4);
  const behind = federation.guardians[3]!;
  behind.wanted.push(99n);
  await federation.until(() => behind.inspect("/outcome")?.facts.phase === "signing");
  await federation.run(5_000);
  assert(votesOf(await federation.outcomes(federation.guardians[0]!)).flat().includes("3:99"));
  assertEquals(behind.troubles(), []);
});

Deno.test("a guardian that hears nobody's units ends its sessions by the others' outcomes alone", async () => {
  const federation = await left(2, 3);
  const behind = federation.guardians[3]!;
  behind.linked = false;
  await federation.restart(behind);
  await assertCaughtUp(federation, 3);
  await federation.until(() => federation.session(behind) >= 6);
});

Deno.test("a guardian that is killed while it catches up goes on where it was", async () => {
  const federation = await left(3, 4);
  const behind = federation.guardians[3]!;
  for (const forMs of [60, 67, 75, 83, 150, 230]) {
    await federation.restart(behind);
    await federation.run(forMs);
    federation.kill(behind);
  }
  await federation.restart(behind);
  await assertCaughtUp(federation, 4);
  assertEquals(behind.troubles(), []);
});

type Evil = (federation: Federation) => NonNullable<TestGuardian["answer"]>;

function answering(answer: Result<Json, RpcError>): Evil {
  return () => () => Promise.resolve(answer);
}

const EVIL: Readonly<Record<string, Evil>> = {
  "answers garbage": answering(ok(["zz"])),
  "refuses": answering(err({ kind: "server", code: 500, message: "no" })),
  "cuts every call": answering(err({ kind: "server", code: -32000, message: "Request timeout" })),
  "keeps silent": () => () => new Promise(() => undefined),
  "answers with another session's outcome": (federation) => async (session) => {
    const outcomes = await outcomesNow(federation);
    return ok(outcomes[(session + 1) % outcomes.length]!);
  },
  "appends copies of the last item": (federation) => async (session) => {
    const outcome = moduleEncoding(signedSessionOutcome).fromJson((await outcomesNow(federation))[session]!);
    const items = [...outcome.sessionOutcome.items, ...outcome.sessionOutcome.items.slice(-1)];
    return ok(moduleEncoding(signedSessionOutcome).toJson({ ...outcome, sessionOutcome: { items } }));
  },
};

/** As guardian 1 would answer them. */
async function outcomesNow({ guardians }: Federation): Promise<Json[]> {
  return await guardians[1]!.store!.read(async (tx) => {
    const all: Json[] = [];
    const count = await finishedSessions(tx);
    for (let i = 0; i < count; i++) {
      all.push(moduleEncoding(signedSessionOutcome).toJson((await sessionIn(tx, i))!));
    }
    return all;
  });
}

for (const [what, evil] of Object.entries(EVIL)) {
  Deno.test(`a guardian that is behind takes the others' outcomes when an evil one ${what}`, async () => {
    const federation = await left(4, 3);
    federation.guardians[0]!.answer = evil(federation);
    await federation.restart(federation.guardians[3]!);
    await assertCaughtUp(federation, 3);
    assertEquals(federation.guardians[3]!.log.filter(({ level }) => level === "error"), []);
  });
}
