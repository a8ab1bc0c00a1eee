/**
 * One run of a transaction's body: snapshot reads that are remembered, and writes that are kept until it commits. What
 * was read is remembered as precisely as the body could know it: a range read that stopped at an entry knows nothing of
 * what is after.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Cursor, type Found } from "./cursor.ts";
import { StoreError } from "./error.ts";
import { fromBinary, prefixEnd, successor, toBinary } from "./keys.ts";
import { COMMIT_BYTES_MAX, ENTRY_OVERHEAD_BYTES, KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.ts";
import type { Interval, Snapshot } from "./overlay.ts";
import type { Reader } from "./reader.ts";
import { Level } from "./savepoint.ts";
import { SortedMap } from "./sorted_map.ts";
import { type Entry, isRollback, type RangeOptions, type ReadTx, type Rollback, type StoreTx } from "./store.ts";

const NOTHING: readonly never[] = [];

/** What the views of one run share. */
export class Run {
  readonly snapshot: Snapshot;
  readonly reader: Reader;
  readonly writes = new SortedMap<Bytes | null>();
  // Made when needed: most transactions are small, and there are many.
  #points: Set<string> | undefined;
  #intervals: Interval[] | undefined;
  #effects: (() => void)[] | undefined;
  /** False for a run that only reads: nothing is checked at its end, so nothing is remembered. */
  readonly remembers: boolean;
  #bytes = 0;
  /** The innermost; undefined when the body has returned. */
  #level: Level | undefined = new Level(undefined, 0);

  constructor(snapshot: Snapshot, reader: Reader, remembers: boolean) {
    this.snapshot = snapshot;
    this.reader = reader;
    this.remembers = remembers;
  }

  /** Keys that were read from the snapshot. */
  get points(): Iterable<string> {
    return this.#points ?? NOTHING;
  }

  /** Ranges that were read from the snapshot. */
  get intervals(): readonly Interval[] {
    return this.#intervals ?? NOTHING;
  }

  get effects(): readonly (() => void)[] {
    return this.#effects ?? NOTHING;
  }

  readPoint(key: string): void {
    if (this.remembers) (this.#points ??= new Set()).add(key);
  }

  /** The interval may grow as long as the run goes on. */
  readInterval(interval: Interval): void {
    if (this.remembers) (this.#intervals ??= []).push(interval);
  }

  /** The innermost level, for its views. */
  get level(): Level {
    assert(this.#level !== undefined, "a transaction is not used after its body returned");
    return this.#level;
  }

  addEffect(effect: () => void): void {
    (this.#effects ??= []).push(effect);
  }

  /** @throws {AssertionError} when a savepoint is open: nobody knows what of it is meant to stay */
  end(): void {
    const level = this.#level;
    this.#level = undefined;
    assert(level?.outer === undefined, "a body awaits its savepoints");
  }

  /** Only the innermost level is used. */
  checkOpen(level: Level): void {
    if (this.#level === level) return;
    for (let open = this.#level?.outer; open !== undefined; open = open.outer) {
      assert(open !== level, "while the body of a savepoint runs, only the savepoint's own transaction is used");
    }
    assert(false, "a transaction is not used after its body returned");
  }

  /** @throws {StoreError} `too_large` */
  write(key: string, value: Bytes | null): void {
    checkSize("A key", key.length, KEY_BYTES_MAX);
    checkSize("A value", value?.length ?? 0, VALUE_BYTES_MAX);
    const old = this.writes.get(key);
    const bytes = this.#bytes - writtenBytes(key, old) + writtenBytes(key, value);
    checkSize("A commit", bytes, COMMIT_BYTES_MAX);
    this.#bytes = bytes;
    this.level.remember(key, old);
    this.writes.set(key, value);
  }

  openSavepoint(): Level {
    return this.#level = new Level(this.level, this.#effects?.length ?? 0);
  }

  /** Ends the innermost savepoint; a run that is over already has nothing to end. */
  closeSavepoint(savepoint: Level, keep: boolean): void {
    if (this.#level === undefined) return;
    assert(this.#level === savepoint && savepoint.outer !== undefined, "savepoints end from the inside out");
    this.#level = savepoint.outer;
    if (keep) return savepoint.keep();
    for (const [key, old] of savepoint.overwritten) {
      this.#bytes += writtenBytes(key, old) - writtenBytes(key, this.writes.get(key));
      if (old === undefined) this.writes.delete(key);
      else this.writes.set(key, old);
    }
    this.#effects?.splice(savepoint.effects);
  }
}

function writtenBytes(key: string, value: Bytes | null | undefined): number {
  return value === undefined ? 0 : key.length + (value?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
}

/** The view of a run's keys under `prefix`. Also given out as a `ReadTx`, where nobody can write. */
export class TransactionView implements StoreTx {
  readonly #run: Run;
  readonly #level: Level;
  readonly #prefix: string;

  constructor(run: Run, level: Level, prefix: string) {
    this.#run = run;
    this.#level = level;
    this.#prefix = prefix;
  }

  async get(key: Uint8Array): Promise<Bytes | undefined> {
    this.#run.checkOpen(this.#level);
    const full = this.#prefix + toBinary(key);
    checkSize("A key", full.length, KEY_BYTES_MAX);
    let value = this.#run.writes.get(full);
    if (value === undefined) {
      this.#run.readPoint(full);
      value = await this.#run.reader.get(this.#run.snapshot, full);
    }
    return value?.slice();
  }

  async *range(options: RangeOptions = {}): AsyncGenerator<Entry> {
    const { reverse = false, limit = Infinity } = options;
    if (limit < 0 || (limit !== Infinity && !Number.isSafeInteger(limit))) {
      throw new RangeError(`The limit of a range read must be a number of entries, not ${limit}.`);
    }
    const scan = this.#scan(options, reverse, limit, true);
    for (let found = scan.next();; found = scan.next()) {
      const entry = found instanceof Promise ? await found : found;
      if (entry === undefined) return;
      yield { key: fromBinary(entry[0], this.#prefix.length), value: entry[1].slice() };
    }
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#run.checkOpen(this.#level);
    this.#run.write(this.#prefix + toBinary(key), value.slice() as Bytes);
  }

  delete(key: Uint8Array): void {
    this.#run.checkOpen(this.#level);
    this.#run.write(this.#prefix + toBinary(key), null);
  }

  async deleteAll(prefix: Uint8Array): Promise<void> {
    const scan = this.#scan({ prefix }, false, Infinity, false);
    for (let found = scan.next();; found = scan.next()) {
      const entry = found instanceof Promise ? await found : found;
      if (entry === undefined) return;
      this.#run.write(entry[0], null);
    }
  }

  view(prefix: Uint8Array): TransactionView {
    return new TransactionView(this.#run, this.#level, this.#prefix + toBinary(prefix));
  }

  onCommit(effect: () => void): void {
    this.#run.checkOpen(this.#level);
    this.#run.addEffect(effect);
  }

  async savepoint<T>(body: (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>): Promise<T> {
    const run = this.#run;
    run.checkOpen(this.#level);
    const savepoint = run.openSavepoint();
    let keep = false;
    try {
      const result = await body(new TransactionView(run, savepoint, this.#prefix));
      run.checkOpen(savepoint);
      if (isRollback(result)) return result.value;
      keep = true;
      return result;
    } finally {
      run.closeSavepoint(savepoint, keep);
    }
  }

  #bounds({ prefix, start, end }: RangeOptions): Interval {
    const begin = prefix === undefined ? this.#prefix : this.#prefix + toBinary(prefix);
    const bounds: Interval = { start: begin, end: prefixEnd(begin) };
    if (start !== undefined) {
      const from = this.#prefix + toBinary(start);
      if (from > bounds.start) bounds.start = from;
    }
    if (end !== undefined) {
      const to = this.#prefix + toBinary(end);
      if (bounds.end === undefined || to < bounds.end) bounds.end = to;
    }
    // One more than a key's: the successor of the longest key is a bound.
    checkSize("A bound of a range", Math.max(bounds.start.length, bounds.end?.length ?? 0), KEY_BYTES_MAX + 1);
    return bounds;
  }

  /** A range read that remembers what it saw, of at most `limit` entries. */
  #scan(options: RangeOptions, reverse: boolean, limit: number, values: boolean): { next(): Found | Promise<Found> } {
    const run = this.#run;
    const level = this.#level;
    run.checkOpen(level);
    const { start, end } = this.#bounds(options);
    const cursor = new Cursor(run.reader, run.snapshot, run.writes, { start, end, reverse, limit, values });
    let seen: Interval | undefined;
    const see = (entry: Found): Found => {
      run.checkOpen(level);
      const interval = entry === undefined
        ? { start, end }
        : reverse
        ? { start: entry[0], end }
        : { start, end: successor(entry[0]) };
      if (seen === undefined) run.readInterval(seen = interval);
      else Object.assign(seen, interval);
      return entry;
    };
    let left = limit;
    return {
      next: () => {
        run.checkOpen(level);
        if (left === 0) return undefined;
        left--;
        const found = cursor.next();
        return found instanceof Promise ? found.then(see) : see(found);
      },
    };
  }
}

/** A transaction that only reads, whatever its body does to the types. */
export class ReadView implements ReadTx {
  readonly #view: TransactionView;

  constructor(view: TransactionView) {
    this.#view = view;
  }

  get(key: Uint8Array): Promise<Bytes | undefined> {
    return this.#view.get(key);
  }

  range(options?: RangeOptions): AsyncIterable<Entry> {
    return this.#view.range(options);
  }

  view(prefix: Uint8Array): ReadTx {
    return new ReadView(this.#view.view(prefix));
  }
}

function checkSize(what: string, bytes: number, bytesMax: number): void {
  if (bytes > bytesMax) {
    throw new StoreError(
      { code: "too_large", bytes, bytesMax },
      `${what} of ${bytes} bytes is over ${bytesMax} bytes.`,
    );
  }
}
