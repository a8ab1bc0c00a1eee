/** Transactions that wait for a block, in the order they came: parents before children, one spender of each coin. */
import type { BitcoinTransaction } from "../../../core/bitcoin/mod.ts";
import { assert } from "../../../core/assert.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { BitcoinTxid } from "../../../core/types/ids.ts";
import type { CoinKey } from "./coins.ts";
import { coinKey } from "./coins.ts";

export type MempoolEntry = {
  /** Ascending in the order of arrival; its place in the store. */
  readonly sequence: number;
  readonly txid: BitcoinTxid;
  readonly wtxid: BitcoinTxid;
  readonly tx: BitcoinTransaction;
  readonly raw: Bytes;
  readonly feeSat: bigint;
  readonly weight: number;
  readonly sigops: number;
  readonly vbytes: number;
  /** Wall clock, seconds. */
  readonly time: number;
  /** Of the tip when it came. */
  readonly height: number;
};

export class Mempool {
  readonly #entries = new Map<BitcoinTxid, MempoolEntry>();
  readonly #spenders = new Map<CoinKey, BitcoinTxid>();
  #vbytes = 0;
  #lastSequence = 0;

  get size(): number {
    return this.#entries.size;
  }

  get vbytes(): number {
    return this.#vbytes;
  }

  /** Of the next entry. */
  get nextSequence(): number {
    return this.#lastSequence + 1;
  }

  get(txid: BitcoinTxid): MempoolEntry | undefined {
    return this.#entries.get(txid);
  }

  /** In order of arrival. */
  entries(): IterableIterator<MempoolEntry> {
    return this.#entries.values();
  }

  spenderOf(key: CoinKey): BitcoinTxid | undefined {
    return this.#spenders.get(key);
  }

  parentsOf({ tx }: Pick<MempoolEntry, "tx">): MempoolEntry[] {
    const txids = new Set(tx.inputs.map(({ outPoint }) => outPoint.txid));
    return [...txids].flatMap((txid) => this.#entries.get(txid) ?? []);
  }

  childrenOf({ txid, tx }: MempoolEntry): MempoolEntry[] {
    const txids = new Set(tx.outputs.flatMap((_, vout) => this.#spenders.get(coinKey({ txid, vout })) ?? []));
    return [...txids].map((child) => this.#entries.get(child)!);
  }

  /** Everything it depends on, without itself. */
  ancestorsOf(entry: Pick<MempoolEntry, "tx">): Set<MempoolEntry> {
    return closure(this.parentsOf(entry), (each) => this.parentsOf(each));
  }

  /** Everything that depends on it, without itself. */
  descendantsOf(entry: MempoolEntry): Set<MempoolEntry> {
    return closure(this.childrenOf(entry), (each) => this.childrenOf(each));
  }

  add(entry: MempoolEntry): void {
    assert(!this.#entries.has(entry.txid), "a transaction enters the mempool once");
    assert(entry.sequence > this.#lastSequence, "sequences of the mempool ascend");
    this.#entries.set(entry.txid, entry);
    for (const { outPoint } of entry.tx.inputs) this.#spenders.set(coinKey(outPoint), entry.txid);
    this.#vbytes += entry.vbytes;
    this.#lastSequence = entry.sequence;
  }

  /** Those that spend a coin of it. */
  conflictsOf(tx: BitcoinTransaction): Set<MempoolEntry> {
    const txids = new Set(tx.inputs.flatMap(({ outPoint }) => this.#spenders.get(coinKey(outPoint)) ?? []));
    return new Set([...txids].map((txid) => this.#entries.get(txid)!));
  }

  /** Those, and all that depends on them: none of it can wait beside the transaction. */
  replacedBy(tx: BitcoinTransaction): Set<MempoolEntry> {
    return closure([...this.conflictsOf(tx)], (each) => this.childrenOf(each));
  }

  /** Takes out what was confirmed, and its children stay; or what was replaced, its children too. */
  remove(entry: MempoolEntry): void {
    assert(this.#entries.delete(entry.txid), "what is removed is in the mempool");
    for (const { outPoint } of entry.tx.inputs) this.#spenders.delete(coinKey(outPoint));
    this.#vbytes -= entry.vbytes;
  }
}

function closure(first: readonly MempoolEntry[], next: (entry: MempoolEntry) => MempoolEntry[]): Set<MempoolEntry> {
  const found = new Set(first);
  for (const entry of found) for (const other of next(entry)) found.add(other);
  return found;
}
