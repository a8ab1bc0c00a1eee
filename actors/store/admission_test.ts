/** Own commits don't stand behind what strangers write, and strangers get their turn too. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";
import { fenced } from "./fenced.ts";
import { MemoryBackend, openMemoryStore } from "./memory.ts";
import type { Committed, Store, StoreView } from "./store.ts";
import { getText, isSettled, listTexts, ManualClock, pattern, put, settle } from "./testing/mod.ts";

const ALL = new Uint8Array(0);
const BACKUP_BYTES = 131_000;
const WRITE_MS = 10;

type Bounds = Partial<
  Record<"strangersUnflushedBytesMax" | "strangersWritersMax" | "strangersWaitersMax" | "waitersMax", number>
>;

/** A store on a disk whose commits take 10 ms, and how many commits of the disk there were. */
async function openSlow(bounds: Bounds = {}): Promise<{ store: Store; clock: ManualClock; disk: { commits: number } }> {
  const clock = new ManualClock();
  const disk = { commits: 0 };
  const backend = new MemoryBackend({ clock, writeDelayMs: () => WRITE_MS, onWrite: () => disk.commits++ });
  const opening = openMemoryStore({ clock, backend, ...bounds });
  await clock.advance(WRITE_MS);
  return { store: await opening, clock, disk };
}

function key(i: number): Bytes {
  return utf8(`${i}`.padStart(4, "0"));
}

async function writeBackup(view: StoreView, i: number): Promise<void> {
  const { durable } = await view.transact(async (tx) => {
    await tx.get(key(i));
    tx.set(key(i), pattern(BACKUP_BYTES, i));
  });
  await durable;
}

/** Advances time until the promise has settled. */
async function finish<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  for (let i = 0; i < 10_000 && !await isSettled(promise); i++) await clock.advance(WRITE_MS);
  return await promise;
}

Deno.test("an own commit is durable after a few commits of the disk, however much strangers write; theirs come all in the end", async () => {
  const { store, clock, disk } = await openSlow();
  const strangers = store.view(utf8("backups/")).forStrangers();
  const backups = Array.from({ length: 200 }, (_, i) => writeBackup(strangers, i));
  for (let i = 0; i < 20; i++) {
    const before = disk.commits;
    await finish(clock, put(store, { unit: `${i}` }));
    assert(disk.commits - before <= 6, `${disk.commits - before} commits of the disk for one unit`);
  }
  await finish(clock, Promise.all(backups));
  const found = await finish(clock, store.read((tx) => listKeys(tx)));
  assertEquals(found, 201);
});

async function listKeys(tx: Parameters<Parameters<Store["read"]>[0]>[0]): Promise<number> {
  let count = 0;
  for await (const _ of tx.range()) count++;
  return count;
}

Deno.test("strangers write in the order in which they came, and reads of theirs don't wait for a turn", async () => {
  const { store, clock } = await openSlow({ strangersUnflushedBytesMax: 1_000 });
  const strangers = store.forStrangers();
  const order: number[] = [];
  const commits: Promise<unknown>[] = [];
  for (let i = 0; i < 20; i++) {
    commits.push(strangers.transact((tx) => tx.set(key(i), new Uint8Array(900))).then(() => order.push(i)));
  }
  await settle();
  assert(order.length <= 3, `${order.length} commits were let in at once`);
  const read = await strangers.transact((tx) => getText(tx, "absent"));
  assertEquals(read.value, undefined);
  await finish(clock, Promise.all(commits));
  assertEquals(order, Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("a stranger's body that runs again sees what came before, and is committed once", async () => {
  const { store, clock } = await openSlow({ strangersUnflushedBytesMax: 0 });
  const strangers = fenced(store, new AbortController().signal).forStrangers().view(utf8("v/"));
  const count = async (): Promise<Committed<void>> =>
    await strangers.transact(async (tx) => {
      tx.set(utf8("n"), utf8(`${Number(await getText(tx, "n") ?? "0") + 1}`));
    });
  await finish(clock, Promise.all(Array.from({ length: 30 }, count)));
  assertEquals(await store.read((tx) => listTexts(tx)), ["v/n=30"]);
});

Deno.test("one stranger too many that wants to write is refused; own writers never are", async () => {
  const { store, clock } = await openSlow({ strangersUnflushedBytesMax: 0, strangersWritersMax: 2 });
  const write = (view: StoreView, name: string) => view.transact((tx) => tx.set(utf8(name), ALL));
  const strangers = store.forStrangers();
  await write(strangers, "first");
  const waiting = [write(strangers, "second"), write(strangers, "third")];
  await settle();
  const refused = await assertRejects(() => write(strangers, "fourth"), StoreError, "Try again later");
  assertEquals(refused.facts, { code: "busy", waiting: 2, waitingMax: 2 });
  await write(store, "own");
  await finish(clock, Promise.all(waiting));
  assertEquals((await store.read((tx) => listTexts(tx))).sort(), ["first=", "own=", "second=", "third="]);
});

Deno.test("strangers that wait to write are told when the store closes", async () => {
  const { store, clock } = await openSlow({ strangersUnflushedBytesMax: 0 });
  const strangers = store.forStrangers();
  const commits = Array.from({ length: 5 }, (_, i) => strangers.transact((tx) => tx.set(key(i), ALL)));
  for (const commit of commits) commit.catch(() => undefined);
  await settle();
  await finish(clock, store.close());
  await clock.advance(1_000);
  let closed = 0;
  for (const commit of commits) {
    const result = await commit.then(() => null, (thrown) => thrown);
    if (result !== null) assertEquals([result.code, ++closed > 0], ["closed", true]);
  }
  assert(closed > 0 && closed < 5);
});

Deno.test("waits of strangers have a bound of their own, through a fence too", async () => {
  const { store } = await openSlow({ waitersMax: 10, strangersWaitersMax: 2 });
  const strangers = fenced(store.view(utf8("v")), new AbortController().signal).forStrangers();
  void strangers.changed(utf8("a"));
  void strangers.view(utf8("b")).changed(ALL);
  assertEquals((await assertRejects(() => strangers.changed(ALL), StoreError)).code, "busy");
  void store.changed(ALL);
});
