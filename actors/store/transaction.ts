/**
 * One run of a transaction's body: snapshot reads that are remembered, and writes that are kept until it commits. What was read is
 * remembered as precisely as the body could know it: a range read that stopped at an entry knows nothing of what is after.
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import { StoreError } from "./error.ts";
import { fromBinary, prefixEnd, successor, toBinary } from "./keys.ts";
import { COMMIT_BYTES_MAX, ENTRY_OVERHEAD_BYTES, KEY_BYTES_MAX, VALUE_BYTES_MAX } from "./limits.ts";
import type { Interval, Snapshot } from "./overlay.ts";
import type { Reader } from "./reader.ts";
import { SortedMap } from "./sorted_map.ts";
import type { Entry, RangeOptions, ReadTx, StoreTx } from "./store.ts";

/** What the views of one run share. */
export class Run {
  readonly snapshot: Snapshot;
  readonly reader: Reader;
  readonly writes = new SortedMap<Bytes | null>();
  /** Keys that were read, and found in the snapshot. */
  readonly points = new Set<string>();
  readonly intervals: Interval[] = [];
  readonly effects: (() => void)[] = [];
  /** False for a run that only reads: nothing is checked at its end, so nothing is remembered. */
  readonly remembers: boolean;
  #bytes = 0;
  #ended = false;

  constructor(snapshot: Snapshot, reader: Reader, remembers: boolean) {
    this.snapshot = snapshot;
    this.reader = reader;
    this.remembers = remembers;
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
      if (this.#run.remembers) this.#run.points.add(full);
      value = await this.#run.reader.get(this.#run.snapshot, full);
    }
    return value?.slice();
  }

  async *range(options: RangeOptions = {}): AsyncGenerator<Entry> {
    const bounds = this.#bounds(options);
    const { reverse = false, limit = Infinity } = options;
    if (!(limit >= 0)) throw new RangeError("The limit of a range read must not be negative.");
    for await (const [key, value] of this.#scan(bounds, reverse, limit, true)) {
      yield { key: fromBinary(key, this.#prefix.length), value: value.slice() };
    }
  }

  set(key: Uint8Array, value: Uint8Array): void {
    this.#run.write(this.#prefix + toBinary(key), value.slice() as Bytes);
  }

  delete(key: Uint8Array): void {
    this.#run.write(this.#prefix + toBinary(key), null);
  }

  async deleteAll(prefix: Uint8Array): Promise<void> {
    for await (const [key] of this.#scan(this.#bounds({ prefix }), false, Infinity, false)) this.#run.write(key, null);
  }

  view(prefix: Uint8Array): TransactionView {
    return new TransactionView(this.#run, this.#prefix + toBinary(prefix));
  }

  onCommit(effect: () => void): void {
    this.#run.checkOpen();
    this.#run.effects.push(effect);
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

  async *#scan(bounds: Interval, reverse: boolean, limit: number, values: boolean): AsyncGenerator<[string, Bytes]> {
    const run = this.#run;
    run.checkOpen();
    if (limit < 1) return;
    const { start, end } = bounds;
    let seen: Interval | undefined;
    const see = (from: string, to: string | undefined): void => {
      if (!run.remembers) return;
      if (seen === undefined) run.intervals.push(seen = { start: from, end: to });
      else Object.assign(seen, { start: from, end: to });
    };
    let count = 0;
    for await (const entry of run.reader.scan(run.snapshot, { start, end, reverse, limit, own: run.writes, values })) {
      run.checkOpen();
      if (reverse) see(entry[0], end);
      else see(start, successor(entry[0]));
      yield entry;
      if (++count >= limit) return;
    }
    run.checkOpen();
    see(start, end);
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
