/**
 * Looks through the outputs that guardians have seen on the chain and keeps those that pay to this wallet, for
 * `claims.ts` to claim. Needs no Bitcoin node. A wallet that is restored from its words does the same from output 0 on.
 * Follows fedimint-walletv2-client 0.13.0 (`check_outputs`); docs/protocol/05-wallet.md §9.
 *
 * Better than the reference in four places: a claim that was submitted before the client stopped is waited for, not
 * made again; a deposit that is too small for the fee is kept; one that can't be claimed doesn't hold up the others;
 * outputs that can be no deposit can't hide those behind them.
 */
import { sleep } from "../../../actors/platform/platform.ts";
import { toHex } from "../../../core/bytes.ts";
import { errorText } from "../../../core/result.ts";
import type { Derivation } from "../../contract/recovery.ts";
import type { Addresses } from "./addresses.ts";
import type { Claims } from "./claims.ts";
import {
  deleteOldDeferred,
  getNextOutput,
  hasDeposit,
  oldDeferredOutputs,
  setDeposit,
  setLastLookMs,
  setNextOutput,
  WATCHED,
} from "./db.ts";
import { WalletError } from "./error.ts";
import type { WalletFederation } from "./federation.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { LookFurther } from "./look_further.ts";
import type { Watches } from "./watches.ts";
import type { OutputInfo } from "../common.ts";
import { LOOK_STORED_EVERY_MS, OUTPUT_LOOK_AHEAD, OUTPUT_SLICE } from "../limits.ts";

/** Between two looks while there is nothing new: 60 s, in test federations 1 s. */
const POLL_MS = 60_000;
const POLL_TEST_MS = 1_000;

/** `again`: everything from the first output on, and each deposit that isn't claimed; else only what is new. */
type Asked = { readonly settled: PromiseWithResolvers<void>; readonly again: boolean };

export class Scanner {
  readonly #env: WalletClientEnv;
  readonly #watches: Watches;
  readonly #federation: WalletFederation;
  readonly #claims: Claims;
  /** Who wants something looked at, and who waits for the end of that. */
  #asked: Asked[] = [];
  #waiting: Asked[] = [];
  #wake = Promise.withResolvers<void>();
  /** Ends the search for an address for a moment. */
  #interrupt: () => void = () => {};
  /** Why the last round ended early; null when it didn't. */
  #trouble: string | null = null;
  /** Where this round has found nothing more. */
  #endAt: number | null = null;
  /** On the monotonic clock. */
  #lookStoredMs = -Infinity;
  readonly #further: LookFurther;

  constructor(env: WalletClientEnv, watches: Watches, federation: WalletFederation, claims: Claims) {
    this.#env = env;
    this.#watches = watches;
    this.#federation = federation;
    this.#claims = claims;
    this.#further = new LookFurther(env.platform.clock.monotonicMs());
  }

  /** Why deposits aren't looked for or claimed at the moment: guardians that can't be reached, say. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /**
   * Looks through all outputs again from the first on, and tries each deposit that wasn't claimed.
   * @returns once that is done; rejects with {WalletError} `federation` · `no_feerate`
   */
  ask(): Promise<void> {
    return this.#ask(true);
  }

  /** Looks for what is new. @returns as `ask` does */
  look(): Promise<void> {
    return this.#ask(false);
  }

  #ask(again: boolean): Promise<void> {
    const settled = Promise.withResolvers<void>();
    this.#asked.push({ settled, again });
    this.#wake.resolve();
    if (!again) this.#interrupt();
    return settled.promise;
  }

  /** Ends when the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, platform, store, testEnvironment } = this.#env;
    const { own } = this.#watches;
    try {
      if (await own.highest() === undefined) {
        // to no address nobody can have paid
        do this.#settleLooks(this.#takeLooks()); while (!await this.#isNextFound(own, signal));
      }
      for (;;) {
        this.#wake = Promise.withResolvers();
        if (await this.#tryRound(signal)) continue;
        const woken = new AbortController();
        const pollMs = testEnvironment ? POLL_TEST_MS : POLL_MS;
        const until = AbortSignal.any([signal, woken.signal]);
        const rest = [sleep(platform.clock, pollMs, until), store.changed(WATCHED, until)];
        await Promise.race([Promise.any(rest).catch(() => undefined), this.#wake.promise]);
        woken.abort();
        signal.throwIfAborted();
      }
    } catch (thrown) {
      for (const { settled } of [...this.#asked.splice(0), ...this.#waiting.splice(0)]) settled.reject(thrown);
      if (!signal.aborted) throw thrown;
      log.debug("The scan for deposits ends");
    }
  }

  /** @returns whether to look again at once */
  async #tryRound(signal: AbortSignal): Promise<boolean> {
    try {
      const asked = this.#asked.splice(0);
      for (const each of asked) this.#waiting.push(each);
      if (asked.some(({ again }) => again)) {
        for (const addresses of await this.#watches.all()) await this.#advance(addresses, 0);
      }
      await this.#adoptOld(signal);
      const more = await this.#scanAny(signal);
      await this.#claims.round(!more && this.#waiting.some(({ again }) => again), signal);
      this.#trouble = null;
      if (!more) {
        await this.#looked();
        for (const { settled } of this.#waiting.splice(0)) settled.resolve();
      }
      return more;
    } catch (thrown) {
      if (!(thrown instanceof WalletError)) throw thrown;
      for (const { settled } of this.#waiting.splice(0)) settled.reject(thrown);
      this.#trouble = errorText(thrown);
      this.#env.log.warn("Looking for deposits failed and is tried again", { reason: this.#trouble });
      return false;
    }
  }

  async #looked(): Promise<void> {
    const { store, platform: { clock } } = this.#env;
    if (clock.monotonicMs() < this.#lookStoredMs + LOOK_STORED_EVERY_MS) return;
    this.#lookStoredMs = clock.monotonicMs();
    await store.transact((tx) => setLastLookMs(tx, Math.floor(clock.nowMs())));
  }

  /** The own addresses come first: what else is watched waits until they are through. */
  async #scanAny(signal: AbortSignal): Promise<boolean> {
    this.#endAt = null;
    for (const addresses of await this.#watches.all()) {
      if (await this.#scan(addresses, signal)) return true;
    }
    return false;
  }

  async #scan(addresses: Addresses, signal: AbortSignal): Promise<boolean> {
    const position = await this.#positionOf(addresses);
    if (position === this.#endAt && await addresses.highest() !== undefined) return false;
    if (await addresses.highest() === undefined) {
      do await this.#answerLooks(addresses, position, signal); while (!await this.#isNextFound(addresses, signal));
    }
    const outputs = await this.#federation.outputs(position, position + OUTPUT_SLICE, signal);
    if (outputs.length === 0) return await this.#lookAhead(addresses, position, signal);
    let { highest, byScript } = await addresses.known(signal);
    for (const output of outputs) {
      const addressIndex = byScript.get(toHex(output.script));
      if (addressIndex === undefined) continue;
      if (!output.spent) await this.#keep(output, addresses, addressIndex);
      if (addressIndex !== highest) continue;
      await addresses.markUsed(addressIndex);
      // the claim comes first: it is quick, and a client may be open for a moment only
      await this.#claims.round(false, signal);
      do {
        await this.#answerLooks(addresses, output.index + 1, signal);
      } while (!await this.#isNextFound(addresses, signal));
      ({ highest, byScript } = await addresses.known(signal));
      await this.#advance(addresses, output.index + 1);
    }
    await this.#advance(addresses, outputs.at(-1)!.index + 1);
    return true;
  }

  #positionOf({ derivation }: Addresses): Promise<number> {
    return this.#env.store.read((tx) => getNextOutput(tx, derivation));
  }

  /**
   * Whoever looks for what has come doesn't wait for the search of the next address, some seconds' work: nobody can
   * have paid to it yet. What else was paid to the known ones is claimed; the scan comes by it again.
   */
  async #answerLooks(searched: Addresses, from: number, signal: AbortSignal): Promise<void> {
    const looks = this.#takeLooks();
    if (looks.length === 0) return;
    for (const look of looks) this.#waiting.push(look); // a failure from here on is theirs
    for (const addresses of await this.#watches.all()) {
      if (await addresses.highest() === undefined) continue;
      await this.#keepAll(addresses, addresses === searched ? from : await this.#positionOf(addresses), signal);
    }
    await this.#claims.round(false, signal);
    await this.#looked();
    this.#settleLooks(looks);
  }

  async #keepAll(addresses: Addresses, from: number, signal: AbortSignal): Promise<void> {
    const { byScript } = await addresses.known(signal);
    for (let position = from;;) {
      const outputs = await this.#federation.outputs(position, position + OUTPUT_SLICE, signal);
      if (outputs.length === 0) return;
      for (const output of outputs) {
        const addressIndex = byScript.get(toHex(output.script));
        if (addressIndex !== undefined && !output.spent) await this.#keep(output, addresses, addressIndex);
      }
      position = outputs.at(-1)!.index + 1;
    }
  }

  #takeLooks(): Asked[] {
    const looks = [...this.#asked, ...this.#waiting].filter(({ again }) => !again);
    this.#asked = this.#asked.filter(({ again }) => again);
    this.#waiting = this.#waiting.filter(({ again }) => again);
    return looks;
  }

  #settleLooks(looks: readonly Asked[]): void {
    this.#waiting = this.#waiting.filter((each) => !looks.includes(each));
    for (const { settled } of looks) settled.resolve();
  }

  /**
   * Searches for the next address.
   * @returns false when somebody has asked for something else meanwhile, whose turn it is
   */
  async #isNextFound(addresses: Addresses, signal: AbortSignal): Promise<boolean> {
    const asked = new AbortController();
    this.#interrupt = () => asked.abort();
    try {
      await addresses.findNext(AbortSignal.any([signal, asked.signal]));
      return true;
    } catch (thrown) {
      if (signal.aborted || !asked.signal.aborted) throw thrown;
      return false;
    } finally {
      this.#interrupt = () => {};
    }
  }

  async #advance({ derivation }: Addresses, position: number): Promise<void> {
    const { durable } = await this.#env.store.transact((tx) => setNextOutput(tx, position, derivation));
    await durable;
  }

  async #keep(
    { index: outputIndex, value: valueSat, outpoint }: OutputInfo,
    { derivation }: { readonly derivation: Derivation },
    addressIndex: number,
  ): Promise<void> {
    const { durable } = await this.#env.store.transact(async (tx) => {
      if (await hasDeposit(tx, { outputIndex, valueSat })) return;
      setDeposit(tx, "to_claim", { outputIndex, valueSat, addressIndex, derivation, outpoint, tries: 0, reason: "" });
    });
    await durable;
  }

  /** Deposits of which an older version stored too little. */
  async #adoptOld(signal: AbortSignal): Promise<void> {
    const { store } = this.#env;
    for (const { outputIndex, addressIndex } of await store.read((tx) => oldDeferredOutputs(tx))) {
      const [output] = await this.#federation.outputs(outputIndex, outputIndex + 1, signal);
      if (output && !output.spent) await this.#keep(output, { derivation: "standard" }, addressIndex);
      const { durable } = await store.transact((tx) => deleteOldDeferred(tx, outputIndex));
      await durable;
    }
  }

  /** An empty slice is the end, unless all of it can be no deposits. */
  async #lookAhead(addresses: Addresses, position: number, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.#env.platform, all = this.#waiting.some(({ again }) => again);
    const ahead = { start: position + OUTPUT_SLICE, end: position + OUTPUT_LOOK_AHEAD };
    const further = this.#further.due(position, clock.monotonicMs(), all);
    for (const { start, end } of [ahead, ...further]) {
      const [next] = await this.#federation.outputs(start, end, signal);
      if (!next) continue;
      this.#further.found(clock.monotonicMs());
      await this.#advance(addresses, next.index);
      return true;
    }
    this.#endAt = position;
    return false;
  }
}
