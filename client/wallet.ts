/** A wallet of one federation, as applications use it: `Client` with names for what people do. */
import type { Json } from "../core/encoding/mod.ts";
import type { Result } from "../core/result.ts";
import { err, ok } from "../core/result.ts";
import type { OperationId } from "../core/types/ids.ts";
import type { PendingMoney } from "../modules/contract/client.ts";
import type { LostNote, MintClient, ReceiveQuote, SendQuote } from "../modules/mintv2/client/api.ts";
import { mintv2Client } from "../modules/mintv2/client.ts";
import { ecashAmount, parseEcash } from "../modules/mintv2/ecash.ts";
import type {
  AddressOptions,
  BitcoinFees,
  DepositEvent,
  DepositQuote,
  DepositsState,
  PendingDeposit,
  TxInfo,
  Withdrawal,
  WithdrawOptions,
  WithdrawQuote,
} from "./bitcoin.ts";
import * as bitcoin from "./bitcoin.ts";
import { modulePrefix } from "./core/database.ts";
import type { NumberedEvent } from "./logs/events.ts";
import { followEvents } from "./logs/events.ts";
import type { Operation, OperationsOptions } from "./operation.ts";
import { OperationHandle, readOperations } from "./operation.ts";
import { readEcash } from "./pasted.ts";
import { LightningWallet } from "./lightning/wallet.ts";

/** E-cash that was taken out of the wallet. */
export type Spent = {
  readonly operationId: OperationId;
  /** Whoever has it has the money. Secret. */
  readonly ecash: string;
  /**
   * Of a wallet with hundreds of small notes: more texts, as nobody could redeem so many notes of one. They belong to
   * the amount. Secret.
   */
  readonly further: readonly string[];
  /** What all are worth: the asked amount, rounded up to 512 msat. */
  readonly amountMsat: bigint;
};

/** How to send or receive. */
export type PayOptions = {
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

/** One federation's e-cash, and all that can be done with it. Made by `openClient`. */
export class FederationClient extends LightningWallet {
  /** E-cash that can be spent now, msat. @throws {ClientError} `not_joined` · `no_primary_module` */
  getBalance(): Promise<bigint> {
    return this.client.balanceMsat();
  }

  /**
   * Money that is in no balance: on its way in, on its way out, in doubt.
   * @param kinds of modules of these alone; default: of all
   */
  getPending(kinds?: readonly string[]): Promise<PendingMoney> {
    return this.client.pending(kinds);
  }

  /** The balance now, then each time it is another. Ends when the signal is aborted. */
  async *subscribeBalance(signal?: AbortSignal): AsyncGenerator<bigint> {
    const { store } = this.client.options;
    const notes = modulePrefix(this.client.primary().instance);
    let lastMsat: bigint | null = null;
    for (;;) {
      // registered before reading, so that nothing in between is missed
      const stop = new AbortController();
      const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
      const changed = store.changed(notes, either).then(() => true, () => false);
      try {
        const balanceMsat = await this.getBalance();
        if (balanceMsat !== lastMsat) yield lastMsat = balanceMsat;
        if (!await changed) return;
      } finally {
        stop.abort();
      }
    }
  }

  #mint(): MintClient {
    return this.client.use(mintv2Client);
  }

  /**
   * Takes notes of this amount out of the wallet as text. They are gone from it when this resolves: the text is in the
   * operation log, should it get lost.
   * @throws {EcashError} `zero_amount` · `insufficient_balance` · `offline` (notes that fit must be exchanged first) ·
   *   `failed`
   */
  async spend(amountMsat: bigint, options: PayOptions & { readonly includeInvite?: boolean } = {}): Promise<Spent> {
    const { meta = null, includeInvite = false, signal } = options;
    const sent = await this.client.finish(
      signal,
      (until) => this.#mint().send(amountMsat, { customMeta: meta, includeInvite }, until),
    );
    const { operationId, texts: [ecash, ...further] } = sent;
    const amountsMsat = sent.texts.map((text) => ecashAmount(parseEcash(text)));
    return { operationId, ecash, further, amountMsat: amountsMsat.reduce((sum, msat) => sum + msat, 0n) };
  }

  /**
   * Redeems e-cash. When this resolves the redemption is on its way, and goes on after a crash.
   * @throws {EcashError} `wrong_federation` · `wrong_unit` · `zero_amount` · `repeated_note` · `uneconomical` (nothing
   * would arrive) · `invalid_signature` · `already_received` · `failed` · {PastedError}
   */
  async receive(ecash: string, options: PayOptions = {}): Promise<{ operationId: OperationId; amountMsat: bigint }> {
    const { text, amountMsat } = readEcash(ecash);
    const { signal, meta = null } = options;
    return { operationId: await this.client.finish(signal, () => this.#mint().receive(text, meta)), amountMsat };
  }

  /**
   * What `spend` would cost now; asks nobody. @throws {EcashError} `zero_amount` · `insufficient_balance` · `failed`
   */
  quoteSpend(amountMsat: bigint): Promise<SendQuote> {
    return this.#mint().quoteSend(amountMsat);
  }

  /**
   * What of e-cash would arrive now; asks nobody: it may be forged, or spent.
   * @throws {EcashError} as `receive` · {PastedError}
   */
  async quoteReceive(ecash: string): Promise<ReceiveQuote> {
    return await this.#mint().quoteReceive(readEcash(ecash).text);
  }

  /**
   * What an operation has brought into the balance so far, msat: e-cash received, change, what came back of a refusal.
   */
  broughtBy(operationId: OperationId): Promise<bigint> {
    return this.#mint().broughtMsat(operationId);
  }

  /** E-cash that didn't come back when its transaction was refused. */
  failedRefunds(): Promise<LostNote[]> {
    return this.#mint().failedRefunds();
  }

  /**
   * Asks for all of it once more, in an operation of its own; null when there is none. `awaitNotes` waits for what
   * becomes of it.
   */
  retryRefunds(): Promise<OperationId | null> {
    return this.#mint().retryRefunds();
  }

  /**
   * Exchanges many notes for few, for a fee a note: smaller texts, quicker payments. Payments do it by themselves when
   * they must. The error says why there is nothing to gain, or why guardians refused.
   */
  consolidate(signal?: AbortSignal): Promise<Result<null, string>> {
    return this.#mint().consolidate(signal);
  }

  /** Waits until the money is in the balance; the error says why guardians refused it. */
  async awaitReceive(operationId: OperationId, signal?: AbortSignal): Promise<Result<null, string>> {
    const outcome = await this.client.wait(signal, (until) => this.#mint().awaitReceive(operationId, until));
    if (!outcome.ok) return err(outcome.error);
    await this.awaitNotes(operationId, signal);
    return ok(null);
  }

  /**
   * Waits until nothing of an operation is under way any more: its notes are in the balance, or never will be.
   * @throws {WaitError} `aborted` · `closed` · `unknown_operation`
   */
  awaitNotes(operationId: OperationId, signal?: AbortSignal): Promise<void> {
    return this.client.awaitOperation(operationId, signal);
  }

  /**
   * A Bitcoin address; what is paid to it comes into the balance by itself. The very first one takes some seconds to
   * find.
   */
  depositAddress(options: AddressOptions = {}): Promise<string> {
    return this.client.wait(options.signal, (signal) => bitcoin.depositAddress(this.client, { ...options, signal }));
  }

  /** Deposits as they come, from a position in the event log on. Ends when the signal is aborted. */
  deposits(fromEventId: number, signal?: AbortSignal): AsyncGenerator<DepositEvent> {
    return bitcoin.deposits(this.client, fromEventId, signal);
  }

  /** What of a deposit would arrive in the balance now. @throws {WalletError} `no_feerate` · `federation` · `failed` */
  quoteDeposit(amountSat: bigint, signal?: AbortSignal): Promise<DepositQuote> {
    return this.client.wait(signal, (until) => bitcoin.quoteDeposit(this.client, amountSat, until));
  }

  /** On-chain fees of a withdrawal and of a deposit now. @throws {WalletError} `no_feerate` · `federation` */
  bitcoinFees(signal?: AbortSignal): Promise<BitcoinFees> {
    return this.client.wait(signal, (until) => bitcoin.bitcoinFees(this.client, until));
  }

  /**
   * The most that can be withdrawn with this fee, sat: as much as the balance pays for, and the federation can pay.
   * @throws {WalletError} `insufficient_funds` · `federation_short` · `federation`
   */
  maxWithdrawable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return this.client.wait(signal, (until) => bitcoin.maxWithdrawable(this.client, feeSat, until));
  }

  /**
   * The most that the federation can pay to anybody, sat: some bitcoin must stay.
   * @throws {WalletError} `federation_short` · `federation`
   */
  maxPayable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return this.client.wait(signal, (until) => bitcoin.maxPayable(this.client, feeSat, until));
  }

  /**
   * Deposits that aren't in the balance, with the reason: on their way, failing, too small for the fee; the largest
   * first.
   */
  pendingDeposits(): Promise<PendingDeposit[]> {
    return bitcoin.pendingDeposits(this.client);
  }

  /**
   * Looks for what has come since the last time, and waits for its claims.
   * @throws {WalletError} `federation` · `no_feerate`
   */
  lookForDeposits(signal?: AbortSignal): Promise<void> {
    return this.client.wait(signal, (until) => bitcoin.lookForDeposits(this.client, until));
  }

  /** When deposits were last looked for, and why they aren't at the moment. */
  depositsState(): Promise<DepositsState> {
    return bitcoin.depositsState(this.client);
  }

  /**
   * Looks for all deposits again and tries each that isn't in the balance at once.
   * @throws {WalletError} `federation` · `no_feerate`
   */
  retryDeposits(signal?: AbortSignal): Promise<void> {
    return bitcoin.retryDeposits(this.client, signal);
  }

  /**
   * Bitcoin transactions of the federation that no block holds yet, newest first; withdrawals wait for those before
   * them.
   */
  bitcoinQueue(signal?: AbortSignal): Promise<TxInfo[]> {
    return bitcoin.bitcoinQueue(this.client, signal);
  }

  /**
   * What a withdrawal costs and what arrives; whatever would refuse it refuses here, and nothing is paid.
   * @throws {WalletError} `invalid_address` · `wrong_network` · `unsupported_address` · `dust_value` · `no_feerate` ·
   * `federation` · `fee_too_low` · `federation_short` · `insufficient_funds` · `failed`
   */
  quoteWithdraw(
    address: string,
    amountSat: bigint | "all",
    options: Pick<WithdrawOptions, "feeSat" | "signal"> = {},
  ): Promise<WithdrawQuote> {
    return bitcoin.quoteWithdraw(this.client, address, amountSat, options);
  }

  /**
   * Pays to a Bitcoin address. When this resolves the payment is on its way; `awaitWithdraw` tells what becomes of it.
   * @param amountSat what arrives; `all`: as much as can be
   * @throws {WalletError} what `quoteWithdraw` throws, before anything is paid · `fee_high` unless `highFee` or
   *   `feeSat` says so
   */
  withdraw(address: string, amountSat: bigint | "all", options: WithdrawOptions = {}): Promise<OperationId> {
    return this.client.finish(
      options.signal,
      (signal) => bitcoin.withdraw(this.client, address, amountSat, { ...options, signal }),
    );
  }

  /**
   * Waits until the federation has signed the Bitcoin transaction, or refused.
   * @throws {WalletError} `unknown_operation`
   */
  awaitWithdraw(operationId: OperationId, signal?: AbortSignal): Promise<Withdrawal> {
    return this.client.wait(signal, (until) => bitcoin.awaitWithdraw(this.client, operationId, until));
  }

  /** What was done, newest first, a page at a time; an empty page is the end. */
  operations(options: OperationsOptions = {}): Promise<Operation[]> {
    return this.client.options.store.read((tx) => readOperations(tx, options));
  }

  /** One operation, to look at and to follow. Asks nothing yet: `state` tells whether this wallet has it. */
  operation(operationId: OperationId): OperationHandle {
    return new OperationHandle(this.client, operationId);
  }

  /** Position after the newest event. */
  nextEventId(): Promise<number> {
    return this.client.nextEventId();
  }

  /** Events from a position on, live. Ends when the signal is aborted. */
  events(fromEventId = 0, signal?: AbortSignal): AsyncGenerator<NumberedEvent> {
    return followEvents(this.client.options.store, fromEventId, signal);
  }
}
