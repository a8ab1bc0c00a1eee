/** What the store's tests share: short keys, a clock moved by hand, and gates to hold a transaction at a place. */
import { setImmediate } from "node:timers";
import { type Bytes, fromUtf8, utf8 } from "../../../core/bytes.ts";
import type { Clock, Timer } from "../../platform/platform.ts";
import type { RangeOptions, ReadTx, Store, StoreView } from "../store.ts";

/** Time moves only by `advance`. Timers fire in order of time, then of setting. */
export class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers: { readonly dueMs: number; readonly fire: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, fire: () => void): Timer {
    const timer = { dueMs: this.#nowMs + delayMs, fire };
    const after = this.#timers.findIndex(({ dueMs }) => dueMs > timer.dueMs);
    this.#timers.splice(after === -1 ? this.#timers.length : after, 0, timer);
    return {
      cancel: () => {
        const at = this.#timers.indexOf(timer);
        if (at !== -1) this.#timers.splice(at, 1);
      },
    };
  }

  get pending(): number {
    return this.#timers.length;
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#timers[0]; timer !== undefined && timer.dueMs <= untilMs; timer = this.#timers[0]) {
      this.#timers.shift();
      this.#nowMs = timer.dueMs;
      timer.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets everything run that only waits for promises. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

export type Gate = { readonly opened: Promise<void>; open(): void };

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: resolve };
}

/** Whether the promise has settled by now. */
export async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  promise.then(mark, mark);
  await settle();
  return settled;
}

/** A test with a fresh database of the backend. */
export type StoreTest = (name: string, body: (store: Store, reopen: () => Promise<Store>) => Promise<void>) => void;

/** Sets texts, deletes where null, and waits until it is durable. */
export async function put(store: StoreView, entries: Record<string, string | null>): Promise<void> {
  const { durable } = await store.transact((tx) => {
    for (const [key, value] of Object.entries(entries)) {
      if (value === null) tx.delete(utf8(key));
      else tx.set(utf8(key), utf8(value));
    }
  });
  await durable;
}

export async function getText(tx: ReadTx, key: string): Promise<string | undefined> {
  const value = await tx.get(utf8(key));
  return value === undefined ? undefined : fromUtf8(value);
}

/** `key=value` of each entry. */
export async function listTexts(tx: ReadTx, options?: RangeOptions): Promise<string[]> {
  const texts: string[] = [];
  for await (const { key, value } of tx.range(options)) texts.push(`${fromUtf8(key)}=${fromUtf8(value)}`);
  return texts;
}

/** Bytes that are different for each seed and place. */
export function pattern(bytes: number, seed: number): Bytes {
  const out = new Uint8Array(bytes);
  let state = (seed + 1) * 2_654_435_761 >>> 0;
  for (let i = 0; i < bytes; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    out[i] = state >>> 24;
  }
  return out;
}
