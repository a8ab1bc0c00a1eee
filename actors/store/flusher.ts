/**
 * Brings commits to the backend in groups: a commit joins the last group if it fits there within one commit of the
 * backend, and begins a new one otherwise. While one group is being written the next gathers, so that the more writers
 * there are the larger the groups become. Of a key that several commits of a group wrote, only the last value is
 * written.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Budget } from "./backend.ts";
import type { Cache } from "./cache.ts";
import { StoreError } from "./error.ts";
import { BASES_BYTES_MAX } from "./limits.ts";
import type { Commit, Overlay } from "./overlay.ts";
import { type Pieces, takeFrom, TORN } from "./pieces.ts";
import type { Watcher } from "./watchers.ts";

/** Commits that become durable together. */
class Group {
  readonly commits: Commit[] = [];
  readonly watchers: Watcher[] = [];
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
  readonly #budget = new Budget();
  #full = false;

  constructor() {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // Commits that nobody awaits may fail too; whoever awaits one still gets the error.
    promise.catch(() => {});
    this.durable = promise;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Takes a commit in; false when there is no room. One that is too large for any group has one of its own. */
  take(commit: Commit): boolean {
    if (this.#full) return false;
    const fits = takeFrom(this.#budget, commit.keys, commit.values);
    if (!fits) this.#full = true;
    if (!fits && this.commits.length > 0) return false;
    this.commits.push(commit);
    return true;
  }
}

export class Flusher {
  readonly #overlay: Overlay;
  readonly #cache: Cache;
  readonly #pieces: Pieces;
  readonly #fail: (cause: unknown) => StoreError;
  readonly #trim: () => void;
  /** In order; the first may be under way. */
  readonly #groups: Group[] = [];
  #running: Promise<void> | undefined;
  #underWay = false;
  #failed = false;

  /**
   * @param fail makes the store failed, and says with what
   * @param trim gives up old snapshots while too much is kept for them
   */
  constructor(
    overlay: Overlay,
    cache: Cache,
    pieces: Pieces,
    { fail, trim }: { readonly fail: (cause: unknown) => StoreError; readonly trim: () => void },
  ) {
    this.#overlay = overlay;
    this.#cache = cache;
    this.#pieces = pieces;
    this.#fail = fail;
    this.#trim = trim;
  }

  /** Sees to it that the commit that was just appended is flushed, and wakes `watchers` then. */
  enqueue(commit: Commit, watchers: readonly Watcher[]): void {
    const isOpen = this.#groups.length > (this.#underWay ? 1 : 0);
    let group = isOpen ? this.#groups.at(-1)! : undefined;
    if (group === undefined || !group.take(commit)) {
      group = new Group();
      assert(group.take(commit), "an empty group takes any commit");
      this.#groups.push(group);
    }
    for (const watcher of watchers) group.watchers.push(watcher);
    this.#running ??= this.#run();
  }

  /** Resolves when the commit and all before it are on disk. */
  durable(version: number): Promise<void> {
    if (version <= this.#overlay.flushed) return Promise.resolve();
    // Most ask for the newest.
    const group = this.#groups.findLast(({ commits }) => commits[0]!.version <= version);
    assert(group !== undefined, "a commit that is not flushed is in a group");
    return group.durable;
  }

  /** Resolves when something more is on disk, or nothing will be. */
  progress(): Promise<void> {
    return this.durable(this.#overlay.flushed + 1).catch(() => {});
  }

  /** Resolves when nothing is being written any more. */
  async idle(): Promise<void> {
    await this.#running;
  }

  /** Nothing more will become durable. */
  abandon(error: StoreError): void {
    this.#failed = true;
    for (const { reject, watchers } of this.#groups) {
      reject(error);
      for (const { fail } of watchers) fail(error);
    }
  }

  async #run(): Promise<void> {
    try {
      // Commits of the same turn of the event loop belong to the first group.
      await undefined;
      for (let group = this.#groups[0]; group !== undefined && !this.#failed; group = this.#groups[0]) {
        this.#underWay = true;
        await this.#flush(group);
        this.#underWay = false;
      }
    } catch (thrown) {
      this.#fail(thrown);
    } finally {
      this.#running = undefined;
    }
  }

  async #flush(group: Group): Promise<void> {
    const writes = new Map<string, Bytes | null>();
    for (const { keys, values } of group.commits) keys.forEach((key, i) => writes.set(key, values[i]!));
    await this.#keepBases(group.commits);
    await this.#pieces.write(writes);
    // Told that it failed while it went on: what was said stands.
    if (this.#failed) return;
    this.#groups.shift();
    this.#overlay.markFlushed(group.commits.at(-1)!.version);
    group.resolve();
    for (const { wake } of group.watchers) wake();
  }

  /**
   * Keeps what older snapshots may still read before it is overwritten, a bounded part at a time; when that becomes too
   * much, the oldest snapshots are given up. Those opened from now on see the group already.
   */
  async #keepBases(commits: readonly Commit[]): Promise<void> {
    for (const commit of commits) {
      let batch: string[] = [];
      let bytes = 0;
      const missing = this.#overlay.missingBases(commit);
      for (const [i, key] of missing.entries()) {
        batch.push(key);
        bytes += this.#pieces.bytesMaxOf(key);
        if (bytes < BASES_BYTES_MAX && i + 1 < missing.length) continue;
        if (!this.#overlay.hasSnapshotBefore(commit)) break;
        await Promise.all(batch.map((key) => this.#keepBase(key)));
        this.#trim();
        batch = [];
        bytes = 0;
      }
    }
  }

  async #keepBase(key: string): Promise<void> {
    const cached = this.#cache.get(key);
    // a copy: with the cache's own, others that it has thrown out would be kept
    const value = cached === undefined ? await this.#pieces.get(key) : cached && cached.slice();
    // Nothing else writes now: chunks that are missing are lost.
    if (value === TORN) throw new StoreError({ code: "corrupt" }, "A large value of the database has lost chunks.");
    this.#overlay.keepBase(key, value);
  }
}
