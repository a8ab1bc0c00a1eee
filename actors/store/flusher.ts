/**
 * Brings commits to the backend: as many as fit in one of its commits, again and again. While one group is being written the next
 * gathers, so that the more writers there are the larger the groups become. Of a key that several commits of a group wrote, only
 * the last value is written.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Budget } from "./backend.ts";
import type { Cache } from "./cache.ts";
import { StoreError } from "./error.ts";
import { BATCH_ENTRIES_MAX } from "./limits.ts";
import type { Commit, Overlay } from "./overlay.ts";
import { costOf, type Pieces, TORN } from "./pieces.ts";
import type { Watcher } from "./watchers.ts";

/** Who waits for a commit to be on disk. */
type Waiting = {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
};

export class Flusher {
  readonly #overlay: Overlay;
  readonly #cache: Cache;
  readonly #pieces: Pieces;
  readonly #fail: (cause: unknown) => StoreError;
  readonly #waiting = new Map<number, Waiting>();
  readonly #watchers = new Map<number, readonly Watcher[]>();
  #running: Promise<void> | undefined;
  #failure: StoreError | undefined;

  /** `fail` makes the store failed, and says with what. */
  constructor(overlay: Overlay, cache: Cache, pieces: Pieces, fail: (cause: unknown) => StoreError) {
    this.#overlay = overlay;
    this.#cache = cache;
    this.#pieces = pieces;
    this.#fail = fail;
  }

  /** Sees to it that a commit that was just appended is flushed, and wakes `watchers` then. */
  enqueue(commit: Commit, watchers: readonly Watcher[]): void {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // A commit that nobody awaits may fail too; whoever awaits it still gets the error.
    promise.catch(() => {});
    this.#waiting.set(commit.version, { promise, resolve, reject });
    if (watchers.length > 0) this.#watchers.set(commit.version, watchers);
    this.#running ??= this.#run();
  }

  /** Resolves when the commit and all before it are on disk. */
  durable(version: number): Promise<void> {
    return this.#waiting.get(version)?.promise ?? Promise.resolve();
  }

  /** Resolves when something more is on disk, or nothing is being written any more. */
  progress(): Promise<void> {
    return this.durable(this.#overlay.flushed + 1).catch(() => {});
  }

  /** Resolves when nothing is being written any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Nothing more will become durable. */
  abandon(error: StoreError): void {
    this.#failure = error;
    for (const { reject } of this.#waiting.values()) reject(error);
    for (const watchers of this.#watchers.values()) for (const { fail } of watchers) fail(error);
    this.#watchers.clear();
  }

  async #run(): Promise<void> {
    try {
      // Commits of the same turn of the event loop belong to the first group.
      await undefined;
      while (this.#overlay.flushed < this.#overlay.newest && this.#failure === undefined) await this.#flushGroup();
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#running = undefined;
    }
  }

  async #flushGroup(): Promise<void> {
    const group = this.#takeGroup();
    const last = group.at(-1);
    assert(last !== undefined, "a group has at least one commit");
    const writes = new Map<string, Bytes | null>();
    for (const commit of group) {
      for (const [key, value] of commit.writes) writes.set(key, value);
    }
    await this.#keepBases(group);
    await this.#pieces.write(writes);
    if (this.#failure !== undefined) return;
    this.#overlay.markFlushed(last.version);
    for (const { version } of group) {
      this.#waiting.get(version)?.resolve();
      this.#waiting.delete(version);
      for (const { wake } of this.#watchers.get(version) ?? []) wake();
      this.#watchers.delete(version);
    }
  }

  #takeGroup(): Commit[] {
    const group: Commit[] = [];
    const budget = new Budget();
    for (const commit of this.#overlay.unflushed()) {
      let [mutations, keyBytes, valueBytes] = [0, 0, 0];
      for (const [key, value] of commit.writes) {
        const cost = costOf(key, value);
        mutations += cost.mutations;
        keyBytes += cost.keyBytes;
        valueBytes += cost.valueBytes;
      }
      const fits = budget.takeSize(mutations, keyBytes, valueBytes);
      // A commit that doesn't fit by itself goes alone.
      if (fits || group.length === 0) group.push(commit);
      if (!fits) break;
    }
    return group;
  }

  /** Keeps what older snapshots may still read before it is overwritten. Those opened from now on see the group already. */
  async #keepBases(group: readonly Commit[]): Promise<void> {
    const missing = [...new Set(group.flatMap((commit) => this.#overlay.missingBases(commit)))];
    for (let i = 0; i < missing.length; i += BATCH_ENTRIES_MAX) {
      await Promise.all(missing.slice(i, i + BATCH_ENTRIES_MAX).map((key) => this.#keepBase(key)));
    }
  }

  async #keepBase(key: string): Promise<void> {
    let value: Bytes | null | typeof TORN | undefined = this.#cache.get(key);
    if (value === undefined) value = await this.#pieces.get(key);
    // Nothing else writes now: chunks that are missing are lost.
    if (value === TORN) throw new StoreError({ code: "corrupt" }, "A large value of the database has lost chunks.");
    this.#overlay.keepBase(key, value);
  }
}
