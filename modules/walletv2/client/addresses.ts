/**
 * A wallet's deposit addresses: which indices pass the filter, and the search for the next one. The search is the work
 * of seconds, so it lets others work every few milliseconds, outside of any store transaction, and what it has tried is
 * stored: a client that is opened for one command only goes on where the last one stopped.
 *
 * An address is no secret that may be used once only: two copies of a wallet show the same one and both find what is
 * paid to it, guardians take the claim of one of them, and the other drops it. What a claim makes anew (operation,
 * e-cash) is not taken from the store.
 */
import { ThreadError } from "../../../actors/platform/error.ts";
import { sleep } from "../../../actors/platform/platform.ts";
import type { ReadTx } from "../../../actors/store/store.ts";
import { orAborted } from "../../../core/abort.ts";
import { assert } from "../../../core/assert.ts";
import { addressFromScript } from "../../../core/bitcoin/mod.ts";
import { toHex } from "../../../core/bytes.ts";
import type { DerivableSecret } from "../../../core/crypto/derive_secret.ts";
import { awaitValue } from "../../contract/await_value.ts";
import type { Derivation } from "../../contract/recovery.ts";
import type { AddressSearch, DepositAddress } from "./address_search.ts";
import { addressAt, addressSearch, checkedIndex, searchedOf, searchSteps } from "./address_search.ts";
import type { SearchThreads } from "./address_threads.ts";
import { AddressThreads, STRETCH } from "./address_threads.ts";
import {
  addValidIndex,
  getSearched,
  getUsedIndex,
  givesWay,
  highestValidIndex,
  isRecovering,
  RECOVERING,
  setSearched,
  setUsedIndex,
  validIndices,
  validPrefix,
} from "./db.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { CORES_FEW } from "../limits.ts";

/**
 * Between steps of the search for the first address while nobody asks for one: a wallet that only ever gets e-cash has
 * better things to do. A step takes a few milliseconds.
 */
const UNHURRIED_MS = 20;

/** Known addresses that are computed before others have their turn: some milliseconds. */
const ADDRESSES_AT_ONCE = 16;

/** Is told how many indices were tried. */
type Tell = (tried: number) => void;

type AddressesEnv = Pick<WalletClientEnv, "config" | "store" | "platform">;

export class Addresses {
  readonly #env: AddressesEnv;
  readonly #search: AddressSearch;
  readonly #threads: AddressThreads;
  #noThreads = false;
  /** Indices tried in the search that goes on; one in 65,536 is found on average. */
  #tried = 0;
  #moved = Promise.withResolvers<void>();
  /** Calls that wait for the first address. */
  #waiting = 0;
  /** Once there has been such a call. */
  readonly #asked = Promise.withResolvers<void>();
  /** By output script in hex; filled as indices become known. */
  readonly #byScript = new Map<string, number>();
  readonly #scripted = new Set<number>();
  /** Each is asked for again and again, and takes a millisecond. */
  readonly #known = new Map<number, DepositAddress>();

  /** @param secret the module's, by this derivation. Secret @param threads of all searches of the wallet */
  constructor(env: AddressesEnv, readonly derivation: Derivation, secret: DerivableSecret, threads: SearchThreads) {
    this.#env = env;
    this.#search = addressSearch(env.config.bitcoinPks, secret);
    this.#threads = new AddressThreads(threads, searchedOf(this.#search));
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
    const indices = await store.read((tx) => validIndices(tx, this.derivation));
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
    return this.#env.store.read((tx) => highestValidIndex(tx, this.derivation));
  }

  /** Something was paid to the highest index: another one is given out as soon as it is found. */
  async markUsed(index: number): Promise<void> {
    const { durable } = await this.#env.store.transact((tx) => setUsedIndex(tx, index, this.derivation));
    await durable;
  }

  async #unused(): Promise<number | undefined> {
    return await this.#env.store.read(async (tx) => {
      const highest = await highestValidIndex(tx, this.derivation);
      return highest === await getUsedIndex(tx, this.derivation) ? undefined : highest;
    });
  }

  /**
   * The highest valid index, as soon as there is one to which nothing was paid: the search for it runs in the
   * background.
   */
  async awaitUnused(signal: AbortSignal): Promise<number> {
    this.#waiting++;
    this.#asked.resolve();
    try {
      for (;;) {
        const round = new AbortController();
        // registered before reading, so that nothing in between is missed
        const found = this.#env.store.changed(validPrefix(this.derivation), AbortSignal.any([signal, round.signal]));
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
    await this.#untilTurn(signal);
    const from = await store.read((tx) => getSearched(tx, this.derivation));
    const tell = (tried: number): void => {
      this.#tried = tried - from;
      this.#moved.resolve();
      this.#moved = Promise.withResolvers();
    };
    for (let tried = from;;) {
      const found = await this.#searchStretch(tried, tell, signal);
      if (found.index !== null) {
        const { index } = found;
        const { durable } = await store.transact((tx) => addValidIndex(tx, index, this.derivation));
        await durable;
        return index;
      }
      tried = found.tried;
      await this.#storeTried(tried);
      tell(tried);
      await sleep(platform.clock, 0, signal);
    }
  }

  /** A new wallet looks for no address before somebody asks for one, nor does a restored one that gives way. */
  async #untilTurn(signal: AbortSignal): Promise<void> {
    if (this.#waiting > 0) return;
    const over = new AbortController(), until = AbortSignal.any([signal, over.signal]);
    const isTurn = async (tx: ReadTx): Promise<true | undefined> =>
      await givesWay(tx) || await this.#isUnasked(tx) ? undefined : true;
    const turn = awaitValue(this.#env.store, RECOVERING, isTurn, until);
    turn.catch(() => undefined);
    try {
      await Promise.race([turn, this.#asked.promise]);
    } finally {
      over.abort();
    }
  }

  /**
   * A wallet's own first address, some seconds of a core: many a wallet is never paid on the chain, and most commands
   * end before it is found.
   */
  async #isUnasked(tx: ReadTx): Promise<boolean> {
    if (this.derivation !== "standard" || await isRecovering(tx)) return false;
    return await highestValidIndex(tx, this.derivation) === undefined;
  }

  async #storeTried(tried: number): Promise<void> {
    await this.#env.store.transact((tx) => setSearched(tx, tried, this.derivation));
  }

  /** What passes in the next indices, and below which index nothing is left to try. */
  async #searchStretch(from: number, tell: Tell, signal: AbortSignal): Promise<Stretch> {
    if (await this.#way() === "threads") {
      try {
        const { found, tried } = await this.#threads.next(from, signal);
        return { index: found === null ? null : checkedIndex(this.#search, found), tried };
      } catch (thrown) {
        if (!(thrown instanceof ThreadError) || thrown.facts.code !== "failed") throw thrown;
        this.#noThreads = true;
      }
    }
    return await this.#searchHere(from, tell, signal);
  }

  /**
   * By who waits for it. On few cores a restored wallet has no thread for it: that would take 25 MB, and no core is
   * left for it.
   */
  async #way(): Promise<Way> {
    const { store, platform: { threads } } = this.#env;
    const fastest = this.#noThreads ? "here" : "threads";
    if (this.#waiting > 0) return fastest;
    return await store.read(async (tx) => {
      if (await isRecovering(tx)) return threads.cores > CORES_FEW ? fastest : "here";
      return await highestValidIndex(tx, this.derivation) === undefined ? "at_leisure" : fastest;
    });
  }

  /** As far as it takes, or until it is to be looked for on threads. */
  async #searchHere(from: number, tell: Tell, signal: AbortSignal): Promise<Stretch> {
    const { clock } = this.#env.platform;
    let stored = from, way = await this.#way();
    for (const steps = searchSteps(this.#search, from, Number.MAX_SAFE_INTEGER);;) {
      const { done, value } = steps.next();
      if (done) return { index: value, tried: value + 1 };
      if (value - stored >= STRETCH) {
        stored = value;
        await this.#storeTried(value);
      }
      tell(value);
      if (this.#waiting > 0 || value === stored) way = await this.#way();
      if (way === "threads" && value > from) return { index: null, tried: value };
      try {
        await sleep(clock, way === "at_leisure" ? UNHURRIED_MS : 0, signal);
      } catch (thrown) {
        if (value > stored) await this.#storeTried(value);
        throw thrown;
      }
    }
  }
}

/** Where it goes on: on threads of the machine; on this one, others in between; or there with pauses. */
type Way = "threads" | "here" | "at_leisure";

type Stretch = { readonly index: number | null; readonly tried: number };
