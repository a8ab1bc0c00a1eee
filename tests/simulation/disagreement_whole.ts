/** A guardian whose database isn't what the federation signed: as a process, from its start to its end. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encode } from "../../core/encoding/mod.ts";
import { acceptedItem } from "../../core/types/session.ts";
import { finishedSessions, setAcceptedItem } from "../../server/consensus/store/db.ts";
import { SimulatedFederation } from "./federation.ts";

const VICTIM = 3;
/** That nobody else has accepted. */
const FOREIGN = encode(acceptedItem, {
  item: { tag: "Module", value: { instance: 0, body: new Uint8Array(3) } },
  peer: 1,
});

Deno.test("a guardian with a wrong database says what to do and ends; so does each start until its database is gone", async () => {
  const federation = await SimulatedFederation.start({ seed: 11, modules: ["meta"] });
  await federation.world.run({ forMs: 2_000 });
  federation.kill(VICTIM);
  await federation.changeDatabase(VICTIM, async (tx) => {
    const session = await finishedSessions(tx);
    for (let position = 0; position < 3; position++) setAcceptedItem(tx, session, position, FOREIGN);
  });
  await federation.restart(VICTIM);
  const failure = await federation.failureOf(VICTIM);
  assert(failure, "it ended by itself");
  assertEquals(failure.code, "disagrees");
  for (const said of ["keep a copy", "delete the folder `database`", "Bitcoin node"]) {
    assertStringIncludes(failure.message, said);
  }

  for (let start = 0; start < 2; start++) {
    const before = federation.records.length;
    federation.kill(VICTIM);
    await federation.restart(VICTIM);
    assertEquals((await federation.failureOf(VICTIM))?.message, failure.message);
    const said = federation.records.slice(before).filter(({ process, path }) =>
      process === `g${VICTIM}` && path.includes("consensus")
    );
    assertEquals(said, [], "nothing of consensus was started");
  }

  federation.kill(VICTIM);
  const sessions = (await federation.sessionsOf(0)).length;
  await federation.restartEmpty(VICTIM);
  for (let waitedMs = 0; waitedMs < 60_000; waitedMs += 3_000) {
    await federation.world.run({ forMs: 3_000 });
    if ((await federation.sessionsOf(VICTIM)).length > sessions) break;
  }
  const [own, theirs] = [await federation.sessionsOf(VICTIM), await federation.sessionsOf(0)];
  assert(own.length > sessions, "it took all of them from the others, and goes on with them");
  assertEquals(own, theirs.slice(0, own.length));
});
