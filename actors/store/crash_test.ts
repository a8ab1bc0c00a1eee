/**
 * All or nothing, at every place where a process can die: the memory disk is stopped before each of its commits in
 * turn, that commit lost or kept, and what is opened then must hold a prefix of the store's commits, those reported
 * durable among them, and no rests.
 */
import { assert, assertEquals } from "@std/assert";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { MemoryBackend, openMemoryStore } from "./memory.ts";
import type { Store, StoreTx } from "./store.ts";
import { ManualClock, pattern } from "./testing/mod.ts";

type Commit = (tx: StoreTx) => void | Promise<void>;

const key = (i: number): Bytes => utf8(`key ${i}`.padEnd(30));
const BIG = pattern(900_000, 2);
/** Small, large, very large, replacing and deleting: each way that a commit can take. */
const COMMITS: readonly Commit[] = [
  (tx) => tx.set(utf8("a"), utf8("1")),
  (tx) => tx.set(utf8("big"), pattern(200_000, 1)),
  (tx) => {
    for (let i = 0; i < 1_100; i++) tx.set(key(i), new Uint8Array(1_000).fill(i));
    tx.set(utf8("a"), utf8("2"));
  },
  (tx) => tx.set(utf8("big"), BIG), // chunks over several commits of the backend
  (tx) => {
    for (let i = 0; i < 1_100; i += 2) tx.delete(key(i));
    for (let i = 0; i < 3; i++) tx.set(utf8(`big ${i}`), pattern(300_000, i));
    tx.set(utf8("a"), utf8("3"));
  },
  (tx) => tx.deleteAll(utf8("big")),
  async (tx) => {
    await tx.deleteAll(new Uint8Array(0));
    tx.set(utf8("z"), utf8("all else is gone"));
  },
  (tx) => tx.set(utf8("a"), utf8("4")),
];

Deno.test("a crash at any commit of the disk leaves a prefix of the store's commits", async () => {
  const expected = await statesAfterEach();
  // Entries on a disk that holds each of the states and nothing that it doesn't need.
  const total = await writesOf(COMMITS);
  assert(total > 15, "the commits take many of the disk's");
  const seen = new Set<number>();
  for (let stop = 1; stop <= total; stop++) {
    for (const inFlight of ["lost", "kept"] as const) {
      for (const together of [false, true]) {
        const { disk, durable } = await runUntil(stop, inFlight, together);
        const prefix = await checkDisk(disk, expected);
        assert(prefix >= durable, `commit ${durable} was reported, and ${prefix} are there`);
        seen.add(prefix);
      }
    }
  }
  assertEquals(seen.size, COMMITS.length + 1, "every prefix came up");
});

Deno.test("a crash while opening finishes a large commit changes nothing", async () => {
  const expected = await statesAfterEach();
  const total = await writesOf(COMMITS.slice(0, 3));
  for (let stop = 1; stop <= total; stop++) {
    let disk = (await runUntil(stop, "kept", false)).disk;
    let prefix: number | undefined;
    // Crash the n-th opening at its n-th commit of the disk, until one gets through.
    for (let tries = 1; prefix === undefined; tries++) {
      const clock = new ManualClock();
      let writing = 0;
      const opened = disk.crash({ clock, writeDelayMs: () => ++writing === tries ? 1 : 0 });
      const opening = openMemoryStore({ clock, backend: opened });
      opening.catch(() => {});
      await clock.advance(0);
      disk = opened.crash({ inFlight: "kept" });
      if (writing < tries) prefix = await checkDisk(disk, expected);
    }
  }
});

/** Runs the commits on a disk that dies at its `stop`-th commit; gives it as found then. */
async function runUntil(
  stop: number,
  inFlight: "lost" | "kept",
  together: boolean,
): Promise<{ disk: MemoryBackend; durable: number }> {
  const clock = new ManualClock();
  const { promise: dead, resolve } = Promise.withResolvers<MemoryBackend>();
  let writes = 0;
  const disk: MemoryBackend = new MemoryBackend({
    clock,
    writeDelayMs: () => {
      if (++writes !== stop) return 0;
      queueMicrotask(() => resolve(disk.crash({ inFlight })));
      return 1;
    },
  });
  let durable = 0;
  const work = async (): Promise<void> => {
    const store = await openMemoryStore({ clock, backend: disk });
    const waits: Promise<void>[] = [];
    for (const [i, commit] of COMMITS.entries()) {
      const committed = await store.transact(commit);
      const wait = committed.durable.then(() => void (durable = i + 1));
      wait.catch(() => {}); // reported by the next transaction too
      if (together) waits.push(wait);
      else await wait;
    }
    await Promise.all(waits);
  };
  const failed = work().then(() => false, () => true);
  const found = await Promise.race([dead, failed.then(() => undefined)]);
  // When the commits went together they took fewer of the disk's.
  if (found === undefined) return { disk: disk.crash({}), durable };
  assertEquals(await failed, true, "a dead disk is noticed");
  return { disk: found, durable };
}

/** How many commits the disk holds. It must hold exactly one of the expected states, and nothing beside. */
async function checkDisk(disk: MemoryBackend, expected: readonly State[]): Promise<number> {
  const store = await openMemoryStore({ clock: new ManualClock(), backend: disk });
  const content = await contentOf(store);
  const prefix = expected.findIndex((state) => state.content === content);
  assert(prefix !== -1, "the disk holds no prefix of the commits");
  // The records of the layout and of the next id may or may not be there.
  assert(
    disk.size - expected[prefix]!.entries <= 2,
    `${disk.size} entries on the disk, ${expected[prefix]!.entries} are needed`,
  );
  await store.close();
  return prefix;
}

type State = { readonly content: string; readonly entries: number };

async function statesAfterEach(): Promise<State[]> {
  const disk = new MemoryBackend();
  const store = await openMemoryStore({ clock: new ManualClock(), backend: disk });
  const states: State[] = [{ content: await contentOf(store), entries: 0 }];
  for (const commit of COMMITS) {
    await (await store.transact(commit)).durable;
    states.push({ content: await contentOf(store), entries: await entriesNeeded(store) });
  }
  await store.close();
  return states;
}

/**
 * Entries of the disk that the content needs: one each, and for a large value its chunks and its place in the index.
 */
async function entriesNeeded(store: Store): Promise<number> {
  let entries = 0;
  await store.read(async (tx) => {
    for await (const { value } of tx.range()) {
      entries += value.length <= 61_440 ? 1 : 2 + Math.ceil(value.length / 65_536);
    }
  });
  return entries;
}

async function contentOf(store: Store): Promise<string> {
  const parts: Bytes[] = [];
  await store.read(async (tx) => {
    for await (const { key, value } of tx.range()) parts.push(key, value);
  });
  const digest = await crypto.subtle.digest("SHA-256", await new Blob(parts).arrayBuffer());
  return `${parts.length / 2} entries, ${new Uint8Array(digest).toHex()}`;
}

async function writesOf(commits: readonly Commit[]): Promise<number> {
  let writes = 0;
  const disk = new MemoryBackend({ onWrite: (count) => void (writes = count) });
  const store = await openMemoryStore({ clock: new ManualClock(), backend: disk });
  for (const commit of commits) await (await store.transact(commit)).durable;
  await store.close();
  return writes;
}
