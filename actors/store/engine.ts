/**
 * The store over any backend: many versions in memory (`overlay.ts`), one on disk (`pieces.ts`), optimistic
 * transactions between.
 *
 * A transaction commits in one synchronous step after its body returned: nothing that it read was written since (else
 * it runs again), its writes become visible, its commit is queued. Only the flusher writes to the backend, in the order
 * of the commits. When the backend fails, for a write or a read, the store has failed for good: the process has to
 * start again from what is on disk, as nobody can say what that is.
 */
import { assert } from "../../core/assert.ts";
import { errorText } from "../../core/result.ts";
import { toBinary } from "./keys.ts";
import { Admission } from "./admission.ts";
import { Cache } from "./cache.ts";
import { StoreError } from "./error.ts";
import { Flusher } from "./flusher.ts";
import {
  CACHE_BYTES_MAX,
  HISTORY_BYTES_MAX,
  STRANGERS_UNFLUSHED_BYTES_MAX,
  STRANGERS_WAITERS_MAX,
  STRANGERS_WRITERS_MAX,
  TRIES_MAX,
  TURN_MS,
  UNFLUSHED_BYTES_MAX,
  WAITERS_MAX,
} from "./limits.ts";
import { Overlay } from "./overlay.ts";
import type { Pieces } from "./pieces.ts";
import type { Clock } from "../platform/platform.ts";
import { Reader, SnapshotExpired } from "./reader.ts";
import {
  type Committed,
  isRollback,
  type ReadTx,
  type Rollback,
  type Store,
  type StoreTx,
  type StoreView,
  type TransactOptions,
} from "./store.ts";
import { ReadView, Run, TransactionView } from "./transaction.ts";
import { Turns } from "./turns.ts";
import { Watchers } from "./watchers.ts";

export type EngineOptions = {
  readonly clock: Clock;
  /** Bounds that tests make small. */
  readonly unflushedBytesMax?: number;
  readonly historyBytesMax?: number;
  readonly cacheBytesMax?: number;
  readonly waitersMax?: number;
  readonly strangersWaitersMax?: number;
  readonly strangersUnflushedBytesMax?: number;
  readonly strangersWritersMax?: number;
};

/** Where a view is, and whose transactions and waits it makes. */
type Under = { readonly prefix: string; readonly whose: "own" | "strangers" };

const CONFLICT: unique symbol = Symbol("conflict");
const NOT_ADMITTED: unique symbol = Symbol("not admitted");

type Body<T> = (tx: StoreTx) => Promise<T | Rollback<T>> | T | Rollback<T>;

export class Engine implements Store {
  readonly failed: Promise<never>;
  readonly #rejectFailed: (error: StoreError) => void;
  readonly #pieces: Pieces;
  readonly #overlay: Overlay;
  readonly #flusher: Flusher;
  readonly #reader: Reader;
  readonly #watchers: Watchers;
  readonly #admission: Admission;
  readonly #turns: Turns;
  readonly #unflushedBytesMax: number;
  readonly #historyBytesMax: number;
  readonly #reads = new Set<Promise<unknown>>();
  #failure: StoreError | undefined;
  #closing: Promise<void> | undefined;

  constructor(pieces: Pieces, options: EngineOptions) {
    const { promise, reject } = Promise.withResolvers<never>();
    // A process that doesn't listen still gets the error from whatever it does next.
    promise.catch(() => {});
    this.failed = promise;
    this.#rejectFailed = reject;
    this.#pieces = pieces;
    const cache = new Cache(options.cacheBytesMax ?? CACHE_BYTES_MAX);
    this.#overlay = new Overlay((key, value) => cache.set(key, value));
    this.#flusher = new Flusher(this.#overlay, cache, pieces, {
      fail: (cause) => this.#fail(cause),
      trim: () => this.#trim(),
    });
    this.#reader = new Reader(this.#overlay, cache, pieces, (read) => this.#guard(read));
    this.#watchers = new Watchers(
      options.waitersMax ?? WAITERS_MAX,
      options.strangersWaitersMax ?? STRANGERS_WAITERS_MAX,
    );
    this.#admission = new Admission({
      clock: options.clock,
      unflushedBytesMax: options.strangersUnflushedBytesMax ?? STRANGERS_UNFLUSHED_BYTES_MAX,
      writersMax: options.strangersWritersMax ?? STRANGERS_WRITERS_MAX,
      unflushedBytes: () => this.#overlay.strangersBytes,
      progress: () => this.#flusher.progress(),
    });
    this.#turns = new Turns(options.clock, TURN_MS);
    pieces.lost.catch((cause) => this.#fail(cause));
    this.#unflushedBytesMax = options.unflushedBytesMax ?? UNFLUSHED_BYTES_MAX;
    this.#historyBytesMax = options.historyBytesMax ?? HISTORY_BYTES_MAX;
  }

  transact<T>(body: Body<T>, options?: TransactOptions): Promise<Committed<T>> {
    return this.transactUnder({ prefix: "", whose: "own" }, body, options);
  }

  read<T>(body: (tx: ReadTx) => Promise<T> | T): Promise<T> {
    return this.readUnder("", body);
  }

  view(prefix: Uint8Array): StoreView {
    return new View(this, { prefix: toBinary(prefix), whose: "own" });
  }

  forStrangers(): StoreView {
    return new View(this, { prefix: "", whose: "strangers" });
  }

  changed(prefix: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.changedUnder({ prefix: "", whose: "own" }, prefix, signal);
  }

  async transactUnder<T>(under: Under, body: Body<T>, options: TransactOptions = {}): Promise<Committed<T>> {
    if (under.whose === "strangers") return await this.#transactOfStranger(under.prefix, body, options);
    const committed = await this.#transact(under.prefix, body, options);
    assert(committed !== NOT_ADMITTED, "own commits are always let in");
    return committed;
  }

  async #transactOfStranger<T>(prefix: string, body: Body<T>, options: TransactOptions): Promise<Committed<T>> {
    const admission = this.#admission;
    const committed = await this.#transact(prefix, body, options, () => admission.admits(false));
    if (committed !== NOT_ADMITTED) return committed;
    const endTurn = await admission.take();
    try {
      for (;;) {
        await admission.room(() => this.#failure !== undefined);
        const committed = await this.#transact(prefix, body, options, () => admission.admits(true));
        if (committed !== NOT_ADMITTED) return committed;
      }
    } finally {
      endTurn();
    }
  }

  /** @param admits makes it a stranger's: whether its commit is let in */
  async #transact<T>(
    prefix: string,
    body: Body<T>,
    { triesMax = TRIES_MAX, signal }: TransactOptions,
    admits?: () => boolean,
  ): Promise<Committed<T> | typeof NOT_ADMITTED> {
    for (let tries = 1; tries <= triesMax; tries++) {
      this.#checkUsable();
      while (this.#overlay.unflushedBytes > this.#unflushedBytesMax) {
        await this.#flusher.progress();
        this.#checkUsable();
      }
      const endTurn = tries === 1 ? undefined : await this.#turns.take();
      try {
        const committed = await this.#runOnce(prefix, body, signal, admits);
        if (committed !== CONFLICT) return committed;
      } finally {
        endTurn?.();
      }
    }
    throw new StoreError(
      { code: "conflict", tries: triesMax },
      `A transaction met a conflict each of ${triesMax} times. Nothing was written; it can be run again.`,
    );
  }

  async readUnder<T>(prefix: string, body: (tx: ReadTx) => Promise<T> | T): Promise<T> {
    for (let tries = 1; tries <= TRIES_MAX; tries++) {
      this.#checkUsable();
      const run = new Run(this.#overlay.open(), this.#reader, false);
      try {
        return await body(new ReadView(new TransactionView(run, run.level, prefix)));
      } catch (thrown) {
        if (!run.snapshot.expired || !(thrown instanceof SnapshotExpired)) throw thrown;
      } finally {
        run.end();
        this.#overlay.release(run.snapshot);
      }
    }
    throw new StoreError(
      { code: "conflict", tries: TRIES_MAX },
      "A long read was overtaken by too many writes each time. Read in smaller pieces.",
    );
  }

  changedUnder({ prefix: under, whose }: Under, prefix: Uint8Array, signal?: AbortSignal): Promise<void> {
    if (this.#failure !== undefined || this.#closing !== undefined) {
      return Promise.reject(this.#failure ?? closed());
    }
    return this.#watchers.wait(under + toBinary(prefix), signal, whose === "strangers");
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  /** One run of a body. */
  async #runOnce<T>(
    prefix: string,
    body: Body<T>,
    signal: AbortSignal | undefined,
    admits: (() => boolean) | undefined,
  ): Promise<Committed<T> | typeof CONFLICT | typeof NOT_ADMITTED> {
    signal?.throwIfAborted();
    const run = new Run(this.#overlay.open(), this.#reader, true);
    try {
      let result: T | Rollback<T>;
      try {
        result = await body(new TransactionView(run, run.level, prefix));
      } catch (thrown) {
        // What a body made of reads that could not be answered is not its own error.
        if (run.snapshot.expired) return CONFLICT;
        throw thrown;
      }
      run.end();
      if (isRollback(result)) return { value: result.value, durable: Promise.resolve() };
      if (run.snapshot.expired) return CONFLICT;
      this.#checkUsable();
      signal?.throwIfAborted();
      if (admits !== undefined && run.writes.size > 0 && !admits()) return NOT_ADMITTED;
      return this.#commit(run, result, admits !== undefined);
    } finally {
      run.end();
      this.#overlay.release(run.snapshot);
    }
  }

  /** Synchronous: nothing comes between the check and the commit. */
  #commit<T>(run: Run, value: T, ofStranger: boolean): Committed<T> | typeof CONFLICT {
    let version = run.snapshot.version;
    // Who wrote nothing stands at its snapshot, whatever came after. What it saw has to be durable too before it is
    // told.
    if (run.writes.size > 0) {
      if (this.#overlay.conflicts(run.snapshot, run.points, run.intervals)) return CONFLICT;
      version = this.#append(run.writes, ofStranger);
    }
    const durable = this.#flusher.durable(version);
    runEffects(run.effects);
    return { value, durable };
  }

  /** Makes writes visible and has them flushed: both, or the store has failed. @returns the commit's version */
  #append(writes: Run["writes"], ofStranger: boolean): number {
    try {
      const commit = this.#overlay.append(writes, ofStranger);
      this.#flusher.enqueue(commit, this.#watchers.take(commit.keys));
      this.#trim();
      return commit.version;
    } catch (thrown) {
      // Others may have seen what will never be written.
      throw this.#fail(thrown);
    }
  }

  #trim(): void {
    while (this.#overlay.keptBytes > this.#historyBytesMax && this.#overlay.expireOldest());
  }

  async #close(): Promise<void> {
    await this.#flusher.idle();
    this.#watchers.failAll(closed());
    await Promise.allSettled(this.#reads);
    try {
      await this.#pieces.close();
    } catch (thrown) {
      this.#fail(thrown);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #guard<T>(read: () => Promise<T>): Promise<T> {
    this.#checkUsable();
    const promise = read();
    this.#reads.add(promise);
    try {
      return await promise;
    } catch (thrown) {
      throw this.#fail(thrown);
    } finally {
      this.#reads.delete(promise);
    }
  }

  #checkUsable(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing !== undefined) throw closed();
  }

  #fail(cause: unknown): StoreError {
    if (this.#failure !== undefined) return this.#failure;
    const code = cause instanceof StoreError && cause.code === "corrupt" ? "corrupt" : "failed";
    const failure = new StoreError(
      { code },
      `The database failed, and with it the store: stop, see to the disk or server, and start again. ${
        errorText(cause)
      }`,
      { cause },
    );
    this.#failure = failure;
    this.#flusher.abandon(failure);
    this.#watchers.failAll(failure);
    this.#rejectFailed(failure);
    return failure;
  }
}

class View implements StoreView {
  readonly #engine: Engine;
  readonly #under: Under;

  constructor(engine: Engine, under: Under) {
    this.#engine = engine;
    this.#under = under;
  }

  transact<T>(body: Body<T>, options?: TransactOptions): Promise<Committed<T>> {
    return this.#engine.transactUnder(this.#under, body, options);
  }

  read<T>(body: (tx: ReadTx) => Promise<T> | T): Promise<T> {
    return this.#engine.readUnder(this.#under.prefix, body);
  }

  view(prefix: Uint8Array): StoreView {
    return new View(this.#engine, { ...this.#under, prefix: this.#under.prefix + toBinary(prefix) });
  }

  forStrangers(): StoreView {
    return new View(this.#engine, { ...this.#under, whose: "strangers" });
  }

  changed(prefix: Uint8Array, signal?: AbortSignal): Promise<void> {
    return this.#engine.changedUnder(this.#under, prefix, signal);
  }
}

/** All of them run, as the commit has happened; then what they threw is thrown. */
function runEffects(effects: readonly (() => void)[]): void {
  const thrown: unknown[] = [];
  for (const effect of effects) {
    try {
      effect();
    } catch (error) {
      thrown.push(error);
    }
  }
  if (thrown.length === 1) throw thrown[0];
  if (thrown.length > 1) throw new AggregateError(thrown, "Several effects of one commit threw.");
}

function closed(): StoreError {
  return new StoreError({ code: "closed" }, "The store is closed.");
}
