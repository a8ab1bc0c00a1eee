/**
 * A wallet's deposit addresses: which indices pass the filter, and the search for the next one. The search is the work
 * of seconds, so it lets others work every few milliseconds, outside of any store transaction, and what it has tried is
 * stored: a client that is opened for one command only goes on where the last one stopped.
 *
 * An address is no secret that may be used once only: two copies of a wallet show the same one and both find what is
 * paid to it, guardians take the claim of one of them, and the other drops it. What a claim makes anew (operation,
 * e-cash) is not taken from the store.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { orAborted } from "../../../core/abort.ts";
import { assert } from "../../../core/assert.ts";
import { addressFromScript } from "../../../core/bitcoin/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { AddressSearch, DepositAddress } from "./address_search.ts";
import { addressAt, addressSearch, searchSteps } from "./address_search.ts";
import {
  addValidIndex,
  getSearched,
  getUsedIndex,
  highestValidIndex,
  setSearched,
  setUsedIndex,
  VALID_INDICES,
  validIndices,
} from "./db.ts";
import type { WalletClientEnv } from "./wallet.ts";

/** Indices after which progress is stored: a quarter of a second's work. */
const STORED_EVERY = 4_096;

/**
 * Between steps of the search for the first address while nobody asks for one: a wallet that only ever gets e-cash has
 * better things to do. A step takes a few milliseconds.
 */
const UNHURRIED_MS = 20;

/** Known addresses that are computed before others have their turn: some milliseconds. */
const ADDRESSES_AT_ONCE = 16;

export class Addresses {
  readonly #env: WalletClientEnv;
  readonly #search: AddressSearch;
  /** Indices tried in the search that goes on; one in 65,536 is found on average. */
  #tried = 0;
  #moved = Promise.withResolvers<void>();
  /** Calls that wait for the first address. */
  #waiting = 0;
  /** By output script in hex; filled as indices become known. */
  readonly #byScript = new Map<string, number>();
  readonly #scripted = new Set<number>();
  /** Each is asked for again and again, and takes a millisecond. */
  readonly #known = new Map<number, DepositAddress>();

  constructor(env: WalletClientEnv) {
    this.#env = env;
    this.#search = addressSearch(env.config.bitcoinPks, env.secret);
  }

  at(index: number): DepositAddress {
    const known = this.#known.get(index);
    if (known) return known;
    const address = addressAt(this.#search, index);
    this.#known.set(index, address);
    return address;
  }

  /** As text, on the federation's network. */
  textAt(index: number): string {
    const address = addressFromScript(this.at(index).script, this.#env.config.network);
    assert(address !== null, "a P2WSH script has an address");
    return address;
  }

  /** The valid indices, ascending, with a way from an output's script to its index. */
  async known(signal: AbortSignal): Promise<{
    readonly highest: number;
    readonly byScript: ReadonlyMap<string, number>;
  }> {
    const { store, platform } = this.#env;
    const indices = await store.read((tx) => validIndices(tx));
    for (const index of indices) {
      if (this.#scripted.has(index)) continue;
      if (this.#scripted.size % ADDRESSES_AT_ONCE === ADDRESSES_AT_ONCE - 1) await sleep(platform.clock, 0, signal);
      this.#scripted.add(index);
      this.#byScript.set(toHex(this.at(index).script), index);
    }
    const highest = indices.at(-1);
    assert(highest !== undefined, "a scan begins once the first address was found");
    return { highest, byScript: this.#byScript };
  }

  highest(): Promise<number | undefined> {
    return this.#env.store.read((tx) => highestValidIndex(tx));
  }

  /** Something was paid to the highest index: another one is given out as soon as it is found. */
  async markUsed(index: number): Promise<void> {
    const { durable } = await this.#env.store.transact((tx) => setUsedIndex(tx, index));
    await durable;
  }

  async #unused(): Promise<number | undefined> {
    return await this.#env.store.read(async (tx) => {
      const highest = await highestValidIndex(tx);
      return highest === await getUsedIndex(tx) ? undefined : highest;
    });
  }

  /**
   * The highest valid index, as soon as there is one to which nothing was paid: the search for it runs in the
   * background.
   */
  async awaitUnused(signal: AbortSignal): Promise<number> {
    this.#waiting++;
    try {
      for (;;) {
        const round = new AbortController();
        // registered before reading, so that nothing in between is missed
        const found = this.#env.store.changed(VALID_INDICES, AbortSignal.any([signal, round.signal]));
        found.catch(() => undefined);
        const index = await this.#unused();
        if (index !== undefined) {
          round.abort();
          return index;
        }
        await found;
      }
    } finally {
      this.#waiting--;
    }
  }

  /** Indices tried, each time that there are more. Ends when the signal is aborted. */
  async *progress(signal: AbortSignal): AsyncGenerator<number> {
    for (;;) {
      await orAborted(this.#moved.promise, signal).catch(() => undefined);
      if (signal.aborted) return;
      yield this.#tried;
    }
  }

  /** Looks for the next valid index and stores it. Rejects with the signal's reason when it is aborted. */
  async findNext(signal: AbortSignal): Promise<number> {
    const { store, platform } = this.#env;
    const isFirst = await this.highest() === undefined;
    const from = await store.read((tx) => getSearched(tx));
    const steps = searchSteps(this.#search, from, Number.MAX_SAFE_INTEGER);
    let stored = from;
    for (;;) {
      const { done, value } = steps.next();
      if (done) {
        const { durable } = await store.transact((tx) => addValidIndex(tx, value));
        await durable;
        return value;
      }
      if (value - stored >= STORED_EVERY) {
        stored = value;
        await store.transact((tx) => setSearched(tx, value));
      }
      this.#tried = value - from;
      this.#moved.resolve();
      this.#moved = Promise.withResolvers();
      try {
        await sleep(platform.clock, isFirst && this.#waiting === 0 ? UNHURRIED_MS : 0, signal);
      } catch (thrown) {
        if (value > stored) await store.transact((tx) => setSearched(tx, value));
        throw thrown;
      }
    }
  }
}
