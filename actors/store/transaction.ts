/**
 * One run of a transaction's body: snapshot reads that are remembered, and writes that are kept until it commits. What was read is
 * remembered as precisely as the body could know it: a range read that stopped at an entry knows nothing of what is after.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { Cursor, type Found } from "./cursor.ts";
import { StoreError } from "./error.ts";
import { fromBinary, prefixEnd, successor, toBinary } from "./keys.ts";
import { COMMIT_BYTES_MAX, ENTRY_OVERHEAD_BYTES, KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.ts";
import type { Interval, Snapshot } from "./overlay.ts";
import type { Reader } from "./reader.ts";
import { SortedMap } from "./sorted_map.ts";
import type { Entry, RangeOptions, ReadTx, StoreTx } from "./store.ts";

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
  #ended = false;

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

  addEffect(effect: () => void): void {
    this.checkOpen();
    (this.#effects ??= []).push(effect);
  }

  end(): void {
    this.#ended = true;
  }

  checkOpen(): void {
    assert(!this.#ended, "a transaction is not used after its body returned");
  }

  /** @throws {StoreError} `too_large` */
  write(key: string, value: Bytes | null): void {
    this.checkOpen();
    checkSize("A key", key.length, KEY_BYTES_MAX);
    checkSize("A value", value?.length ?? 0, VALUE_BYTES_MAX);
    const old = this.writes.get(key);
    const oldBytes = old === undefined ? 0 : key.length + (old?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
    const bytes = this.#bytes - oldBytes + key.length + (value?.length ?? 0) + ENTRY_OVERHEAD_BYTES;
    checkSize("A commit", bytes, COMMIT_BYTES_MAX);
    this.#bytes = bytes;
    this.writes.set(key, value);
  }
}

/** The view of a run's keys under `prefix`. Also given out as a `ReadTx`, where nobody can write. */
export class TransactionView implements StoreTx {
  readonly #run: Run;
  readonly #prefix: string;

  constructor(run: Run, prefix: string) {
    this.#run = run;
    this.#prefix = prefix;
  }

  async get(key: Uint8Array): Promise<Bytes | undefined> {
    this.#run.checkOpen();
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
    this.#run.write(this.#prefix + toBinary(key), value.slice() as Bytes);
  }

  delete(key: Uint8Array): void {
    this.#run.write(this.#prefix + toBinary(key), null);
  }

  async deleteAll(prefix: Uint8Array): Promise<void> {
    const scan = this.#scan({ prefix }, false, Infinity, false);
    for (let entry = await scan.next(); entry !== undefined; entry = await scan.next()) this.#run.write(entry[0], null);
  }

  view(prefix: Uint8Array): TransactionView {
    return new TransactionView(this.#run, this.#prefix + toBinary(prefix));
  }

  onCommit(effect: () => void): void {
    this.#run.addEffect(effect);
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
    run.checkOpen();
    const { start, end } = this.#bounds(options);
    const cursor = new Cursor(run.reader, run.snapshot, run.writes, { start, end, reverse, limit, values });
    let seen: Interval | undefined;
    const see = (entry: Found): Found => {
      run.checkOpen();
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
        run.checkOpen();
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
