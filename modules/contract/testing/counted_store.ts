/** A store that counts what is asked of it. */
import type { ReadTx, StoreTx, StoreView } from "../../../actors/store/store.ts";

export type StoreCounts = {
  /** Values and entries read. */
  reads: number;
  /** Transactions and snapshots. */
  transactions: number;
  /** Waits for a change that are under way. */
  waiting: number;
};

/** The same store, and what was asked of it. */
export function countedStore(store: StoreView): { readonly store: StoreView; readonly counts: StoreCounts } {
  const counts: StoreCounts = { reads: 0, transactions: 0, waiting: 0 };
  return { store: counted(store, counts), counts };
}

function counted(store: StoreView, counts: StoreCounts): StoreView {
  return {
    transact: (body, options) => {
      counts.transactions++;
      return store.transact((tx) => body(countedTx(tx, counts)), options);
    },
    read: (body) => {
      counts.transactions++;
      return store.read((tx) => body(countedTx(tx, counts)));
    },
    view: (prefix) => counted(store.view(prefix), counts),
    forStrangers: () => counted(store.forStrangers(), counts),
    changed: (prefix, signal) => {
      counts.waiting++;
      return store.changed(prefix, signal).finally(() => counts.waiting--);
    },
  };
}

/** The same transaction, whose reads are counted. */
export function countedTx<Tx extends ReadTx | StoreTx>(tx: Tx, counts: Pick<StoreCounts, "reads">): Tx {
  return new Proxy(tx, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name, target);
      if (name === "range") {
        return async function* (...args: Parameters<ReadTx["range"]>) {
          for await (const entry of target.range(...args)) {
            counts.reads++;
            yield entry;
          }
        };
      }
      if (name === "get") counts.reads++;
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
