/**
 * A wallet's deposit addresses: which indices pass the filter, and the search for the next one. The search is the work
 * of a second, so it lets others work every few milliseconds, outside of any store transaction, and what it has tried
 * is stored: a client that is opened for one command only goes on where the last one stopped. It has no thread: that
 * would cost a third of what it takes, and 25 MB.
 *
 * An address is no secret that may be used once only: two copies of a wallet show the same one and both find what is
 * paid to it, guardians take the claim of one of them, and the other drops it. What a claim makes anew (operation,
 * e-cash) is not taken from the store.
 */
import type { Clock } from "../../../actors/platform/platform.ts";
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
import { addressAt, addressSearch, searchSteps } from "./address_search.ts";
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
import { ADDRESS_STRETCH } from "../limits.ts";

/** The search lets others work after a step that ends later: with the next one, it would take some milliseconds. */
const TURN_MS = 2;
/** … and after so many, on a clock that stands still. */
const TURN_STEPS_MAX = 4;

/** Known addresses that are computed before others have their turn: some milliseconds. */
const ADDRESSES_AT_ONCE = 16;

type AddressesEnv = Pick<WalletClientEnv, "config" | "store" | "platform">;

export class Addresses {
  readonly #env: AddressesEnv;
  readonly #search: AddressSearch;
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

  /** @param secret the module's, by this derivation. Secret */
  constructor(env: AddressesEnv, readonly derivation: Derivation, secret: DerivableSecret) {
    this.#env = env;
    this.#search = addressSearch(env.config.bitcoinPks, secret);
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
    await this.#untilTurn(signal);
    const from = await this.#env.store.read((tx) => getSearched(tx, this.derivation));
    const steps = searchSteps(this.#search, from, Number.MAX_SAFE_INTEGER);
    try {
      return await this.#findBy(steps, from, signal);
    } finally {
      steps.return(from);
    }
  }

  async #findBy(steps: Generator<number, number>, from: number, signal: AbortSignal): Promise<number> {
    const { store, platform: { clock } } = this.#env;
    for (let stored = from, told = from;;) {
      const { done, value } = turn(steps, clock);
      if (done) {
        const { durable } = await store.transact((tx) => addValidIndex(tx, value, this.derivation));
        await durable;
        return value;
      }
      if (value - stored >= ADDRESS_STRETCH) {
        stored = value;
        await this.#storeTried(value);
      }
      if (value > told) this.#tell((told = value) - from);
      try {
        await sleep(clock, 0, signal);
      } catch (thrown) {
        if (value > stored) await this.#storeTried(value);
        throw thrown;
      }
    }
  }

  #tell(tried: number): void {
    this.#tried = tried;
    this.#moved.resolve();
    this.#moved = Promise.withResolvers();
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

  /** A wallet's own first address, a second of a core: many a wallet is never paid on the chain. */
  async #isUnasked(tx: ReadTx): Promise<boolean> {
    if (this.derivation !== "standard" || await isRecovering(tx)) return false;
    return await highestValidIndex(tx, this.derivation) === undefined;
  }

  async #storeTried(tried: number): Promise<void> {
    await this.#env.store.transact((tx) => setSearched(tx, tried, this.derivation));
  }
}

/** Some steps of the search: after the last of them others have their turn. */
function turn(steps: Generator<number, number>, clock: Clock): IteratorResult<number, number> {
  const untilMs = clock.monotonicMs() + TURN_MS;
  for (let count = 1;; count++) {
    const step = steps.next();
    if (step.done || count === TURN_STEPS_MAX || clock.monotonicMs() >= untilMs) return step;
  }
}
