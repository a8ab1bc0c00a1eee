/**
 * The client as a library for applications: a wallet of one federation's e-cash.
 *
 * ```ts no_run
 * import { openClient } from "./mod.ts";
 *
 * const wallet = await openClient({ dir: "./wallet" }); // made when there is none; one process at a time
 * if (!wallet.isJoined) await wallet.join("fed11qgqz…"); // makes 12 words and keeps them: show wallet.words() to the owner
 *
 * const address = await wallet.depositAddress(); // pay to it; the money comes by itself
 * for await (const msat of wallet.subscribeBalance()) if (msat >= 100_000n) break;
 *
 * const { ecash } = await wallet.spend(100_000n); // 100 sat; whoever has the text has the money
 * const { operationId } = await wallet.receive("fedimint1qx…"); // stored: it goes on after a crash
 * const outcome = await wallet.awaitReceive(operationId); // { ok: false, error } says why it was refused
 *
 * const payment = await wallet.withdraw("bc1q…", 20_000n); // sat; on its way
 * await wallet.awaitWithdraw(payment); // { outcome: "success", txid }
 *
 * await wallet.close();
 * ```
 *
 * Amounts are millisatoshi of bitcoin unless a name says sat. A call that moves money resolves when what it does is on disk; from
 * there on it is done, whatever happens to the process. Errors are typed: `ClientError`, `EcashError`, `ApiError`, each with a `code`.
 * Every promise settles: when its signal is aborted or the client is closed it rejects with `WaitError` `aborted` or `closed`, and a wait
 * for an operation that this client doesn't have with `unknown_operation`; live sequences end.
 */
import type { LogSink } from "../actors/logger.ts";
import type { Platform } from "../actors/platform/platform.ts";
import { realPlatform } from "../actors/platform/real.ts";
import type { Store } from "../actors/store/mod.ts";
import { openKvStore } from "../actors/store/mod.ts";
import type { BitcoinNetwork } from "../core/bitcoin/mod.ts";
import type { Json } from "../core/encoding/mod.ts";
import type { Result } from "../core/result.ts";
import { err, ok } from "../core/result.ts";
import type { ClientConfig } from "../core/types/client_config.ts";
import { federationName } from "../core/types/client_config.ts";
import type { FederationId, OperationId, PeerId } from "../core/types/ids.ts";
import type { AnyClientModuleDefinition, PendingMoney } from "../modules/contract/client.ts";
import type { LostNote, MintClient, ReceiveQuote, SendQuote } from "../modules/mintv2/client/api.ts";
import { ecashAmount, parseEcash } from "../modules/mintv2/ecash.ts";
import type {
  AddressOptions,
  BitcoinFees,
  DepositEvent,
  DepositsState,
  PendingDeposit,
  TxInfo,
  Withdrawal,
  WithdrawOptions,
  WithdrawQuote,
} from "./bitcoin.ts";
import * as bitcoin from "./bitcoin.ts";
import type { JoinOutcome } from "./core/client.ts";
import { Client } from "./core/client.ts";
import { modulePrefix } from "./core/database.ts";
import { databasePath } from "./core/database_path.ts";
import type { NumberedEvent } from "./logs/events.ts";
import { followEvents } from "./logs/events.ts";
import type { OperationEntry } from "./logs/operations.ts";
import { getOperation, listOperations } from "./logs/operations.ts";
import type { OperationTransaction } from "./logs/transactions.ts";
import { operationTransactions } from "./logs/transactions.ts";
import { builtInModules } from "./modules.ts";
import { networkOf } from "./federation/network.ts";
import { readEcash, readInviteCode } from "./pasted.ts";

export type {
  AddressOptions,
  BitcoinFees,
  DepositEvent,
  DepositsState,
  PendingDeposit,
  TxInfo,
  Withdrawal,
  WithdrawOptions,
  WithdrawQuote,
} from "./bitcoin.ts";
export type { JoinOutcome } from "./core/client.ts";
export type { Renewal } from "./federation/renew.ts";
export { ClientError } from "./error.ts";
export type { Pasted, PastedAddress, Wanted } from "./pasted.ts";
export { parsePasted, PastedError, readBitcoinAddress, readEcash, readInviteCode, readSetupCode } from "./pasted.ts";
export { WaitError } from "../modules/contract/waiting.ts";
export type { NumberedEvent } from "./logs/events.ts";
export type { OperationEntry } from "./logs/operations.ts";
export type { OperationTransaction } from "./logs/transactions.ts";
export type { PendingMoney } from "../modules/contract/client.ts";
export { builtInModules } from "./modules.ts";

const MINT_KIND = "mintv2";

export type OpenClientOptions =
  & {
    /** Default: the machine's own. */
    readonly platform?: Platform;
    /** Default: all that are built in. */
    readonly modules?: readonly AnyClientModuleDefinition[];
    /** Default: nothing is logged. */
    readonly log?: LogSink;
    /** Own guardian, for the modules' admin calls. `password` is secret. */
    readonly admin?: { readonly peer: PeerId; readonly password: string };
    /** Looks for deposits every second. */
    readonly testEnvironment?: boolean;
  }
  & (
    /** Folder of the database; made when there is none. */
    | { readonly dir: string }
    /** Closed with the client. */
    | { readonly store: Store }
  );

/** @throws {StoreError} `locked` and others · {ClientError} `wrong_secret` · `no_common_version` */
export async function openClient(options: OpenClientOptions): Promise<FederationClient> {
  const { platform = realPlatform(), modules = builtInModules, log = () => {}, admin, testEnvironment = false } =
    options;
  const store = "store" in options ? options.store : await openFolder(options.dir, platform);
  try {
    const client = await Client.open({ platform, store, modules, log, testEnvironment, ...(admin && { admin }) });
    return new FederationClient(client);
  } catch (thrown) {
    await store.close();
    throw thrown;
  }
}

async function openFolder(dir: string, platform: Platform): Promise<Store> {
  await platform.files.makeDirectory(dir, { secret: true });
  return await openKvStore({ path: databasePath(dir), platform });
}

/** E-cash that was taken out of the wallet. */
export type Spent = {
  readonly operationId: OperationId;
  /** Whoever has it has the money. Secret. */
  readonly ecash: string;
  /** Of a wallet with hundreds of small notes: more texts, as nobody could redeem so many notes of one. They belong to the amount. Secret. */
  readonly further: readonly string[];
  /** What all are worth: the asked amount, rounded up to 512 msat. */
  readonly amountMsat: bigint;
};

/** An entry of the operation log, with the transactions that the operation made and what each cost. */
export type Operation = OperationEntry & { readonly transactions: readonly OperationTransaction[] };

export type PayOptions = {
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

export class FederationClient {
  /** Everything below: modules, guardians' API, store. */
  readonly client: Client;

  constructor(client: Client) {
    this.client = client;
  }

  get isJoined(): boolean {
    return this.client.isJoined;
  }

  /**
   * Joins the federation. With another invite code of the federation that it has joined a wallet learns where guardians are now, and their
   * API's secret: for one that is shut out (`unauthorized`), or whose guardians have all moved. The money stays where it is.
   * @throws {ClientError} `already_joined` (another federation) · `no_answer` · `wrong_federation` · `no_common_version` · {PastedError} ·
   * {ApiError} `unauthorized` (another secret is wanted) and others; whatever is thrown, the wallet is as it was
   */
  async join(inviteCode: string, signal?: AbortSignal): Promise<JoinOutcome> {
    return await this.client.join(readInviteCode(inviteCode), signal);
  }

  /** The 12 words that all money here comes from. Secret. */
  words(): Promise<string> {
    return this.client.words();
  }

  get federationId(): FederationId {
    return this.client.running.federationId;
  }

  get config(): ClientConfig {
    return this.client.running.joined.config;
  }

  get federationName(): string | null {
    return federationName(this.config);
  }

  /** Null when the federation has no Bitcoin wallet that this client knows. */
  get network(): BitcoinNetwork | null {
    return networkOf(this.config);
  }

  /** For others to join with, through this guardian. @throws {ClientError} `invalid` */
  inviteCode(peer: PeerId = 0): string {
    return this.client.inviteCode(peer);
  }

  getBalance(): Promise<bigint> {
    return this.client.balanceMsat();
  }

  /** Money that is in no balance: on its way in, on its way out, in doubt. */
  getPending(): Promise<PendingMoney> {
    return this.client.pending();
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
    return this.client.module(MINT_KIND).module.api as MintClient;
  }

  /**
   * Takes notes of this amount out of the wallet as text. They are gone from it when this resolves: the text is in the operation log,
   * should it get lost.
   * @throws {EcashError} `zero_amount` · `insufficient_balance` · `offline` (notes that fit must be exchanged first) · `failed`
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
   * @throws {EcashError} `wrong_federation` · `wrong_unit` · `zero_amount` · `repeated_note` · `uneconomical` (nothing would arrive) ·
   * `invalid_signature` · `already_received` · `failed` · {PastedError}
   */
  async receive(ecash: string, options: PayOptions = {}): Promise<{ operationId: OperationId; amountMsat: bigint }> {
    const { text, amountMsat } = readEcash(ecash);
    const { signal, meta = null } = options;
    return { operationId: await this.client.finish(signal, () => this.#mint().receive(text, meta)), amountMsat };
  }

  /** What `spend` would cost now; asks nobody. @throws {EcashError} `zero_amount` · `insufficient_balance` · `failed` */
  quoteSpend(amountMsat: bigint): Promise<SendQuote> {
    return this.#mint().quoteSend(amountMsat);
  }

  /** What of e-cash would arrive now; asks nobody: it may be forged, or spent. @throws {EcashError} as `receive` · {PastedError} */
  async quoteReceive(ecash: string): Promise<ReceiveQuote> {
    return await this.#mint().quoteReceive(readEcash(ecash).text);
  }

  /** What an operation has brought into the balance so far, msat: e-cash received, change, what came back of a refusal. */
  broughtBy(operationId: OperationId): Promise<bigint> {
    return this.#mint().broughtMsat(operationId);
  }

  /** E-cash that didn't come back when its transaction was refused. */
  failedRefunds(): Promise<LostNote[]> {
    return this.#mint().failedRefunds();
  }

  /** Asks for all of it once more, in an operation of its own; null when there is none. `awaitNotes` waits for what becomes of it. */
  retryRefunds(): Promise<OperationId | null> {
    return this.#mint().retryRefunds();
  }

  /**
   * Exchanges many notes for few, for a fee a note: smaller texts, quicker payments. Payments do it by themselves when they must.
   * The error says why there is nothing to gain, or why guardians refused.
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

  /** A Bitcoin address; what is paid to it comes into the balance by itself. The very first one takes some seconds to find. */
  depositAddress(options: AddressOptions = {}): Promise<string> {
    return this.client.wait(options.signal, (signal) => bitcoin.depositAddress(this.client, { ...options, signal }));
  }

  /** Deposits as they come, from a position in the event log on. Ends when the signal is aborted. */
  deposits(fromEventId: number, signal?: AbortSignal): AsyncGenerator<DepositEvent> {
    return bitcoin.deposits(this.client, fromEventId, signal);
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

  /** The most that the federation can pay to anybody, sat: some bitcoin must stay. @throws {WalletError} `federation_short` · `federation` */
  maxPayable(feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
    return this.client.wait(signal, (until) => bitcoin.maxPayable(this.client, feeSat, until));
  }

  /** Deposits that aren't in the balance, with the reason: on their way, failing, too small for the fee; the largest first. */
  pendingDeposits(): Promise<PendingDeposit[]> {
    return bitcoin.pendingDeposits(this.client);
  }

  /** Looks for what has come since the last time, and waits for its claims. @throws {WalletError} `federation` · `no_feerate` */
  lookForDeposits(signal?: AbortSignal): Promise<void> {
    return this.client.wait(signal, (until) => bitcoin.lookForDeposits(this.client, until));
  }

  /** When deposits were last looked for, and why they aren't at the moment. */
  depositsState(): Promise<DepositsState> {
    return bitcoin.depositsState(this.client);
  }

  /** Looks for all deposits again and tries each that isn't in the balance at once. @throws {WalletError} `federation` · `no_feerate` */
  retryDeposits(signal?: AbortSignal): Promise<void> {
    return bitcoin.retryDeposits(this.client, signal);
  }

  /** Bitcoin transactions of the federation that no block holds yet, newest first; withdrawals wait for those before them. */
  bitcoinQueue(signal?: AbortSignal): Promise<TxInfo[]> {
    return bitcoin.bitcoinQueue(this.client, signal);
  }

  /**
   * What a withdrawal costs and what arrives; whatever would refuse it refuses here, and nothing is paid.
   * @throws {WalletError} `invalid_address` · `wrong_network` · `unsupported_address` · `dust_value` · `no_feerate` · `federation` ·
   * `fee_too_low` · `federation_short` · `insufficient_funds` · `failed`
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
   * @throws {WalletError} what `quoteWithdraw` throws, before anything is paid · `fee_high` unless `highFee` or `feeSat` says so
   */
  withdraw(address: string, amountSat: bigint | "all", options: WithdrawOptions = {}): Promise<OperationId> {
    return this.client.finish(
      options.signal,
      (signal) => bitcoin.withdraw(this.client, address, amountSat, { ...options, signal }),
    );
  }

  /** Waits until the federation has signed the Bitcoin transaction, or refused. @throws {WalletError} `unknown_operation` */
  awaitWithdraw(operationId: OperationId, signal?: AbortSignal): Promise<Withdrawal> {
    return this.client.wait(signal, (until) => bitcoin.awaitWithdraw(this.client, operationId, until));
  }

  /** What was done, newest first. @param options.before the last entry of the page before */
  operations(
    options: { readonly limit?: number; readonly before?: Pick<OperationEntry, "createdUs" | "operationId"> } = {},
  ): Promise<Operation[]> {
    const { limit = 100, before } = options;
    return this.client.options.store.read(async (tx) => {
      const operations: Operation[] = [];
      for (const entry of await listOperations(tx, { limit, ...(before && { before }) })) {
        operations.push({ ...entry, transactions: await operationTransactions(tx, entry.operationId) });
      }
      return operations;
    });
  }

  operation(operationId: OperationId): Promise<Operation | undefined> {
    return this.client.options.store.read(async (tx) => {
      const entry = await getOperation(tx, operationId);
      return entry && { ...entry, transactions: await operationTransactions(tx, operationId) };
    });
  }

  /** Position after the newest event. */
  nextEventId(): Promise<number> {
    return this.client.nextEventId();
  }

  /** Events from a position on, live. Ends when the signal is aborted. */
  events(fromEventId = 0, signal?: AbortSignal): AsyncGenerator<NumberedEvent> {
    return followEvents(this.client.options.store, fromEventId, signal);
  }

  /** Stops everything in order and closes the database. */
  close(): Promise<void> {
    return this.client.close();
  }
}
