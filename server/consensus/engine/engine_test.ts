/** An item is kept with all that it did, or leaves nothing behind. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ActorError } from "../../../actors/mod.ts";
import { settle } from "../../../actors/store/testing/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { ConsensusItem } from "../../../core/types/session.ts";
import { dump } from "../../../modules/contract/testing/mod.ts";
import { itemsIn } from "../testing/db.ts";
import { BANKRUPT, BREAKS, counting, Disk, endSession, REFUSED } from "../testing/engine.ts";
import { restartsOf, vote } from "../testing/processing.ts";

const UNKNOWN: ConsensusItem = { tag: "Default", value: { variant: 9n, bytes: Uint8Array.of(1, 2, 3) } };

Deno.test("an accepted item is one store transaction: what the module wrote, and that it was accepted", async () => {
  const disk = new Disk();
  await disk.life(counting(), async ({ store, process }) => {
    const before = disk.writes;
    assertEquals(await process(0, vote(5n)), ok(null));
    await (await store.transact(() => null)).durable;
    assertEquals(disk.writes, before + 1);
    assertEquals(await store.read((tx) => itemsIn(tx, 0)), [{ item: vote(5n), peer: 1 }]);
    assertEquals((await dump(store)).length, 3);
  });
});

Deno.test("a rejected item leaves no trace in the store, and its position to the next one", async () => {
  const disk = new Disk();
  await disk.life(counting(), async ({ store, process }) => {
    await process(0, vote(5n));
    const before = await dump(store), writes = disk.writes;
    assertEquals(await process(1, vote(REFUSED)), err("voted before"));
    assertEquals(await process(1, vote(5n)), err("voted before"));
    assertEquals(await process(1, UNKNOWN), err("unknown kind of item 9"));
    await (await store.transact(() => null)).durable;
    assertEquals([await dump(store), disk.writes], [before, writes]);
    assertEquals(await process(1, vote(6n)), ok(null));
    const accepted = await store.read((tx) => itemsIn(tx, 0));
    assertEquals(accepted.map(({ item }) => item), [vote(5n), vote(6n)]);
  });
});

Deno.test("an item after which liabilities exceed assets is a crash that says by how much, and none of it is kept", async () => {
  await new Disk().life(counting(), async (test) => {
    const { store, process, log } = test;
    await process(0, vote(5n));
    const before = await dump(store);
    await assertRejects(() => process(1, vote(BANKRUPT)), ActorError);
    await settle();
    assertEquals([await dump(store), restartsOf(test)], [before, 1]);
    const crash = log.find(({ path, level }) => path.endsWith("engine") && level === "error");
    assert(String(crash?.facts.reason).includes("liabilities never exceed assets, but they do by 5 msat"));
  });
});

Deno.test("a module that crashes at an item takes the engine with it, and none of the item is kept", async () => {
  await new Disk().life(counting(), async (test) => {
    const { store, process } = test;
    await process(0, vote(5n));
    const before = await dump(store);
    await assertRejects(() => process(1, vote(BREAKS)), ActorError);
    await settle();
    assertEquals([await dump(store), restartsOf(test)], [before, 2]);
    assertEquals(await process(0, vote(5n)), ok(null));
    assertEquals(await process(1, vote(6n)), ok(null));
  });
});

Deno.test("an item that does not decode is no item: whoever hands it over has a bug, and nothing is kept", async () => {
  const bad: ConsensusItem[] = [
    { tag: "Module", value: { instance: 77, body: Uint8Array.of(7) } },
    { tag: "Module", value: { instance: 0, body: Uint8Array.of(7, 7) } },
  ];
  await new Disk().life(counting(), async ({ store, process }) => {
    for (const item of bad) await assertRejects(() => process(0, item), ActorError);
    assertEquals(await dump(store), []);
  });
});

Deno.test("contributions are the sessions in which an item of each guardian was ordered last, rejected ones too", async () => {
  await new Disk().life(counting(), async (test) => {
    const { process, board } = test;
    assertEquals(board.contributions, new Map());
    await process(0, vote(5n), { peer: 2 });
    await process(1, vote(REFUSED), { peer: 3 });
    assertEquals(board.contributions, new Map([[2, 0], [3, 0]]));
    await endSession(test, 0, 1);
    await process(0, UNKNOWN, { peer: 3, session: 1 });
    assertEquals(board.contributions, new Map([[2, 0], [3, 1]]));
  });
});
