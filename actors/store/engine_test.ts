/** What the engine does when its backend fails, when it is slow, and when transactions take long. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";
import { Flusher } from "./flusher.ts";
import { chunkKey } from "./keys.ts";
import { BATCH_BYTES, TURN_MS } from "./limits.ts";
import { MemoryBackend, type MemoryOptions, openMemoryStore } from "./memory.ts";
import { type Entry, rollback, type Store } from "./store.ts";
import { gate, getText, isSettled, listTexts, ManualClock, pattern, put, settle } from "./testing/mod.ts";

const ALL = new Uint8Array(0);
const isFull = (): never => {
  throw new Error("disk full");
};

/** A store on a disk whose commits take 10 ms, opened. */
async function openSlow(
  options: MemoryOptions & { unflushedBytesMax?: number; historyBytesMax?: number } = {},
): Promise<{ store: Store; clock: ManualClock; disk: MemoryBackend }> {
  const clock = new ManualClock();
  const disk = new MemoryBackend({ clock, writeDelayMs: () => 10, ...options });
  const opening = openMemoryStore({ clock, backend: disk, ...options });
  await clock.advance(10);
  return { store: await opening, clock, disk };
}

Deno.test("when a write fails the store has failed: nothing is reported durable, and all who wait are told", async () => {
  let broken = false;
  const { store, clock } = await openSlow({ onWrite: () => broken && isFull() });
  const good = await store.transact((tx) => tx.set(utf8("good"), ALL));
  await clock.advance(10);
  await good.durable;
  broken = true;
  const changed = store.changed(utf8("later"));
  const waits = [];
  for (let i = 0; i < 3; i++) {
    waits.push((await store.transact((tx) => tx.set(utf8(`lost ${i}`), ALL))).durable);
    await clock.advance(1);
  }
  assertEquals(await isSettled(store.failed), false);
  const held = gate();
  const running = store.transact(async (tx) => {
    tx.set(utf8("running"), ALL);
    await held.opened;
  });
  running.catch(() => {});
  await clock.advance(10);
  for (const wait of [...waits, changed, store.failed]) {
    const error = await assertRejects(() => wait, StoreError, "disk full");
    assertEquals(error.code, "failed");
  }
  held.open();
  const uses = [() => running, () => store.transact(() => {}), () => store.read(() => {}), () => store.changed(ALL)];
  for (const use of [...uses, () => store.close()]) {
    assertEquals((await assertRejects(use as () => Promise<unknown>, StoreError)).code, "failed");
  }
});

Deno.test("when a read fails the store has failed", async () => {
  let broken = false;
  const { store, clock } = await openSlow({ onRead: () => broken && isFull() });
  broken = true;
  const reading = store.read((tx) => tx.get(utf8("k")));
  assertEquals((await assertRejects(() => reading, StoreError, "disk full")).code, "failed");
  assertEquals((await assertRejects(() => store.failed, StoreError)).code, "failed");
  await clock.advance(10);
  await assertRejects(() => store.close(), StoreError);
});

Deno.test("a large value that lost a chunk is found out, not returned", async () => {
  const backend = new MemoryBackend();
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock, backend });
  await (await store.transact((tx) => tx.set(utf8("k"), pattern(200_000, 1)))).durable;
  await store.close();
  await backend.commit([{ key: chunkKey(1, 1), value: null }]);
  for (const read of ["get", "range", "overwritten while an old snapshot is open"]) {
    const damaged = await openMemoryStore({ clock, backend });
    const use = async (): Promise<unknown> => {
      if (read === "get") return await damaged.read((tx) => tx.get(utf8("k")));
      if (read === "range") return await damaged.read((tx) => listTexts(tx));
      return await damaged.read(async () => await (await damaged.transact((tx) => tx.set(utf8("k"), ALL))).durable);
    };
    assertEquals((await assertRejects(use, StoreError, "lost chunks")).code, "corrupt");
    assertEquals((await assertRejects(() => damaged.failed, StoreError)).code, "corrupt");
    await assertRejects(() => damaged.close(), StoreError);
  }
});

Deno.test("writers wait while too much is not on disk yet", async () => {
  const { store, clock } = await openSlow({ unflushedBytesMax: 1_000 });
  await store.transact((tx) => tx.set(utf8("a"), new Uint8Array(900)));
  await store.transact((tx) => tx.set(utf8("b"), new Uint8Array(900)));
  let started = false;
  const third = store.transact((tx) => {
    started = true;
    tx.set(utf8("c"), ALL);
  });
  await settle();
  assertEquals(started, false);
  await clock.advance(10);
  await third;
  const closing = store.close();
  await clock.advance(20);
  await closing;
});

Deno.test("who waits for the disk to catch up is told when it fails", async () => {
  let writes = 0;
  const { store, clock } = await openSlow({ unflushedBytesMax: 1_000, onWrite: () => ++writes > 1 && isFull() });
  await store.transact((tx) => tx.set(utf8("a"), new Uint8Array(2_000)));
  const waiting = store.transact((tx) => tx.set(utf8("b"), ALL));
  waiting.catch(() => {});
  await clock.advance(10);
  await assertRejects(() => waiting, StoreError, "disk full");
  await assertRejects(() => store.close(), StoreError);
});

Deno.test("a transaction and a read that keep too much are run again, and see the new world as a whole", async () => {
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock, historyBytesMax: 5_000 });
  await put(store, { a: "0", b: "0" });
  for (const kind of ["read", "transact"] as const) {
    let runs = 0;
    const seen = await new Promise<string[]>((resolve, reject) => {
      const body = async (tx: Parameters<Parameters<Store["read"]>[0]>[0]): Promise<void> => {
        const found = [await getText(tx, "a") ?? ""];
        if (++runs === 1) {
          for (let i = 1; i <= 10; i++) {
            await (await store.transact((other) => {
              other.set(utf8("a"), utf8(`${i}`));
              other.set(utf8("b"), utf8(`${i}`));
              other.set(utf8("filler"), new Uint8Array(2_000));
            })).durable;
          }
        }
        found.push(await getText(tx, "b") ?? "");
        resolve(found);
      };
      const done: Promise<unknown> = kind === "read" ? store.read(body) : store.transact(body);
      done.catch(reject);
    });
    assertEquals([runs, seen], [2, ["10", "10"]]);
  }
  await store.close();
});

Deno.test("one that runs again may wait for another that runs again: it is late, and not for ever", async () => {
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock });
  await put(store, { outer: "0", inner: "0" });
  const increment = async (key: string, during: (run: number) => Promise<unknown>): Promise<void> => {
    let runs = 0;
    await store.transact(async (tx) => {
      const n = Number(await getText(tx, key));
      await during(++runs);
      tx.set(utf8(key), utf8(`${n + 1}`));
    });
  };
  // The outer one has the turn when it waits for the inner one, which needs a turn as well.
  const work = increment("outer", async (run) => {
    if (run === 1) await increment("outer", () => Promise.resolve());
    else await increment("inner", async (run) => run === 1 && await increment("inner", () => Promise.resolve()));
  });
  assertEquals(await isSettled(work), false);
  await clock.advance(TURN_MS);
  await work;
  assertEquals(await store.read((tx) => listTexts(tx)), ["inner=2", "outer=2"]);
  assertEquals(clock.pending, 0);
  await store.close();
});

Deno.test("an effect that throws throws out of transact, after all effects ran and the commit was made", async () => {
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock });
  let last = false;
  const commit = store.transact((tx) => {
    tx.set(utf8("k"), utf8("v"));
    tx.onCommit(() => isFull());
    tx.onCommit(() => void (last = true));
  });
  await assertRejects(() => commit, Error, "disk full");
  assertEquals(last, true);
  assertEquals(await store.read((tx) => getText(tx, "k")), "v");
  await store.close();
});

Deno.test("a simulated crash loses exactly what was not durable; what was under way as the simulation chooses", async () => {
  for (const inFlight of ["lost", "kept"] as const) {
    const { store, clock, disk } = await openSlow();
    const durable = await store.transact((tx) => tx.set(utf8("1 durable"), ALL));
    await clock.advance(10);
    await durable.durable;
    const underWay = await store.transact((tx) => tx.set(utf8("2 under way"), ALL));
    await clock.advance(5);
    const waiting = await store.transact((tx) => tx.set(utf8("3 waiting"), ALL));
    const restarted = await openMemoryStore({ clock, backend: disk.crash({ inFlight }) });
    const left = (await restarted.read((tx) => listTexts(tx))).map((text) => text.slice(0, 1));
    assertEquals(left, inFlight === "lost" ? ["1"] : ["1", "2"]);
    for (const wait of [underWay.durable, waiting.durable, store.failed]) {
      await assertRejects(() => wait, StoreError, "crashed");
    }
    await restarted.close();
    assertEquals(clock.pending, 0);
  }
});

Deno.test("writers at once share the disk's commits, and one alone is not kept waiting", async () => {
  let writes = 0;
  const { store, clock } = await openSlow({ onWrite: (count) => void (writes = count) });
  const before = writes;
  const committed = await Promise.all(
    Array.from({ length: 3_000 }, (_, i) => store.transact((tx) => tx.set(utf8(`${i}`), ALL))),
  );
  await clock.advance(100);
  for (const { durable } of committed) await durable;
  // A commit of the disk takes 1,000 entries; more would go through the journal, which costs twice as many.
  assert(writes - before <= 4, `${writes - before} commits of the disk for 3,000 transactions`);
  const alone = await store.transact((tx) => tx.set(utf8("alone"), ALL));
  await clock.advance(10);
  await alone.durable;
  await store.close();
});

Deno.test("a commit that many wait for wakes them all once it is durable, and is there after opening again", async () => {
  const count = 131_072;
  const backend = new MemoryBackend();
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock, backend, waitersMax: count });
  const waits = Array.from({ length: count }, () => store.changed(utf8("key")));
  await (await store.transact((tx) => tx.set(utf8("key"), utf8("value")))).durable;
  await Promise.all(waits);
  await store.close();
  const again = await openMemoryStore({ clock, backend });
  assertEquals(await again.read((tx) => getText(tx, "key")), "value");
});

Deno.test("a commit that breaks in the middle fails the store: nobody is told durable what will never be written", async () => {
  const { store } = await openSlow();
  const broken = new Error("broken in the middle");
  const enqueue = Flusher.prototype.enqueue;
  Flusher.prototype.enqueue = () => {
    throw broken;
  };
  try {
    const committing = store.transact((tx) => tx.set(utf8("k"), ALL));
    const error = await assertRejects(() => committing, StoreError, "broken in the middle");
    assertEquals(error.code, "failed");
  } finally {
    Flusher.prototype.enqueue = enqueue;
  }
  for (const use of [() => store.failed, () => store.transact(() => {}), () => store.read(() => {})]) {
    assertEquals((await assertRejects(use as () => Promise<unknown>, StoreError)).code, "failed");
  }
});

Deno.test("changed refuses one waiter too many with an error that says to try again", async () => {
  const store = await openMemoryStore({ clock: new ManualClock(), waitersMax: 2 });
  const waits = [store.changed(utf8("a")), store.view(utf8("v")).changed(utf8("b"))];
  assertEquals((await assertRejects(() => store.changed(ALL), StoreError, "Try again later")).code, "busy");
  await put(store, { a: "1", vb: "1" });
  await Promise.all(waits);
  void store.changed(ALL);
});

/** Counts what is read. */
class CountingBackend extends MemoryBackend {
  gets = 0;
  readonly listedBytes: number[] = [];

  override get(key: Bytes): Promise<Bytes | undefined> {
    this.gets++;
    return super.get(key);
  }

  override async list(range: Parameters<MemoryBackend["list"]>[0]): Promise<Entry[]> {
    const entries = await super.list(range);
    this.listedBytes.push(entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0));
    return entries;
  }
}

Deno.test("a range of large entries is read in batches of bounded size, one of small entries in few", async () => {
  const backend = new CountingBackend();
  const clock = new ManualClock();
  const store = await openMemoryStore({ clock, backend, cacheBytesMax: 0 });
  const key = (i: number): Bytes => Uint8Array.of(i >> 8, i);
  for (const [bytes, entries, batchesMax] of [[60_000, 400, 30], [10, 2_000, 12]] as const) {
    const view = store.view(utf8(`${bytes}/`));
    await (await view.transact((tx) => {
      for (let i = 0; i < entries; i++) tx.set(key(i), pattern(bytes, i));
    })).durable;
    for (const way of ["range", "deleteAll"]) {
      backend.listedBytes.length = 0;
      await view.transact(async (tx) => {
        if (way === "range") { for await (const _ of tx.range()); }
        else await tx.deleteAll(ALL);
        return rollback(null);
      });
      assert(backend.listedBytes.length <= batchesMax, `${backend.listedBytes.length} batches`);
      for (const listed of backend.listedBytes) assert(listed <= 2 * BATCH_BYTES, `${listed} bytes in a batch`);
    }
  }
});

Deno.test("what is overwritten is kept for an old snapshot up to a bound; then the snapshot is given up, not the memory", async () => {
  const backend = new CountingBackend();
  const store = await openMemoryStore({
    clock: new ManualClock(),
    backend,
    cacheBytesMax: 0,
    historyBytesMax: 5_000_000,
  });
  const entries = 1_000;
  await (await store.transact((tx) => {
    for (let i = 0; i < entries; i++) tx.set(utf8(`p${i}`), pattern(60_000, i));
  })).durable;
  let runs = 0;
  const found = await store.read(async (tx) => {
    if (++runs > 1) return await getText(tx, "p0");
    backend.gets = 0;
    await (await store.transact((other) => other.deleteAll(utf8("p")))).durable;
    assert(backend.gets > 0 && backend.gets < 200, `${backend.gets} old values were read`);
    return await getText(tx, "p0");
  });
  assertEquals(found, undefined);
  assertEquals(runs, 2);
});

Deno.test("a commit of 100,000 tiny entries is written, and deleted by slices of which each fits a few commits of the disk", async () => {
  let writes = 0;
  const backend = new MemoryBackend({ onWrite: () => writes++ });
  const store = await openMemoryStore({ clock: new ManualClock(), backend });
  const key = (i: number): Bytes => Uint8Array.of(i >> 16, i >> 8, i);
  const before = backend.size;
  const { durable } = await store.transact((tx) => {
    for (let i = 0; i < 100_000; i++) tx.set(key(i), ALL);
  });
  await durable;
  assertEquals(backend.size, before + 100_000);
  let deleted = 0;
  for (let count = 1; count > 0; deleted += count) {
    writes = 0;
    const slice = await store.transact(async (tx) => {
      let some = 0;
      for await (const { key } of tx.range({ prefix: ALL, limit: 5_000 })) {
        tx.delete(key);
        some++;
      }
      return some;
    });
    await slice.durable;
    count = slice.value;
    assert(writes <= 20, `${writes} commits for a slice`);
  }
  assertEquals(deleted, 100_000);
  assertEquals(backend.size, before);
});
