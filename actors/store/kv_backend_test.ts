/**
 * Deno KV's limits, the owner's record and the lease, over a real Deno KV file; what a network does to it is played by
 * `PlayedKv`.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Bytes, utf8 } from "../../core/bytes.ts";
import { Budget, type Operation } from "./backend.ts";
import { StoreError } from "./error.ts";
import { KvBackend } from "./kv_backend.ts";
import {
  KV_COMMIT_BYTES_MAX,
  KV_COMMIT_KEY_BYTES_MAX,
  KV_GET_KEYS_MAX,
  KV_KEY_BYTES_MAX,
  KV_LIST_ENTRIES_MAX,
  KV_MUTATIONS_MAX,
  KV_VALUE_BYTES_MAX,
  LEASE_BEAT_MS,
  LEASE_MS,
  REMOTE_PATIENCE_MS,
} from "./limits.ts";
import { openStore } from "./open.ts";
import { listTexts, ManualClock, put } from "./testing/mod.ts";
import { testsNeeding } from "../../core/testing/permissions.ts";

const onMachine = testsNeeding("read", "write");

const noLock = { release: (): void => {} };

async function withFolder(body: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "fedimint-store-" });
  try {
    await body(`${folder}/database`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A Deno KV that counts what is under way, and does to commits what a network and a client that tries again do. */
class PlayedKv {
  readonly #kv: Deno.Kv;
  underWay = 0;
  /** How often the next commit arrives. */
  deliveries = 1;
  /** False: nothing is answered any more. */
  answers = true;
  /** Delivers the last commit once more. */
  redeliver: () => Promise<Deno.KvCommitResult | Deno.KvCommitError> = () => Promise.reject(new Error("no commit yet"));

  constructor(kv: Deno.Kv) {
    this.#kv = kv;
  }

  static async open(path: string): Promise<PlayedKv & Deno.Kv> {
    return new PlayedKv(await Deno.openKv(path)) as unknown as PlayedKv & Deno.Kv;
  }

  async #counted<T>(work: () => Promise<T>): Promise<T> {
    if (!this.answers) return new Promise(() => {});
    this.underWay++;
    try {
      return await work();
    } finally {
      this.underWay--;
    }
  }

  get(key: Deno.KvKey): Promise<Deno.KvEntryMaybe<unknown>> {
    return this.#counted(() => this.#kv.get(key));
  }

  getMany(keys: Deno.KvKey[]): Promise<Deno.KvEntryMaybe<unknown>[]> {
    return this.#counted(() => this.#kv.getMany(keys));
  }

  async *list(selector: Deno.KvListSelector, options: Deno.KvListOptions): AsyncGenerator<Deno.KvEntry<unknown>> {
    yield* await this.#counted(() => Array.fromAsync(this.#kv.list(selector, options)));
  }

  atomic(): Deno.AtomicOperation {
    const atomic = this.#kv.atomic();
    const commit = atomic.commit.bind(atomic);
    atomic.commit = () =>
      this.#counted(async () => {
        this.redeliver = commit;
        let result = await commit();
        for (; this.deliveries > 1; this.deliveries--) result = await commit();
        return result as Deno.KvCommitResult;
      });
    return atomic;
  }

  close(): void {
    this.#kv.close();
  }
}

/** Moves the clock on whenever nothing is under way, until the work is done. Returns how much it moved. */
async function drive(clock: ManualClock, kvs: readonly PlayedKv[], work: Promise<unknown>): Promise<number> {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  work.then(mark, mark);
  const beforeMs = clock.nowMs();
  while (true) {
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
    if (done) return clock.nowMs() - beforeMs;
    if (kvs.every(({ underWay }) => underWay === 0)) await clock.advance(100);
  }
}

function owner(id: number): Bytes {
  return new Uint8Array(16).fill(id);
}

onMachine("Deno KV takes whatever a budget takes, to the last byte", async () => {
  await withFolder(async (path) => {
    const backend = await KvBackend.open(await Deno.openKv(path), {
      name: path,
      ownerId: owner(1),
      clock: new ManualClock(),
      lock: noLock,
    });
    // [key bytes, fill, value bytes (null for deletes)]: each one exhausts another limit.
    const kinds = [
      [4, 0xff, 10],
      [4, 0, 65_536],
      [1_000, 0, 1],
      [1_000, 0xff, null],
      [70, 0xff, null],
      [40, 0xff, 700],
      [40, 0, 700],
      [4, 0, 804],
    ] as const;
    for (const [keyBytes, fill, valueBytes] of kinds) {
      const budget = new Budget();
      const operations: Operation[] = [];
      for (let i = 0;; i++) {
        const key = new Uint8Array(keyBytes).fill(fill);
        key.set([i >> 8, i]);
        const operation = { key, value: valueBytes === null ? null : new Uint8Array(valueBytes) };
        if (!budget.take(operation)) break;
        operations.push(operation);
      }
      // What is left over, by one value.
      const rest = new Uint8Array(KV_VALUE_BYTES_MAX);
      for (let bytes = rest.length; bytes > 0; bytes--) {
        const operation = { key: new Uint8Array([1]), value: rest.subarray(0, bytes) };
        if (!budget.take(operation)) continue;
        operations.push(operation);
        break;
      }
      await backend.commit(operations);
    }
    await backend.close();
  });
});

onMachine("Deno KV refuses more than the limits that are written down for it", async () => {
  await withFolder(async (path) => {
    const kv = await Deno.openKv(path);
    const commit = (count: number, keyBytes: number, valueBytes: number) => (): Promise<unknown> => {
      const atomic = kv.atomic();
      for (let i = 0; i < count; i++) {
        atomic.set(
          [new Uint8Array(keyBytes - 2).fill(255).map((b, at) => at < 2 ? 1 + (i >> (8 * at)) % 254 : b)],
          new Uint8Array(valueBytes),
        );
      }
      return atomic.commit();
    };
    const list = (limit: number) => async (): Promise<void> => {
      const all = { start: [new Uint8Array(0)], end: [new Uint8Array([255])] };
      for await (const _ of kv.list(all, { limit, batchSize: limit }));
    };
    const getMany = (count: number) => (): Promise<unknown> =>
      kv.getMany(Array.from({ length: count }, (_, i) => [i]) as Deno.KvKey[]);
    const perCommit = Math.floor(KV_COMMIT_BYTES_MAX / (KV_VALUE_BYTES_MAX + 2 * 10));
    const cases: [() => Promise<unknown>, () => Promise<unknown>][] = [
      [commit(KV_MUTATIONS_MAX, 10, 1), commit(KV_MUTATIONS_MAX + 1, 10, 1)],
      [commit(1, KV_KEY_BYTES_MAX, 1), commit(1, KV_KEY_BYTES_MAX + 1, 1)],
      [commit(1, 10, KV_VALUE_BYTES_MAX), commit(1, 10, KV_VALUE_BYTES_MAX + 1)],
      [commit(perCommit, 10, KV_VALUE_BYTES_MAX), commit(perCommit + 1, 10, KV_VALUE_BYTES_MAX)],
      [commit(KV_COMMIT_KEY_BYTES_MAX / 1_024, 1_024, 1), commit(KV_COMMIT_KEY_BYTES_MAX / 1_024 + 1, 1_024, 1)],
      [list(KV_LIST_ENTRIES_MAX), list(KV_LIST_ENTRIES_MAX + 1)],
      [getMany(KV_GET_KEYS_MAX), getMany(KV_GET_KEYS_MAX + 1)],
    ];
    for (const [within, beyond] of cases) {
      await within();
      await assertRejects(beyond, TypeError);
    }
    kv.close();
  });
});

onMachine("who lost the database to another can't write to it any more, and its store fails", async () => {
  await withFolder(async (path) => {
    const clock = new ManualClock();
    const open = async (id: number) =>
      await openStore(
        await KvBackend.open(await Deno.openKv(path), { name: path, ownerId: owner(id), clock, lock: noLock }),
        { clock },
      );
    const first = await open(1);
    await put(first, { a: "first" });
    const second = await open(2);
    const lost = await first.transact((tx) => tx.set(utf8("b"), utf8("first")));
    const error = await assertRejects(() => lost.durable, StoreError);
    assertEquals((error.cause as StoreError).facts, { code: "locked", path, pid: Deno.pid });
    await assertRejects(() => first.failed, StoreError);
    await assertRejects(() => first.close(), StoreError);
    await put(second, { c: "second" });
    assertEquals(await second.read((tx) => listTexts(tx)), ["a=first", "c=second"]);
    await second.close();
  });
});

onMachine("a commit that arrives twice, or again after others, happens once", async () => {
  await withFolder(async (path) => {
    const clock = new ManualClock();
    const kv = await PlayedKv.open(path);
    kv.deliveries = 2; // taking ownership too
    const backend = await KvBackend.open(kv, { name: path, ownerId: owner(1), clock, lock: noLock });
    const store = await openStore(backend, { clock });
    kv.deliveries = 3;
    await put(store, { k: "old" });
    assertEquals(kv.deliveries, 1);
    const { redeliver } = kv;
    await put(store, { k: "new" });
    assertEquals((await redeliver()).ok, false);
    await store.close();
    const again = await openStore(
      await KvBackend.open(await Deno.openKv(path), { name: path, ownerId: owner(2), clock, lock: noLock }),
      { clock },
    );
    assertEquals(await again.read((tx) => listTexts(tx)), ["k=new"]);
    await again.close();
  });
});

onMachine("a database of another program is refused and left alone", async () => {
  await withFolder(async (path) => {
    const other = await Deno.openKv(path);
    await other.set(["users", 1], "someone");
    other.close();
    const options = { name: path, ownerId: owner(1), clock: new ManualClock(), lock: noLock };
    const error = await assertRejects(async () => KvBackend.open(await Deno.openKv(path), options), StoreError);
    assertEquals(error.code, "corrupt");
    const after = await Deno.openKv(path);
    let entries = 0;
    for await (const _ of after.list({ prefix: [] })) entries++;
    assertEquals(entries, 1);
    after.close();
  });
});

onMachine(
  "without a lock of the system, an owner that lives is not disturbed, and one that is silent is followed",
  async () => {
    await withFolder(async (path) => {
      const clock = new ManualClock();
      const [first, second, third, fourth] = await Promise.all([1, 2, 3, 4].map(() => PlayedKv.open(path)));
      const kvs = [first!, second!, third!, fourth!];
      const open = (id: number): Promise<KvBackend> =>
        KvBackend.open(kvs[id - 1]! as PlayedKv & Deno.Kv, { name: "server", ownerId: owner(id), clock });
      const owns = open(1);
      assertEquals(await drive(clock, kvs, owns), 0, "an unused database is taken at once");
      const refused = open(2);
      const waitedMs = await drive(clock, kvs, refused);
      const error = await assertRejects(() => refused, StoreError);
      assertEquals(error.facts, { code: "locked", path: "server", pid: Deno.pid });
      assert(waitedMs <= LEASE_BEAT_MS * 2, "that it lives is soon known");
      // Killed: its commits do not arrive any more.
      first!.answers = false;
      const follows = open(3);
      const followedMs = await drive(clock, kvs, follows);
      assert(followedMs >= LEASE_MS && followedMs < LEASE_MS + LEASE_BEAT_MS, `taken after ${followedMs} ms`);
      // It was not dead but slow: it learns that it is not the owner.
      first!.answers = true;
      const late = (await owns).lost;
      await drive(clock, kvs, late);
      await assertRejects(() => late, StoreError);
      await (await follows).close();
      const free = open(4);
      assertEquals(await drive(clock, kvs, free), 0, "a database that was closed is taken at once");
      await (await free).close();
      await (await owns).close();
      assertEquals(clock.pending, 0);
    });
  },
);

onMachine("a server that doesn't answer is waited for, and then the store fails", async () => {
  await withFolder(async (path) => {
    const clock = new ManualClock();
    const kv = await PlayedKv.open(path);
    const opening = KvBackend.open(kv, { name: "server", ownerId: owner(1), clock });
    await drive(clock, [kv], opening);
    const opened = openStore(await opening, { clock });
    await drive(clock, [kv], opened);
    const store = await opened;
    kv.answers = false;
    const { durable } = await store.transact((tx) => tx.set(utf8("k"), utf8("v")));
    const waitedMs = await drive(clock, [kv], durable);
    const error = await assertRejects(() => durable, StoreError, "did not answer");
    assertEquals(error.code, "failed");
    assert(waitedMs >= REMOTE_PATIENCE_MS && waitedMs < REMOTE_PATIENCE_MS + 1_000, `gave up after ${waitedMs} ms`);
    await assertRejects(() => store.close(), StoreError);
    assertEquals(clock.pending, 0);
  });
});
