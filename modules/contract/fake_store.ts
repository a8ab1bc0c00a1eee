/** Stand-in until the memory store is there. */
import type { Committed, Entry, RangeOptions, StoreTx, StoreView } from "../../actors/store/store.ts";
import { ROLLBACK } from "../../actors/store/store.ts";
import type { Bytes } from "../../core/bytes.ts";
import { compareBytes, concat, fromHex, toHex } from "../../core/bytes.ts";

type State = { map: Map<string, Bytes>; waiters: { prefix: string; resolve: () => void }[] };

function txOver(
  draft: Map<string, Bytes | null>,
  base: Map<string, Bytes>,
  prefix: Bytes,
  effects: (() => void)[],
): StoreTx {
  const full = (key: Uint8Array): string => toHex(concat(prefix, key));
  const look = (k: string): Bytes | undefined => draft.has(k) ? draft.get(k) ?? undefined : base.get(k);
  return {
    get: (key) => Promise.resolve(look(full(key))),
    async *range(options: RangeOptions = {}): AsyncIterable<Entry> {
      const p = full(options.prefix ?? new Uint8Array());
      const keys = [...new Set([...base.keys(), ...draft.keys()])].filter((k) => k.startsWith(p) && look(k)).sort();
      if (options.reverse) keys.reverse();
      let left = options.limit ?? Infinity;
      for (const k of keys) {
        const key = fromHex(k).slice(prefix.length);
        if (options.start && compareBytes(key, options.start) < 0) continue;
        if (options.end && compareBytes(key, options.end) >= 0) continue;
        if (left-- <= 0) return;
        yield { key, value: look(k)! };
      }
    },
    set: (key, value) => void draft.set(full(key), Uint8Array.from(value)),
    delete: (key) => void draft.set(full(key), null),
    deleteAll: () => Promise.reject(new Error("not here")),
    view: (more) => txOver(draft, base, concat(prefix, more), effects),
    onCommit: (effect) => void effects.push(effect),
  };
}

function viewOf(state: State, prefix: Bytes): StoreView {
  return {
    async transact(body) {
      const draft = new Map<string, Bytes | null>();
      const effects: (() => void)[] = [];
      const value = await body(txOver(draft, state.map, prefix, effects));
      if (typeof value === "object" && value !== null && ROLLBACK in value) {
        return { value: value.value, durable: Promise.resolve() } as Committed<never>;
      }
      for (const [k, v] of draft) v === null ? state.map.delete(k) : state.map.set(k, v);
      for (const effect of effects) effect();
      const woken = state.waiters.filter((w) => [...draft.keys()].some((k) => k.startsWith(w.prefix)));
      state.waiters = state.waiters.filter((w) => !woken.includes(w));
      for (const w of woken) w.resolve();
      return { value, durable: Promise.resolve() } as Committed<never>;
    },
    read: async (body) => await body(txOver(new Map(), state.map, prefix, [])),
    view: (more) => viewOf(state, concat(prefix, more)),
    changed: (key, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const waiter = { prefix: toHex(concat(prefix, key)), resolve };
        state.waiters.push(waiter);
        signal?.addEventListener("abort", () => {
          state.waiters = state.waiters.filter((w) => w !== waiter);
          reject(signal.reason);
        });
      }),
  };
}

export function openFakeStore(): StoreView & { readonly state: State } {
  const state: State = { map: new Map(), waiters: [] };
  return Object.assign(viewOf(state, new Uint8Array()), { state });
}
