/**
 * The store in memory, for tests and simulation: the same engine and the same splitting over a backend that can be
 * slow, fail and crash at any commit. It holds what a disk would: what was not durable at the crash is gone.
 *
 * ```ts
 * import { realPlatform } from "../platform/real.ts";
 * import { MemoryBackend, openMemoryStore } from "./memory.ts";
 *
 * const { clock } = realPlatform();
 * const disk = new MemoryBackend({ clock, writeDelayMs: () => 20 });
 * const store = await openMemoryStore({ clock, backend: disk });
 * await store.transact((tx) => Promise.resolve(tx.set(new Uint8Array([1]), new Uint8Array([2]))));
 * const restarted = await openMemoryStore({ clock, backend: disk.crash() }); // every promise of the old store rejects
 * ```
 */
import { assert } from "../../core/assert.ts";
import type { Bytes } from "../../core/bytes.ts";
import type { Clock, Timer } from "../platform/platform.ts";
import { type Backend, Budget, type Operation } from "./backend.ts";
import { encodedBytes, fromBinary, toBinary } from "./keys.ts";
import { KV_KEY_BYTES_MAX, KV_LIST_ENTRIES_MAX, KV_VALUE_BYTES_MAX } from "./limits.ts";
import type { EngineOptions } from "./engine.ts";
import { openStore } from "./open.ts";
import { SortedMap } from "./sorted_map.ts";
import type { Entry, Store } from "./store.ts";

export type MemoryOptions = {
  /** Needed for delays. */
  readonly clock?: Clock;
  /** How long the next commit takes; default none. */
  readonly writeDelayMs?: () => number;
  /** How long the next read takes; default none. */
  readonly readDelayMs?: () => number;
  /** Asked before each commit is applied, with its number from 1; throws to make the disk fail. */
  readonly onWrite?: (count: number, operations: readonly Operation[]) => void;
  /** Asked before each read; throws to make the disk fail. */
  readonly onRead?: () => void;
};

type Pending = { readonly timer: Timer; readonly reject: (error: Error) => void };

/** A disk of the simulation. */
export class MemoryBackend implements Backend {
  readonly lost: Promise<never> = new Promise(() => {});
  readonly #options: MemoryOptions;
  readonly #pending = new Set<Pending>();
  #entries = new SortedMap<Bytes>();
  #inFlight: readonly Operation[] | undefined;
  #writes = 0;
  #down = false;

  constructor(options: MemoryOptions = {}) {
    this.#options = options;
  }

  /** Entries on the disk, the store's own included. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * The disk as a restart finds it; the old one fails whatever is asked of it, and all that waits for it.
   * @param options.inFlight whether a commit that was under way is found on the disk: both happen. Default `lost`.
   */
  crash(options: MemoryOptions & { readonly inFlight?: "lost" | "kept" } = this.#options): MemoryBackend {
    const next = new MemoryBackend(options);
    next.#entries = this.#entries;
    if (options.inFlight === "kept" && this.#inFlight !== undefined) next.#apply(this.#inFlight);
    this.#entries = new SortedMap();
    this.#down = true;
    for (const { timer, reject } of this.#pending) {
      timer.cancel();
      reject(crashed());
    }
    this.#pending.clear();
    return next;
  }

  /** Another disk with the same entries. */
  copy(options: MemoryOptions = this.#options): MemoryBackend {
    const copied = new MemoryBackend(options);
    for (const [key, value] of this.#entries) copied.#entries.set(key, value);
    return copied;
  }

  async get(key: Bytes): Promise<Bytes | undefined> {
    await this.#delay(this.#options.readDelayMs);
    this.#options.onRead?.();
    return this.#entries.get(toBinary(key))?.slice();
  }

  async list(
    { start, end, limit, reverse }: { start: Bytes; end: Bytes; limit: number; reverse: boolean },
  ): Promise<Entry[]> {
    assert(limit <= KV_LIST_ENTRIES_MAX, "a list is within Deno KV's limit");
    await this.#delay(this.#options.readDelayMs);
    this.#options.onRead?.();
    const [from, to] = [toBinary(start), toBinary(end)];
    const entries: Entry[] = [];
    let at = reverse ? this.#entries.before(to) : this.#entries.atOrAfter(from);
    while (at !== undefined && entries.length < limit && at[0] >= from && at[0] < to) {
      entries.push({ key: fromBinary(at[0]), value: at[1].slice() });
      at = reverse ? this.#entries.before(at[0]) : this.#entries.atOrAfter(at[0] + "\0");
    }
    return entries;
  }

  async commit(operations: readonly Operation[]): Promise<void> {
    checkLimits(operations);
    assert(this.#inFlight === undefined, "a store commits one group at a time");
    const copies = operations.map(({ key, value }) => ({ key: key.slice(), value: value?.slice() ?? null }));
    this.#inFlight = copies;
    try {
      await this.#delay(this.#options.writeDelayMs);
      this.#options.onWrite?.(++this.#writes, operations);
      if (this.#down) throw crashed();
      this.#apply(copies);
    } finally {
      this.#inFlight = undefined;
    }
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #apply(operations: readonly Operation[]): void {
    for (const { key, value } of operations) {
      if (value === null) this.#entries.delete(toBinary(key));
      else this.#entries.set(toBinary(key), value);
    }
  }

  async #delay(delayMs: (() => number) | undefined): Promise<void> {
    if (this.#down) throw crashed();
    const ms = delayMs?.() ?? 0;
    if (ms <= 0) {
      await undefined;
    } else {
      const { clock } = this.#options;
      assert(clock !== undefined, "a delay needs a clock");
      await new Promise<void>((resolve, reject) => {
        const pending: Pending = {
          timer: clock.setTimer(ms, () => {
            this.#pending.delete(pending);
            resolve();
          }),
          reject,
        };
        this.#pending.add(pending);
      });
    }
    if (this.#down) throw crashed();
  }
}

export type MemoryStoreOptions = EngineOptions & {
  /** Default a new, empty one without delays. */
  readonly backend?: MemoryBackend;
};

/** @throws {StoreError} `newer_schema` · `corrupt` · `failed` */
export function openMemoryStore(options: MemoryStoreOptions): Promise<Store> {
  return openStore(options.backend ?? new MemoryBackend(), options);
}

function checkLimits(operations: readonly Operation[]): void {
  const budget = new Budget();
  for (const operation of operations) {
    assert(encodedBytes(operation.key) <= KV_KEY_BYTES_MAX, "a key is within Deno KV's limit");
    assert((operation.value?.length ?? 0) <= KV_VALUE_BYTES_MAX, "a value is within Deno KV's limit");
    assert(budget.take(operation), "a commit is within Deno KV's limits");
  }
}

function crashed(): Error {
  return new Error("The simulated disk crashed.");
}
