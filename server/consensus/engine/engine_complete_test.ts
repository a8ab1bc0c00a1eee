/** The end of a session in the store. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorError } from "../../../actors/mod.ts";
import { isSettled, settle } from "../../../actors/store/testing/mod.ts";
import { ok } from "../../../core/result.ts";
import { encode } from "../../../core/encoding/mod.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem, headerOf } from "../../../core/types/session.ts";
import { dump } from "../../../modules/contract/testing/mod.ts";
import { finishedSessions, getSessionEnd, unitKey, UNITS_PREFIX } from "../store/db.ts";
import { itemsIn, sessionHeader, sessionIn, treeOf } from "../testing/db.ts";
import type { EngineTest } from "../testing/engine.ts";
import { counting, Disk, endSession } from "../testing/engine.ts";
import { MOVE_ENTRIES_MAX } from "../limits.ts";
import { refs, vote } from "../testing/processing.ts";

const ITEMS: AcceptedItem[] = [{ item: vote(5n), peer: 1 }, { item: vote(6n), peer: 1 }];
const SIGNATURES = new Map([[1, new Uint8Array(64).fill(9)]]);

/** Two items and three units of session 0. */
async function fill({ store, process }: EngineTest): Promise<void> {
  await process(0, vote(5n));
  await process(1, vote(6n));
  const { durable } = await store.transact((tx) => {
    for (const position of [0, 1, 2]) tx.set(unitKey(0, position), new Uint8Array(3));
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

Deno.test("a session's end is one small record beside its items; its units go afterwards, and what modules have stays", async () => {
  const disk = new Disk();
  await disk.life(counting(), async (test) => {
    const { system, store } = test;
    await fill(test);
    const before = await dump(store);
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 0);
    await endSession(test, 0, 2, SIGNATURES);
    await settle();
    assertEquals(
      await store.read((tx) => sessionIn(tx, 0)),
      { sessionOutcome: { items: ITEMS }, signatures: SIGNATURES },
    );
    const end = await store.read((tx) => getSessionEnd(tx, 0));
    const bytes = ITEMS.reduce((sum, item) => sum + encode(acceptedItem, item).length, 0);
    const header = headerOf(0, end!.root);
    assertEquals([end!.items, end!.bytes, header], [2, bytes, sessionHeader(0, { items: ITEMS })]);
    assertEquals(await unitsOf(test), 0);
    const after = await dump(store);
    assertEquals(after.filter((line) => !before.includes(line)).length, 1, "nothing else was written");
    assertEquals(before.filter((line) => !after.includes(line)).length, 3, "nothing but units was deleted");
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 1);
  });
});

Deno.test("a crash at a session's end leaves the session running or over, with all items; done is said only after", async () => {
  for (const written of [false, true]) {
    const disk = new Disk(20);
    const advance = async () => {
      for (let i = 0; i < 20; i++) await disk.clock.advance(20);
    };
    await disk.life(counting(), async (test) => {
      const filled = fill(test);
      await advance();
      await filled;
      const { root } = (await test.system.ask(refs.engine, "seal", { session: 0, position: 2 }))!;
      const done = test.system.ask(refs.engine, "complete", { session: 0, root, signatures: SIGNATURES });
      done.catch(() => undefined);
      await test.clock.advance(0);
      assertEquals(await isSettled(done), false);
      if (!written) return;
      await disk.clock.advance(20);
      assert(await isSettled(done));
    });
    disk.crash();
    await disk.life(counting(), async (test) => {
      const finished = await test.store.read((tx) => finishedSessions(tx));
      assertEquals([await test.store.read((tx) => itemsIn(tx, 0)), finished], [ITEMS, written ? 1 : 0]);
      await advance();
      assertEquals(await unitsOf(test), written ? 0 : 3, "units of a session that is over go at the next start");
    });
  }
});

Deno.test("more units than one step deletes go in several commits, a few at a time", async () => {
  const disk = new Disk();
  await disk.life(counting(), async (test) => {
    const { store } = test;
    const count = 3 * MOVE_ENTRIES_MAX + 1;
    await store.transact((tx) => {
      for (let i = 0; i < count; i++) tx.set(unitKey(0, i), new Uint8Array(40));
      tx.set(unitKey(1, 0), new Uint8Array(40));
    });
    await (await store.transact(() => null)).durable;
    const writes = disk.writes;
    await endSession(test, 0, 0);
    await settle();
    assertEquals([await unitsOf(test), disk.writes - writes], [1, 1 + 4]);
  });
});

Deno.test("nothing is processed after its session's outcome, nor for a session to come, also after a restart", async () => {
  const disk = new Disk();
  const refused = async ({ process, store }: EngineTest): Promise<void> => {
    await settle();
    const before = await dump(store);
    for (const session of [0, 2]) await assertRejects(() => process(0, vote(8n), { session }), ActorError);
    assertEquals(await dump(store), before);
  };
  await disk.life(counting(), async (test) => {
    await fill(test);
    await endSession(test, 0, 2);
    await refused(test);
  });
  await disk.life(counting(), async (test) => {
    await refused(test);
    assertEquals(await test.process(0, vote(8n), { session: 1 }), ok(null));
  });
});

Deno.test("a session is completed once, sessions in order, and only with what is stored", async () => {
  const root = new Uint8Array(32);
  await new Disk().life(counting(), async ({ system, store }) => {
    const complete = (session: number, of = root) =>
      system.ask(refs.engine, "complete", { session, root: of, signatures: new Map() });
    await assertRejects(() => complete(1), ActorError);
    await assertRejects(() => complete(0, Uint8Array.from(root, () => 1)), ActorError);
    await complete(0);
    const before = await dump(store);
    await assertRejects(() => complete(0), ActorError);
    assertEquals(await dump(store), before);
    await complete(1);
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 2);
  });
});

Deno.test("a session with items that were not processed again after a restart is not sealed", async () => {
  const disk = new Disk();
  await disk.life(counting(), fill);
  await disk.life(counting(), async ({ system, process }) => {
    await process(0, vote(5n));
    assertEquals(await system.ask(refs.engine, "seal", { session: 0, position: 1 }), null);
  });
  await disk.life(counting(), async (test) => {
    assertEquals(await test.system.ask(refs.engine, "resume", null), {
      items: 2,
      root: treeOf(ITEMS).root(),
      waiting: treeOf(ITEMS).waiting,
    });
    assertEquals(await test.process(2, vote(7n)), ok(null));
    await endSession(test, 0, 3);
  });
});
