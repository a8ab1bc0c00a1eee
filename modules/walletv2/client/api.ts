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
import { endedBy, orEnded } from "../../contract/waiting.ts";
import type { Addresses, SearchProgress } from "./addresses.ts";
import { getChange } from "./db.ts";
import type { Deposits, PendingDeposit } from "./deposits.ts";
import { WalletError } from "./error.ts";
import type { WalletFederation } from "./federation.ts";
import type { SendOutcome } from "./outcome.ts";
import type { WithdrawQuote } from "./quote.ts";
import { notSubmitted, Quotes } from "./quote.ts";
import type { WalletClientEnv } from "./wallet.ts";
import { paymentBundle } from "./wallet.ts";
import { satoshi } from "../config.ts";

export type { PendingDeposit } from "./deposits.ts";
export type { SendOutcome } from "./outcome.ts";
export type { WithdrawQuote } from "./quote.ts";

export type WithdrawOptions = {
  /** What goes to the miners; by default what guardians ask for now (`federation.sendFee`). Given, it may be any share of the amount. */
  readonly feeSat?: bigint;
  /** Pays guardians' fee even if it is a large share of the amount. */
  readonly highFee?: boolean;
  /** Kept in the operation log. */
  readonly customMeta?: Json;
};

export class WalletClient {
  readonly #env: WalletClientEnv;
  readonly #addresses: Addresses;
  readonly #quotes: Quotes;
  /** Fees, fee rate, block count and transactions of the federation. */
  readonly federation: WalletFederation;
  readonly #deposits: Deposits;

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
   * An address to deposit to. The first one is searched for in the background and takes some seconds; another one is given out once it
   * was used. To wait for the deposit, take the event log's position before asking for the address.
   * @param options.onProgress called while the search goes on, with the number of indices tried; 65,536 are needed on average
   */
  async receive(
    options: { readonly onProgress?: SearchProgress; readonly signal?: AbortSignal } = {},
  ): Promise<string> {
    const until = this.#until(options.signal);
    const index = await orEnded(until, () => this.#addresses.awaitHighest(options.onProgress, until));
    return this.#addresses.textAt(index);
  }

  /** Deposits that aren't in the balance: on their way, failing, too small; the largest first. */
  deposits(): Promise<PendingDeposit[]> {
    return this.#deposits.list();
  }

  /**
   * Looks through everything that guardians have seen on the chain and tries each deposit that isn't in the balance at once.
   * @throws {WalletError} `federation` · `no_feerate`
   */
  retryDeposits(signal?: AbortSignal): Promise<void> {
    return this.#deposits.retry(this.#until(signal));
  }

  /**
   * Waits for the next deposit that is claimed, and until its e-cash is in the wallet. Refused claims are passed over: they are made again.
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
   * @throws {WalletError} `invalid_address` · `wrong_network` · `unsupported_address` · `dust_value` · `no_feerate` · `federation` ·
   * `fee_too_low` · `federation_short` · `insufficient_funds` · `failed`
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
   * @throws {WalletError} what `quoteWithdraw` throws, before anything is stored · `fee_high` unless `highFee` or `feeSat` says so
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
   * Pays on chain as it is told, also where guardians will refuse: then the e-cash comes back, less fees. `withdraw` looks first.
   * @param valueSat what arrives at the address
   * @throws {WalletError} `invalid_address` · `wrong_network` · `dust_value` · `unsupported_address` · `fee_too_low` (negative) ·
   * `no_feerate` · `federation` · `insufficient_funds` · `failed`
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

  /** @throws {WalletError} `unknown_operation` */
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
   * The most that the federation itself can pay with this fee: it refuses to be left with less than dust, so some bitcoin always stays.
   * @throws {WalletError} `federation_short` when not even the least amount can be paid · `federation`
   */
  maxPayable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return this.#quotes.maxPayable(feeSat, this.#until(signal));
  }

  /**
   * The most that can be sent with this fee: as much as the balance pays for, and the federation can pay.
   * @throws {WalletError} `insufficient_funds`, `federation_short` when not even the least amount can be paid · `federation` · `failed`
   */
  async maxSendable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return await this.#quotes.maxSendable(feeSat, await this.maxPayable(feeSat, signal));
  }
}

function operationIdOf(payload: Json): OperationId {
  assert(isJsonObject(payload), "an event's payload is an object");
  return operationIdCodec.fromJson(payload.operation_id ?? null);
}
