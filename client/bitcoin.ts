/** Bitcoin on chain, as applications use it: thin over the wallet module. */
import type { Json, JsonObject } from "../core/encoding/mod.ts";
import { isJsonObject } from "../core/encoding/mod.ts";
import type { BitcoinTxid, OperationId } from "../core/types/ids.ts";
import { operationId as operationIdCodec } from "../core/types/ids.ts";
import type { DepositQuote, PendingDeposit, WalletClient, WithdrawQuote } from "../modules/walletv2/client/api.ts";
import type { TxInfo } from "../modules/walletv2/common.ts";
import { walletv2Client } from "../modules/walletv2/client.ts";
import { WALLETV2_KIND } from "../modules/walletv2/common.ts";
import { satoshi } from "../modules/walletv2/config.ts";
import type { Client } from "./core/client.ts";
import type { NumberedEvent } from "./logs/events.ts";
import { followEvents } from "./logs/events.ts";

export type { DepositQuote, PendingDeposit, WithdrawQuote } from "../modules/walletv2/client/api.ts";
export type { TxInfo } from "../modules/walletv2/common.ts";

/** What is happening to money on its way in. `eventId`: position in the event log, to go on from. */
export type DepositEvent =
  & { readonly eventId: number; readonly operationId: OperationId }
  & (
    /** The federation has it; the wallet claims it. */
    | {
      readonly status: "claiming";
      readonly valueSat: bigint;
      readonly feeSat: bigint;
      readonly address: string;
    }
    /** Guardians took the claim: e-cash is being issued. */
    | { readonly status: "claimed" }
    /** Guardians refused the claim; the wallet makes another by itself. */
    | { readonly status: "aborted" }
  );

/** What became of a withdrawal. `failure`: guardians accepted it, and no transaction of theirs is known. */
export type Withdrawal =
  | { readonly outcome: "success"; readonly txid: BitcoinTxid }
  | { readonly outcome: "aborted"; readonly reason: string }
  | { readonly outcome: "failure" };

function walletOf(client: Client): WalletClient {
  return client.use(walletv2Client);
}

/** How to wait for an address. */
export type AddressOptions = {
  /** Called while the search for the first address goes on: indices tried of about 65,536. */
  readonly onProgress?: (tried: number) => void;
  readonly signal?: AbortSignal;
};

export async function depositAddress(client: Client, { onProgress, signal }: AddressOptions): Promise<string> {
  const wallet = walletOf(client);
  if (!onProgress) return await wallet.receive(signal);
  const found = new AbortController();
  const told = tell(wallet.searchProgress(found.signal), onProgress);
  try {
    return await Promise.race([wallet.receive(signal), told]);
  } finally {
    found.abort();
  }
}

/** Never resolves: rejects with what `listener` throws, and when there is nothing more to tell of. */
async function tell<T>(told: AsyncIterable<T>, listener: (value: T) => void): Promise<never> {
  for await (const value of told) listener(value);
  return await new Promise(() => {});
}

/** On-chain fees as guardians ask for them now: of a payment, and of a deposit. */
export type BitcoinFees = { readonly sendSat: bigint; readonly receiveSat: bigint };

export async function bitcoinFees(client: Client, signal?: AbortSignal): Promise<BitcoinFees> {
  const { federation } = walletOf(client);
  return { sendSat: await federation.sendFee(signal), receiveSat: await federation.receiveFee(signal) };
}

/** How to pay on chain. */
export type WithdrawOptions = {
  /** What goes to the miners; default: what guardians ask for now. Given, it may be any share of the amount. */
  readonly feeSat?: bigint;
  /** Pays guardians' fee even if it is a large share of the amount. */
  readonly highFee?: boolean;
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

export function quoteWithdraw(
  client: Client,
  address: string,
  amountSat: bigint | "all",
  { feeSat, signal }: Pick<WithdrawOptions, "feeSat" | "signal">,
): Promise<WithdrawQuote> {
  return walletOf(client).quoteWithdraw(address, amountSat, feeSat === undefined ? {} : { feeSat }, signal);
}

export function quoteDeposit(client: Client, amountSat: bigint, signal?: AbortSignal): Promise<DepositQuote> {
  return walletOf(client).quoteDeposit(amountSat, signal);
}

export function withdraw(
  client: Client,
  address: string,
  amountSat: bigint | "all",
  { meta = null, signal, ...options }: WithdrawOptions,
): Promise<OperationId> {
  return walletOf(client).withdraw(address, amountSat, { ...options, customMeta: meta }, signal);
}

export function pendingDeposits(client: Client): Promise<PendingDeposit[]> {
  return walletOf(client).deposits();
}

/** In a federation without bitcoin there is nothing to look for. */
export async function lookForDeposits(client: Client, signal: AbortSignal): Promise<void> {
  if (hasBitcoin(client)) await walletOf(client).look(signal);
}

/**
 * `lastLookMs`: since the epoch, to the minute; null when never. `trouble`: why nothing is looked for or claimed at the
 * moment.
 */
export type DepositsState = { readonly lastLookMs: number | null; readonly trouble: string | null };

export async function depositsState(client: Client): Promise<DepositsState> {
  if (!hasBitcoin(client)) return { lastLookMs: null, trouble: null };
  const wallet = walletOf(client);
  return { lastLookMs: await wallet.lastLookMs(), trouble: await wallet.trouble() };
}

function hasBitcoin(client: Client): boolean {
  return client.modules().some(({ kind, active }) => active && kind === WALLETV2_KIND);
}

export function retryDeposits(client: Client, signal?: AbortSignal): Promise<void> {
  return walletOf(client).retryDeposits(signal);
}

/** Newest first. */
export function bitcoinQueue(client: Client, signal?: AbortSignal): Promise<TxInfo[]> {
  return walletOf(client).federation.pendingChain(signal);
}

export function awaitWithdraw(client: Client, operationId: OperationId, signal?: AbortSignal): Promise<Withdrawal> {
  return walletOf(client).awaitSend(operationId, signal);
}

export function maxWithdrawable(client: Client, feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
  return walletOf(client).maxSendable(feeSat, signal);
}

export function maxPayable(client: Client, feeSat: bigint, signal?: AbortSignal): Promise<bigint> {
  return walletOf(client).maxPayable(feeSat, signal);
}

function depositOf({ id: eventId, kind, module, payload }: NumberedEvent): DepositEvent | null {
  if (module?.kind !== WALLETV2_KIND || !isJsonObject(payload)) return null;
  if (kind !== "payment-receive" && kind !== "payment-receive-update") return null;
  const operationId = operationIdCodec.fromJson(payload["operation_id"] ?? null);
  if (kind === "payment-receive") return { eventId, operationId, status: "claiming", ...factsOf(payload) };
  return { eventId, operationId, status: payload["status"] === "Success" ? "claimed" : "aborted" };
}

function factsOf({ value, fee, address }: JsonObject): { valueSat: bigint; feeSat: bigint; address: string } {
  return {
    valueSat: satoshi.fromJson(value ?? null),
    feeSat: satoshi.fromJson(fee ?? null),
    address: typeof address === "string" ? address : "",
  };
}

/** Deposits as they come, from a position in the event log on; ends when the signal is aborted. */
export async function* deposits(
  client: Client,
  fromEventId: number,
  signal?: AbortSignal,
): AsyncGenerator<DepositEvent> {
  for await (const event of followEvents(client.options.store, fromEventId, signal)) {
    const deposit = depositOf(event);
    if (deposit) yield deposit;
  }
}
