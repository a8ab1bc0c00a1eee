/** The end of a session in the store. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorError } from "../../actors/mod.ts";
import { isSettled } from "../../actors/store/testing.ts";
import { concat } from "../../core/bytes.ts";
import { ok } from "../../core/result.ts";
import type { SignedSessionOutcome } from "../../core/types/session.ts";
import { dump } from "../../modules/contract/testing.ts";
import { acceptedItems, finishedSessions, getSessionOutcome, UNITS_PREFIX } from "./db.ts";
import type { EngineTest } from "./engine_testing.ts";
import { counting, Disk } from "./engine_testing.ts";
import { refs, vote } from "./testing.ts";

const OUTCOME: SignedSessionOutcome = {
  sessionOutcome: { items: [{ item: vote(5n), peer: 1 }, { item: vote(6n), peer: 1 }] },
  signatures: new Map([[1, new Uint8Array(64).fill(9)]]),
};

/** Two items and three units of session 0. */
async function fill({ store, process }: EngineTest): Promise<void> {
  await process(0, vote(5n));
  await process(1, vote(6n));
  const { durable } = await store.transact((tx) => {
    for (const position of [0, 1, 2]) tx.set(concat(UNITS_PREFIX, Uint8Array.of(position)), new Uint8Array(3));
  });
  await durable;
}

function unitsOf({ store }: EngineTest): Promise<number> {
  return store.read(async (tx) => {
    let count = 0;
    for await (const _ of tx.range({ prefix: UNITS_PREFIX })) count++;
    return count;
  });
}

Deno.test("a session's end stores its outcome and clears its items and units at once, and keeps what modules have", async () => {
  const disk = new Disk();
  await disk.life(counting(), async (test) => {
    const { system, store } = test;
    await fill(test);
    const writes = disk.writes;
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 0);
    await system.ask(refs.engine, "complete", { session: 0, outcome: OUTCOME });
    assertEquals(disk.writes, writes + 1);
    assertEquals(await store.read((tx) => getSessionOutcome(tx, 0)), OUTCOME);
    assertEquals([await store.read((tx) => acceptedItems(tx)), await unitsOf(test)], [[], 0]);
    assertEquals((await dump(store)).filter((line) => line.startsWith("ff0000")).length, 3);
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 1);
  });
});

Deno.test("a crash at a session's end leaves all of it before or all of it after; done is said only after", async () => {
  for (const written of [false, true]) {
    const disk = new Disk(20);
    await disk.life(counting(), async (test) => {
      const filled = fill(test);
      for (let i = 0; i < 10; i++) await disk.clock.advance(20);
      await filled;
      const done = test.system.ask(refs.engine, "complete", { session: 0, outcome: OUTCOME });
      done.catch(() => undefined);
      await test.clock.advance(0);
      assertEquals(await isSettled(done), false);
      if (!written) return;
      await disk.clock.advance(20);
      assert(await isSettled(done));
    });
    disk.crash();
    await disk.life(counting(), async (test) => {
      const [items, units, finished] = [
        await test.store.read((tx) => acceptedItems(tx)),
        await unitsOf(test),
        await test.store.read((tx) => finishedSessions(tx)),
      ];
      assertEquals([items.length, units, finished], written ? [0, 0, 1] : [2, 3, 0]);
    });
  }
});

Deno.test("nothing is processed after its session's outcome, nor for a session to come, also after a restart", async () => {
  const disk = new Disk();
  const refused = async ({ process, store }: EngineTest): Promise<void> => {
    const before = await dump(store);
    for (const session of [0, 2]) await assertRejects(() => process(0, vote(8n), { session }), ActorError);
    assertEquals(await dump(store), before);
  };
  await disk.life(counting(), async (test) => {
    await fill(test);
    await test.system.ask(refs.engine, "complete", { session: 0, outcome: OUTCOME });
    await refused(test);
  });
  await disk.life(counting(), async (test) => {
    await refused(test);
    assertEquals(await test.process(0, vote(8n), { session: 1 }), ok(null));
  });
});

Deno.test("a session is completed once, and sessions in order", async () => {
  await new Disk().life(counting(), async ({ system, store }) => {
    const complete = (session: number) => system.ask(refs.engine, "complete", { session, outcome: OUTCOME });
    await assertRejects(() => complete(1), ActorError);
    await complete(0);
    const before = await dump(store);
    await assertRejects(() => complete(0), ActorError);
    assertEquals(await dump(store), before);
    await complete(1);
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 2);
  });
});
