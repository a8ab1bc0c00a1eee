/** One guardian's keys on two machines: whole processes over real links, which replace each other's connections. */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CopyError } from "../../server/consensus/session/copy_error.ts";
import { SimulatedFederation } from "../simulation/federation.ts";

for (const peer of [0, 1]) {
  Deno.test(`a copy of guardian ${peer} says that another one runs, and what to do, and ends; the one that ran goes on`, async () => {
    const federation = await SimulatedFederation.start({ seed: 21 + peer, modules: ["meta"], roundsPerSession: 600 });
    await federation.world.run({ forMs: 9_000 });
    const disk = federation.copyOfDisk(peer);
    await federation.world.run({ forMs: 2_000 });
    const copy = await federation.startCopy(peer, disk);
    let isOver = false;
    const ended = assertRejects(() => copy.ended, CopyError).finally(() => isOver = true);
    await federation.world.run({ until: () => isOver, forMs: 60_000 });
    const failure = await ended;
    assertEquals(failure.code, "copy_runs");
    assertStringIncludes(failure.message, "find the other copy");

    const told = (process: string, text: string) =>
      federation.records.filter((record) => record.process === process && record.message.includes(text)).length;
    assertEquals(told("copy", "it goes on, this one stops"), 1);
    assert(told(`g${peer}`, "nother copy of this guardian may") >= 1, "the running one tells of it");
    const sessions = (await federation.sessionsOf(peer)).length;
    await federation.world.run({ forMs: 60_000 });
    assert((await federation.sessionsOf(peer)).length > sessions);
    for (const other of [0, 1, 2, 3]) assertEquals(told(`g${other}`, "has forked"), 0);
  });
}
