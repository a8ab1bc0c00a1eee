/**
 * Deno KV as a backend, a file or a server (KV Connect). What was found of Deno 2.9.6:
 *
 * - The file is SQLite in WAL mode, synchronous FULL: it calls fsync for each commit, so that a commit that resolved
 *   survives a power cut, not only a killed process.
 * - `getMany` takes ten keys and costs as much as `get`: reads of the same turn of the event loop go together.
 * - The client of a server tries again by itself, for ever, also a commit whose answer got lost: so a commit that was
 *   refused may be one that was made. The owner's record tells.
 */
import type { Bytes } from "../../core/bytes.ts";
import { type Clock, sleep } from "../platform/platform.ts";
import type { Backend, Operation } from "./backend.ts";
import { StoreError } from "./error.ts";
import { metaKey } from "./keys.ts";
import { KV_GET_KEYS_MAX, LEASE_BEAT_MS, LEASE_MS, REMOTE_PATIENCE_MS } from "./limits.ts";
import { type Lock, locked } from "./lock.ts";
import { decodeOwner, encodeOwner, isSameCommit, type Owner } from "./owner.ts";
import type { Entry } from "./store.ts";

const OWNER = metaKey("owner");

export type KvBackendOptions = {
  /** For error texts: path or URL without secrets. */
  readonly name: string;
  /** 16 fresh random bytes. */
  readonly ownerId: Bytes;
  readonly clock: Clock;
  /**
   * Keeps others away from a file, until it is closed. A server has none: there the owner must be heard of now and
   * then.
   */
  readonly lock?: Lock;
};

type Get = {
  readonly key: Bytes;
  readonly resolve: (value: Bytes | undefined) => void;
  readonly reject: (error: unknown) => void;
};

export class KvBackend implements Backend {
  readonly lost: Promise<never>;
  readonly #rejectLost: (error: unknown) => void;
  readonly #kv: Deno.Kv;
  readonly #options: KvBackendOptions;
  readonly #stopped = new AbortController();
  /** The last commit, made or under way: the next goes on top of it. */
  #turn: Promise<unknown> = Promise.resolve();
  #owner: Owner;
  #versionstamp: string;
  #gets: Get[] = [];
  #beats = 0;

  private constructor(kv: Deno.Kv, options: KvBackendOptions, owner: Owner, versionstamp: string) {
    const { promise, reject } = Promise.withResolvers<never>();
    promise.catch(() => {});
    this.lost = promise;
    this.#rejectLost = reject;
    this.#kv = kv;
    this.#options = options;
    this.#owner = owner;
    this.#versionstamp = versionstamp;
    if (options.lock === undefined) this.#beat();
  }

  /** Takes the database; `kv` and the lock in any case. @throws {StoreError} `locked` · `corrupt` */
  static async open(kv: Deno.Kv, options: KvBackendOptions): Promise<KvBackend> {
    try {
      const owner: Owner = { id: options.ownerId, pid: Deno.pid, sequence: 0, released: false };
      const found = await waitUntilFree(kv, options);
      const taken = await within(
        options,
        kv.atomic().check({ key: [OWNER], versionstamp: found }).set([OWNER], encodeOwner(owner)).commit(),
      );
      // Lost to another opener, or ours and the answer got lost: then the record is ours.
      if (taken.ok) return new KvBackend(kv, options, owner, taken.versionstamp);
      const now = await within(options, kv.get([OWNER]));
      const holder = decodeOwner(now.value);
      if (!isSameCommit(holder, owner)) throw locked(options.name, holder.pid);
      return new KvBackend(kv, options, owner, now.versionstamp!);
    } catch (thrown) {
      kv.close();
      options.lock?.release();
      throw thrown;
    }
  }

  get(key: Bytes): Promise<Bytes | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#gets.push({ key, resolve, reject }) === 1) queueMicrotask(() => this.#sendGets());
    });
  }

  async list(
    { start, end, limit, reverse }: { start: Bytes; end: Bytes; limit: number; reverse: boolean },
  ): Promise<Entry[]> {
    const entries: Entry[] = [];
    const read = async (): Promise<void> => {
      for await (const entry of this.#kv.list({ start: [start], end: [end] }, { limit, batchSize: limit, reverse })) {
        entries.push({ key: keyOf(entry.key), value: valueOf(entry.value) });
      }
    };
    await within(this.#options, read());
    return entries;
  }

  commit(operations: readonly Operation[]): Promise<void> {
    return this.#inTurn(() => this.#commit(operations, false));
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    try {
      await this.#turn.catch(() => {}); // Whoever made that commit knows.
      // So that the next to open needs not wait; if it can't be said now, it waits.
      if (this.#options.lock === undefined) await this.#inTurn(() => this.#commit([], true)).catch(() => {});
    } finally {
      this.#kv.close();
      this.#options.lock?.release();
    }
  }

  #sendGets(): void {
    const gets = this.#gets;
    this.#gets = [];
    for (let i = 0; i < gets.length; i += KV_GET_KEYS_MAX) void this.#sendSome(gets.slice(i, i + KV_GET_KEYS_MAX));
  }

  async #sendSome(gets: readonly Get[]): Promise<void> {
    try {
      const found = await within(this.#options, this.#kv.getMany(gets.map(({ key }) => [key])));
      gets.forEach(({ resolve }, i) => {
        const entry = found[i]!;
        resolve(entry.versionstamp === null ? undefined : valueOf(entry.value));
      });
    } catch (thrown) {
      for (const { reject } of gets) reject(thrown);
    }
  }

  #inTurn<T>(commit: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(commit);
    this.#turn = turn;
    return turn;
  }

  async #commit(operations: readonly Operation[], released: boolean): Promise<void> {
    const owner = { ...this.#owner, sequence: this.#owner.sequence + 1, released };
    const atomic = this.#kv.atomic().check({ key: [OWNER], versionstamp: this.#versionstamp });
    for (const { key, value } of operations) {
      if (value === null) atomic.delete([key]);
      else atomic.set([key], value);
    }
    const made = await within(this.#options, atomic.set([OWNER], encodeOwner(owner)).commit());
    if (made.ok) this.#versionstamp = made.versionstamp;
    else {
      const now = await within(this.#options, this.#kv.get([OWNER]));
      const holder = decodeOwner(now.value);
      if (!isSameCommit(holder, owner)) throw locked(this.#options.name, holder.pid);
      this.#versionstamp = now.versionstamp!;
    }
    this.#owner = owner;
    this.#beats++;
  }

  /** Keeps the owner's record moving while the store has nothing to write. */
  async #beat(): Promise<void> {
    const { signal } = this.#stopped;
    try {
      while (!signal.aborted) {
        const before = this.#beats;
        await sleep(this.#options.clock, LEASE_BEAT_MS, signal);
        if (this.#beats === before) await this.#inTurn(() => this.#commit([], false));
      }
    } catch (thrown) {
      if (!signal.aborted) this.#rejectLost(thrown);
    }
  }
}

/**
 * Resolves to the owner record's versionstamp when nobody uses the database. @throws {StoreError} `locked` · `corrupt`
 */
async function waitUntilFree(kv: Deno.Kv, options: KvBackendOptions): Promise<string | null> {
  const { clock, name, lock } = options;
  const found = await within(options, kv.get([OWNER]));
  if (found.versionstamp === null) {
    if (await within(options, isEmpty(kv))) return null;
    throw new StoreError({ code: "corrupt" }, `The database ${name} is another program's. Give another one.`);
  }
  const holder = decodeOwner(found.value);
  if (lock !== undefined || holder.released) return found.versionstamp;
  // Killed or alive? One that lives is heard of: its record changes.
  for (let waitedMs = 0; waitedMs < LEASE_MS; waitedMs += LEASE_BEAT_MS / 5) {
    await sleep(clock, LEASE_BEAT_MS / 5);
    const now = await within(options, kv.get([OWNER]));
    const holderNow = decodeOwner(now.value);
    if (now.versionstamp === found.versionstamp) continue;
    if (holderNow.released) return now.versionstamp;
    throw locked(name, holderNow.pid);
  }
  return found.versionstamp;
}

async function isEmpty(kv: Deno.Kv): Promise<boolean> {
  for await (const _ of kv.list({ prefix: [] }, { limit: 1 })) return false;
  return true;
}

/** A server may be out of reach for a while, but not for ever: the client of Deno KV would wait without an end. */
async function within<T>({ clock, name, lock }: KvBackendOptions, work: Promise<T>): Promise<T> {
  if (lock !== undefined) return await work;
  const done = new AbortController();
  const late = sleep(clock, REMOTE_PATIENCE_MS, done.signal).then(
    () => {
      throw new StoreError(
        { code: "failed" },
        `The database server ${name} did not answer in ${REMOTE_PATIENCE_MS} ms.`,
      );
    },
    () => new Promise<never>(() => {}), // The work was done first.
  );
  try {
    return await Promise.race([work, late]);
  } finally {
    done.abort();
  }
}

function keyOf(key: Deno.KvKey): Bytes {
  const [part] = key;
  if (key.length !== 1 || !(part instanceof Uint8Array)) throw foreign();
  return part as Bytes;
}

function valueOf(value: unknown): Bytes {
  if (!(value instanceof Uint8Array)) throw foreign();
  return value as Bytes;
}

function foreign(): StoreError {
  return new StoreError({ code: "corrupt" }, "The database holds an entry of another program. Restore a backup.");
}
