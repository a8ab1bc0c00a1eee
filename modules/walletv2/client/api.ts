/**
 * What applications do with on-chain money: deposit, pay, ask for fees. Follows fedimint-walletv2-client 0.13.0;
 * docs/protocol/05-wallet.md §9.
 */
import { assert } from "../../../core/assert.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { isJsonObject } from "../../../core/encoding/mod.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import { operationId as operationIdCodec, outPointRange } from "../../../core/types/ids.ts";
import { endedBy, isEndBy, orEnded } from "../../contract/waiting.ts";
import type { Addresses } from "./addresses.ts";
import { getChange } from "./db.ts";
import type { Deposits, PendingDeposit } from "./deposits.ts";
import { WalletError } from "./error.ts";
import type { WalletFederation } from "./federation.ts";
import type { SendOutcome } from "./outcome.ts";
import type { DepositQuote, WithdrawQuote } from "./quote.ts";
import { notSubmitted, Quotes } from "./quote.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { paymentBundle } from "./wallet.ts";
import { satoshi } from "../config.ts";
import { LOOK_BEFORE_ADDRESS_MS, NEXT_ADDRESS_MS } from "../limits.ts";

export type { PendingDeposit } from "./deposits.ts";
export type { SendOutcome } from "./outcome.ts";
export type { DepositQuote, WithdrawQuote } from "./quote.ts";

/** How to pay on chain. */
export type WithdrawOptions = {
  /**
   * What goes to the miners; by default what guardians ask for now (`federation.sendFee`). Given, it may be any share
   * of the amount.
   */
  readonly feeSat?: bigint;
  /** Pays guardians' fee even if it is a large share of the amount. */
  readonly highFee?: boolean;
  /** Kept in the operation log. */
  readonly customMeta?: Json;
};

/** Money on chain: deposits and payments. */
export class WalletClient {
  readonly #env: WalletClientEnv;
  readonly #addresses: Addresses;
  readonly #quotes: Quotes;
  /** Fees, fee rate, block count and transactions of the federation. */
  readonly federation: WalletFederation;
  readonly #deposits: Deposits;

  /** @internal */
  constructor(env: WalletClientEnv, addresses: Addresses, federation: WalletFederation, deposits: Deposits) {
    this.#env = env;
    this.#addresses = addresses;
    this.#quotes = new Quotes(env, federation);
    this.federation = federation;
    this.#deposits = deposits;
  }

  #until(signal: AbortSignal | undefined): AbortSignal {
    return signal ? AbortSignal.any([this.#env.signal, signal]) : this.#env.signal;
  }

  /**
   * An address to deposit to. The first one is searched for when it is asked for and takes some seconds; another one,
   * which takes as long, is given out once something was paid to it, as far as guardians have seen it. To wait for the
   * deposit, take the event log's position before asking for the address.
   */
  async receive(signal?: AbortSignal): Promise<string> {
    const until = this.#until(signal);
    const next = (signal: AbortSignal) => this.#addresses.awaitUnused(signal);
    // only one that was used may take longer than that
    const used = await this.#addresses.highest();
    if (used === undefined) await orEnded(until, () => next(until));
    await this.#within(LOOK_BEFORE_ADDRESS_MS, until, (signal) => this.#deposits.look(signal));
    const fresh = await this.#within(NEXT_ADDRESS_MS, until, next) ?? await this.#addresses.highest();
    assert(fresh !== undefined, "an address that was found stays");
    return this.#addresses.textAt(fresh);
  }

  /**
   * How far the search for the next address is, while there is one: indices tried; 65,536 are needed on average. Who
   * reads slowly is told the newest. Ends when the signal is aborted.
   */
  searchProgress(signal?: AbortSignal): AsyncGenerator<number> {
    return this.#addresses.progress(this.#until(signal));
  }

  /** Null when it isn't done in time, or guardians can't be asked. @throws {WaitError} when `until` is aborted */
  async #within<T>(forMs: number, until: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T | null> {
    const late = new AbortController(), signal = AbortSignal.any([until, late.signal]);
    const timer = this.#env.platform.clock.setTimer(forMs, () => late.abort());
    try {
      return await orEnded(signal, () => work(signal));
    } catch (thrown) {
      if (until.aborted) throw endedBy(until);
      if (thrown instanceof WalletError || isEndBy(late.signal, thrown)) return null;
      throw thrown;
    } finally {
      timer.cancel();
    }
  }

  /**
   * Looks for deposits that have come since the last time, and claims them.
   * @throws {WalletError} `federation` · `no_feerate` · {WaitError}
   */
  look(signal?: AbortSignal): Promise<void> {
    return this.#deposits.look(this.#until(signal));
  }

  /** When deposits were last looked for, ms since the epoch, to the minute; null when that was never. */
  lastLookMs(): Promise<number | null> {
    return this.#deposits.lastLookMs();
  }

  /** Why deposits aren't looked for or claimed at the moment; null when that isn't so. */
  trouble(): Promise<string | null> {
    return Promise.resolve(this.#deposits.trouble);
  }

  /**
   * What of a deposit would arrive now. Changes nothing. @throws {WalletError} `no_feerate` · `federation` · `failed`
   */
  quoteDeposit(amountSat: bigint, signal?: AbortSignal): Promise<DepositQuote> {
    return this.#quotes.quoteDeposit(amountSat, this.#until(signal));
  }

  /** Deposits that aren't in the balance: on their way, failing, too small; the largest first. */
  deposits(): Promise<PendingDeposit[]> {
    return this.#deposits.list();
  }

  /**
   * Looks through everything that guardians have seen on the chain and tries each deposit that isn't in the balance at
   * once.
   * @throws {WalletError} `federation` · `no_feerate`
   */
  retryDeposits(signal?: AbortSignal): Promise<void> {
    return this.#deposits.retry(this.#until(signal));
  }

  /**
   * Waits for the next deposit that is claimed, and until its e-cash is in the wallet. Refused claims are passed over:
   * they are made again.
   * @param fromEventId position in the event log to look from
   * @returns the position after it, for the next call
   * @throws {WalletError} `not_issued`
   */
  async awaitReceive(
    fromEventId: number,
    signal?: AbortSignal,
  ): Promise<{ readonly operationId: OperationId; readonly nextEventId: number }> {
    const until = this.#until(signal);
    const { core, store } = this.#env;
    for await (const { id, kind, payload } of core.events(fromEventId, until)) {
      if (kind !== "payment-receive") continue;
      const operationId = operationIdOf(payload);
      if (!await this.#isReceived(operationId, until)) continue;
      const change = await store.read((tx) => getChange(tx, operationId));
      assert(change, "a claim's change is stored with its event");
      const issued = await core.awaitPrimaryOutputs(operationId, change, until);
      if (!issued.ok) throw WalletError.of("not_issued", { cause: new Error(issued.error) });
      return { operationId, nextEventId: id + 1 };
    }
    throw endedBy(until);
  }

  /** Did guardians accept the claim? */
  async #isReceived(operationId: OperationId, signal: AbortSignal): Promise<boolean> {
    const { core } = this.#env;
    for await (const { tag } of core.states(operationId, signal)) {
      if (tag === "ReceiveSuccess") return true;
      if (tag === "ReceiveAborted") return false;
    }
    throw endedBy(signal);
  }

  /**
   * What a payment costs and what arrives; whatever would refuse it refuses here, and nothing is stored.
   * @param amountSat what is to arrive; `all`: as much as can be
   * @throws {WalletError} `invalid_address` · `wrong_network` · `unsupported_address` · `dust_value` · `no_feerate` ·
   * `federation` · `fee_too_low` · `federation_short` · `insufficient_funds` · `failed`
   */
  quoteWithdraw(
    address: string,
    amountSat: bigint | "all",
    options: Pick<WithdrawOptions, "feeSat"> = {},
    signal?: AbortSignal,
  ): Promise<WithdrawQuote> {
    return this.#quotes.quote(address, amountSat, options.feeSat, this.#until(signal));
  }

  /**
   * Pays on chain what can be paid. Resolves when the operation is stored; `awaitSend` tells what became of it.
   * @param amountSat what arrives at the address; `all`: as much as can be
   * @throws {WalletError} what `quoteWithdraw` throws, before anything is stored · `fee_high` unless `highFee` or
   *   `feeSat` says so
   */
  async withdraw(
    address: string,
    amountSat: bigint | "all",
    options: WithdrawOptions = {},
    signal?: AbortSignal,
  ): Promise<OperationId> {
    const { feeSat, valueSat, isFeeHigh, pending } = await this.quoteWithdraw(address, amountSat, options, signal);
    if (isFeeHigh && options.feeSat === undefined && options.highFee !== true) {
      const why =
        `${feeSat} sat for ${valueSat} sat, with ${pending} transactions of the federation waiting for a block`;
      throw WalletError.of("fee_high", { cause: new Error(why) });
    }
    return await this.send(address, valueSat, { ...options, feeSat }, signal);
  }

  /**
   * Pays on chain as it is told, also where guardians will refuse: then the e-cash comes back, less fees. `withdraw`
   * looks first.
   * @param valueSat what arrives at the address
   * @throws {WalletError} `invalid_address` · `wrong_network` · `dust_value` · `unsupported_address` · `fee_too_low`
   * (negative) · `no_feerate` · `federation` · `insufficient_funds` · `failed`
   */
  async send(
    text: string,
    valueSat: bigint,
    options: Pick<WithdrawOptions, "feeSat" | "customMeta"> = {},
    signal?: AbortSignal,
  ): Promise<OperationId> {
    const { core, platform } = this.#env;
    const { address, destination } = this.#quotes.destination(text);
    this.#quotes.checkValue(valueSat);
    const feeSat = options.feeSat ?? await this.federation.sendFee(this.#until(signal));
    if (feeSat < 0n) throw WalletError.of("fee_too_low");
    const bundle = paymentBundle(this.#env, { destination, value: valueSat, fee: feeSat });
    if (!bundle) throw WalletError.of("insufficient_funds");
    const operationId = toHex(platform.dice.bytes(32)) as OperationId;
    const facts = {
      address,
      value: satoshi.toJson(valueSat),
      fee: satoshi.toJson(feeSat),
    };
    const submitted = await core.submit({
      operationId,
      inputs: [],
      outputs: [bundle],
      meta: (change) => ({
        Send: {
          change_outpoint_range: outPointRange.toJson(change),
          ...facts,
          custom_meta: options.customMeta ?? null,
        },
      }),
      also: (tx) => {
        tx.logEvent("payment-send", { operation_id: operationId, ...facts });
        return Promise.resolve();
      },
    });
    if (!submitted.ok) throw notSubmitted(submitted.error);
    return operationId;
  }

  /** Waits until guardians have made the transaction, or refused. @throws {WalletError} `unknown_operation` */
  async awaitSend(operationId: OperationId, signal?: AbortSignal): Promise<SendOutcome> {
    const until = this.#until(signal);
    const { core } = this.#env;
    if (!await core.operationExists(operationId)) throw WalletError.of("unknown_operation");
    for await (const state of core.states(operationId, until)) {
      if (state.tag === "SendSuccess") return { outcome: "success", txid: state.value };
      if (state.tag === "SendAborted") return { outcome: "aborted", reason: state.value };
      if (state.tag === "SendFailure") return { outcome: "failure" };
      if (state.tag !== "SendFunding") throw WalletError.of("unknown_operation");
    }
    throw endedBy(until);
  }

  /**
   * The most that the federation itself can pay with this fee: it refuses to be left with less than dust, so some
   * bitcoin always stays.
   * @throws {WalletError} `federation_short` when not even the least amount can be paid · `federation`
   */
  maxPayable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return this.#quotes.maxPayable(feeSat, this.#until(signal));
  }

  /**
   * The most that can be sent with this fee: as much as the balance pays for, and the federation can pay.
   * @throws {WalletError} `insufficient_funds`, `federation_short` when not even the least amount can be paid ·
   *   `federation` · `failed`
   */
  async maxSendable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return await this.#quotes.maxSendable(feeSat, await this.maxPayable(feeSat, signal));
  }
}

function operationIdOf(payload: Json): OperationId {
  assert(isJsonObject(payload), "an event's payload is an object");
  return operationIdCodec.fromJson(payload.operation_id ?? null);
}
