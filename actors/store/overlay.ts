/**
 * What the backend doesn't say: commits that are not on disk yet, and old values that an open snapshot may still read.
 *
 * Versions count commits. `flushed` of them are in the backend, `newest` are visible. A snapshot sees the world at its
 * version: for each key the newest value at or below it, where this overlay has one; otherwise the key's `base`, if
 * known; otherwise what the backend holds. That is right as long as a key that is about to be written to the backend
 * has its base here first, if a snapshot is open that is older than the write: the flusher asks `missingBases` and
 * calls `keepBase`.
 *
 * A commit is forgotten when every open snapshot was opened after it was flushed (`floor`). It is not enough that they
 * are newer: one that began a read of the backend before the flush would get the old value and find nothing here that
 * corrects it.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { ENTRY_OVERHEAD_BYTES } from "./limits.ts";
import { lowerBound, SortedMap } from "./sorted_map.ts";

/** A value, null for a deleted or absent key, undefined for: ask the backend. */
export type Known = Bytes | null | undefined;

export type Snapshot = {
  readonly version: number;
  /** How many commits were flushed when it was opened. */
  readonly floor: number;
  /** Given up, because it kept too much: its reads would be wrong. */
  expired: boolean;
};

export type Commit = {
  readonly version: number;
  /** Sorted. */
  readonly keys: readonly string[];
  /** Of each key; null where it was deleted. */
  readonly values: readonly (Bytes | null)[];
  readonly bytes: number;
  readonly ofStrangers: boolean;
};

/** start ≤ key < end; `end` undefined for all after start. */
export type Interval = { start: string; end: string | undefined };

type Version = { readonly version: number; readonly value: Bytes | null };
// Versions ascending, never empty.
type Record = { readonly versions: Version[]; base: Known };

export class Overlay {
  readonly #records = new SortedMap<Record>();
  /** Commits that are not forgotten, their versions without a gap. */
  readonly #commits: Commit[] = [];
  readonly #snapshots = new Set<Snapshot>();
  readonly #forgotten: (key: string, value: Bytes | null) => void;
  #newest = 0;
  #flushed = 0;
  #unflushedBytes = 0;
  #strangersBytes = 0;
  #keptBytes = 0;

  /** `forgotten` is told what the backend holds for a key about which this overlay has nothing more to say. */
  constructor(forgotten: (key: string, value: Bytes | null) => void) {
    this.#forgotten = forgotten;
  }

  get newest(): number {
    return this.#newest;
  }

  get flushed(): number {
    return this.#flushed;
  }

  get unflushedBytes(): number {
    return this.#unflushedBytes;
  }

  /** Of the unflushed ones, those of strangers' commits. */
  get strangersBytes(): number {
    return this.#strangersBytes;
  }

  /** Bytes that are on disk and only kept for old snapshots. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  open(): Snapshot {
    const snapshot = { version: this.#newest, floor: this.#flushed, expired: false };
    this.#snapshots.add(snapshot);
    return snapshot;
  }

  release(snapshot: Snapshot): void {
    if (this.#snapshots.delete(snapshot)) this.#forget();
  }

  /** Gives up the oldest snapshot; false when there is none. */
  expireOldest(): boolean {
    const [oldest] = this.#snapshots;
    if (oldest === undefined) return false;
    oldest.expired = true;
    this.release(oldest);
    return true;
  }

  lookup(key: string, version: number): Known {
    const record = this.#records.get(key);
    return record === undefined ? undefined : valueAt(record, version);
  }

  /** The next key (in the direction) of which the overlay knows something: least ≥ `from`, or greatest < `from`. */
  neighbour(from: string | undefined, reverse: boolean): string | undefined {
    return (reverse ? this.#records.before(from) : this.#records.atOrAfter(from ?? ""))?.[0];
  }

  /** Whether a commit after the snapshot wrote one of `points` or into one of `intervals`. */
  conflicts(snapshot: Snapshot, points: Iterable<string>, intervals: readonly Interval[]): boolean {
    assert(!snapshot.expired, "what came after an expired snapshot is forgotten");
    if (snapshot.version === this.#newest) return false;
    for (const key of points) {
      const newest = this.#records.get(key)?.versions.at(-1);
      if (newest !== undefined && newest.version > snapshot.version) return true;
    }
    if (intervals.length === 0) return false;
    for (let i = this.#commits.length - 1; i >= 0 && this.#commits[i]!.version > snapshot.version; i--) {
      const { keys } = this.#commits[i]!;
      for (const { start, end } of intervals) {
        const first = keys[lowerBound(keys, start)];
        if (first !== undefined && (end === undefined || first < end)) return true;
      }
    }
    return false;
  }

  /** Makes sorted writes visible as one commit. */
  append(sorted: Iterable<readonly [string, Bytes | null]>, ofStrangers = false): Commit {
    const version = ++this.#newest;
    const keys: string[] = [];
    const values: (Bytes | null)[] = [];
    let bytes = 0;
    for (const [key, value] of sorted) {
      keys.push(key);
      values.push(value);
      bytes += key.length + (value?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
      const record = this.#records.get(key);
      if (record === undefined) this.#records.set(key, { versions: [{ version, value }], base: undefined });
      else record.versions.push({ version, value });
    }
    const commit = { version, keys, values, bytes, ofStrangers };
    this.#commits.push(commit);
    this.#unflushedBytes += bytes;
    if (ofStrangers) this.#strangersBytes += bytes;
    return commit;
  }

  /** Commits that are not flushed, in order. */
  *unflushed(): Generator<Commit> {
    const from = this.#commits.length - (this.#newest - this.#flushed);
    for (let i = from; i < this.#commits.length; i++) yield this.#commits[i]!;
  }

  /** Whether a snapshot is open that doesn't see the commit. */
  hasSnapshotBefore(commit: Commit): boolean {
    const [oldest] = this.#snapshots;
    return oldest !== undefined && oldest.version < commit.version;
  }

  /**
   * Of the keys of a commit about to be flushed, those whose value in the backend an open snapshot could still need.
   */
  missingBases(commit: Commit): string[] {
    const [oldest] = this.#snapshots;
    if (oldest === undefined || oldest.version >= commit.version) return [];
    return commit.keys.filter((key) => valueAt(this.#records.get(key)!, oldest.version) === undefined);
  }

  /** Keeps what the backend holds for a key until the snapshots that may need it are gone. */
  keepBase(key: string, value: Bytes | null): void {
    const record = this.#records.get(key);
    assert(record !== undefined, "a key about to be flushed is in the overlay");
    // An older version that was forgotten meanwhile has become the base, and is the same.
    if (record.base !== undefined) return;
    record.base = value;
    this.#keptBytes += value?.length ?? 0;
  }

  /** All commits up to `version` are in the backend now. */
  markFlushed(version: number): void {
    assert(version > this.#flushed && version <= this.#newest, "commits are flushed in order");
    for (const commit of this.unflushed()) {
      if (commit.version > version) break;
      this.#unflushedBytes -= commit.bytes;
      if (commit.ofStrangers) this.#strangersBytes -= commit.bytes;
      this.#keptBytes += commit.bytes;
    }
    this.#flushed = version;
    this.#forget();
  }

  #forget(): void {
    const [oldest] = this.#snapshots;
    const floor = oldest?.floor ?? this.#flushed;
    let count = 0;
    for (; count < this.#commits.length && this.#commits[count]!.version <= floor; count++) {
      const commit = this.#commits[count]!;
      this.#keptBytes -= commit.bytes;
      for (const key of commit.keys) this.#drop(key, commit.version);
    }
    if (count > 0) this.#commits.splice(0, count);
  }

  #drop(key: string, version: number): void {
    const record = this.#records.get(key);
    assert(record !== undefined && record.versions[0]!.version === version, "commits are forgotten in order");
    const { value } = record.versions.shift()!;
    this.#keptBytes -= record.base?.length ?? 0;
    if (record.versions.length === 0) {
      this.#records.delete(key);
      this.#forgotten(key, value);
      return;
    }
    // It may be gone from the backend already: a later write of the key may be under way.
    record.base = value;
    this.#keptBytes += value?.length ?? 0;
  }
}

/** What a record says about `version`. */
function valueAt(record: Record, version: number): Known {
  for (let i = record.versions.length - 1; i >= 0; i--) {
    const at = record.versions[i]!;
    if (at.version <= version) return at.value;
  }
  return record.base;
}
