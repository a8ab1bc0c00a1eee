/** A guardian goes on with a database of the old layout, wherever it crashes on the way. */
import { assert, assertEquals } from "@std/assert";
import type { Store } from "../../../actors/store/mod.ts";
import { encode } from "../../../core/encoding/mod.ts";
import { err, ok } from "../../../core/result.ts";
import type { AcceptedItem } from "../../../core/types/session.ts";
import { acceptedItem } from "../../../core/types/session.ts";
import { dump } from "../../../modules/contract/testing/mod.ts";
import { finishedSessions, unitsPrefix } from "./db.ts";
import { itemsIn, putOldSession, sessionIn } from "../testing/db.ts";
import { counting, Disk, endSession } from "../testing/engine.ts";
import { MOVE_ENTRIES_MAX } from "../limits.ts";
import { numberKey } from "../../../actors/store/number_key.ts";
import { refs, vote } from "../testing/processing.ts";

const FINISHED = { sessionOutcome: { items: [{ item: vote(1n), peer: 0 }] }, signatures: new Map() };
/** More than one step takes. */
const ITEMS: AcceptedItem[] = Array.from({ length: 2 * MOVE_ENTRIES_MAX + 3 }, (_, i) => ({
  item: vote(BigInt(300 + i)),
  peer: 1,
}));
const UNITS = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];

/** Two finished sessions, and a third in its midst. */
async function fill(store: Store): Promise<void> {
  const { durable } = await store.transact((tx) => {
    for (const session of [0, 1]) putOldSession(tx, session, FINISHED);
    for (const [i, item] of ITEMS.entries()) tx.set(numberKey(Uint8Array.of(0x01), i), encode(acceptedItem, item));
    for (const [i, unit] of UNITS.entries()) tx.set(numberKey(Uint8Array.of(0x05), i), unit);
  });
  await durable;
}

async function unitsIn(store: Store, session: number): Promise<Uint8Array[]> {
  return await store.read(async (tx) => {
    const units: Uint8Array[] = [];
    for await (const { value } of tx.range({ prefix: unitsPrefix(session) })) units.push(value);
    return units;
  });
}

const WRITE_MS = 20;

async function filledDisk(): Promise<Disk> {
  const disk = new Disk(WRITE_MS);
  await disk.life(counting(), async ({ store }) => {
    const filled = fill(store);
    await disk.clock.advance(100 * WRITE_MS);
    await filled;
  });
  return disk;
}

Deno.test("items and units of the running session move to their places, and the session goes on and ends", async () => {
  const disk = await filledDisk();
  await disk.life(counting(), async (test) => {
    const { store, system, process } = test;
    assertEquals(await system.ask(refs.engine, "finishedSessions", null), 2);
    assertEquals([await store.read((tx) => itemsIn(tx, 2)), await unitsIn(store, 2)], [ITEMS, UNITS]);
    const lines = await dump(store);
    assertEquals(lines.filter((line) => line.startsWith("01") || line.startsWith("05")), []);
    // as after any restart: what was accepted comes again, then what is new
    const again = { session: 2, position: 0, items: ITEMS };
    assertEquals(await system.ask(refs.engine, "process", again), { accepted: ITEMS.length, refused: null });
    assertEquals(await process(ITEMS.length, vote(5n), { session: 2 }), ok(null));
    const ended = endSession(test, 2, ITEMS.length + 1);
    await disk.clock.advance(100 * WRITE_MS);
    await ended;
    assertEquals(await store.read((tx) => finishedSessions(tx)), 3);
    assertEquals((await store.read((tx) => sessionIn(tx, 2)))!.sessionOutcome.items.length, ITEMS.length + 1);
    assertEquals(await process(0, vote(5n), { session: 2 }).catch(() => err("over")), err("over"));
  });
});

Deno.test("wherever a guardian crashes while it moves a session, the next start moves the rest", async () => {
  const left = new Set<number>();
  for (let writes = 0; writes < 12; writes++) {
    const disk = await filledDisk();
    await disk.life(counting(), async () => await disk.clock.advance(writes * WRITE_MS));
    disk.crash();
    left.add((await disk.found()).filter((line) => line.startsWith("01")).length);
    await disk.life(counting(), async ({ store }) => {
      await disk.clock.advance(100 * WRITE_MS);
      assertEquals([await store.read((tx) => itemsIn(tx, 2)), await unitsIn(store, 2)], [ITEMS, UNITS]);
    });
  }
  assert(left.size > 2, `some crashes came in the midst of it: ${[...left]}`);
});
