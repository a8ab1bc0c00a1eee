/**
 * Bitcoin on chain, as applications use it: over the wallet module's commands and events, whose JSON is fixed (sheet "command line" 6,
 * "client" D.4).
 */
import type { Json, JsonObject } from "../core/encoding/mod.ts";
import { isJsonObject } from "../core/encoding/mod.ts";
import type { OperationId } from "../core/types/ids.ts";
import type { Client } from "./client.ts";
import { ClientError } from "./error.ts";
import type { NumberedEvent } from "./logs/events.ts";
import { followEvents } from "./logs/events.ts";

const WALLET_KIND = "walletv2";

/** What is happening to money on its way in. */
export type DepositEvent =
  /** The federation has it; the wallet claims it. */
  | {
    readonly status: "claiming";
    readonly operationId: OperationId;
    readonly valueSat: bigint;
    readonly feeSat: bigint;
    readonly address: string;
  }
  /** The e-cash for it is accepted. */
  | { readonly status: "claimed"; readonly operationId: OperationId }
  /** The claim was rejected; the wallet tries again by itself. */
  | { readonly status: "aborted"; readonly operationId: OperationId };

/** Position of an event in the log, to go on from. */
export type At<T> = T & { readonly eventId: number };

function call(client: Client, name: string, args: readonly string[], signal?: AbortSignal): Promise<Json> {
  const { commands } = client.module(WALLET_KIND).module;
  return commands[name]!.run(args, signal ?? new AbortController().signal);
}

/** @throws {ClientError} `invalid` */
function satOf(json: Json | undefined): bigint {
  if (typeof json === "number" || typeof json === "bigint") return BigInt(json);
  throw new ClientError({ code: "invalid" }, "The wallet module did not answer with an amount");
}

/** A fresh address. The very first one takes some seconds to find. */
export async function depositAddress(client: Client, signal?: AbortSignal): Promise<string> {
  const address = await call(client, "receive", [], signal);
  if (typeof address === "string") return address;
  throw new ClientError({ code: "invalid" }, "The wallet module did not answer with an address");
}

/** On-chain fee of a withdrawal and of a deposit now, sat. @throws when guardians have no fee rate */
export async function bitcoinFees(
  client: Client,
  signal?: AbortSignal,
): Promise<{ sendSat: bigint; receiveSat: bigint }> {
  return {
    sendSat: satOf(await call(client, "send-fee", [], signal)),
    receiveSat: satOf(await call(client, "receive-fee", [], signal)),
  };
}

export type Withdrawal = { readonly txid: string } | { readonly failed: "Aborted" | "Failure" };

/**
 * Sends bitcoin to an address and waits until the federation has signed the transaction.
 * @param amountSat `all`: everything less fees
 * @param feeSat at most this on-chain fee; default what guardians ask for now
 */
export async function withdraw(
  client: Client,
  address: string,
  amountSat: bigint | "all",
  options: { readonly feeSat?: bigint; readonly signal?: AbortSignal } = {},
): Promise<Withdrawal> {
  const amount = amountSat === "all" ? "all" : `${amountSat} sat`;
  const fee = options.feeSat === undefined ? [] : ["--fee", `${options.feeSat} sat`];
  const outcome = await call(client, "send", [address, amount, ...fee], options.signal);
  if (isJsonObject(outcome) && typeof outcome["Success"] === "string") return { txid: outcome["Success"] };
  if (outcome === "Aborted" || outcome === "Failure") return { failed: outcome };
  throw new ClientError({ code: "invalid" }, "The wallet module did not say what came of the withdrawal");
}

function depositEvent({ id, kind, module, payload }: NumberedEvent): At<DepositEvent> | null {
  if (module?.kind !== WALLET_KIND || !isJsonObject(payload)) return null;
  const operationId = payload["operation_id"] as OperationId;
  if (kind === "payment-receive") return { eventId: id, operationId, ...claimOf(payload) };
  if (kind !== "payment-receive-update") return null;
  return { eventId: id, operationId, status: payload["status"] === "Success" ? "claimed" : "aborted" };
}

function claimOf(payload: JsonObject): Omit<Extract<DepositEvent, { status: "claiming" }>, "operationId"> {
  const { value, fee, address } = payload;
  return { status: "claiming", valueSat: satOf(value), feeSat: satOf(fee), address: String(address) };
}

/** Deposits as they come, from a position in the event log on; ends when the signal is aborted. */
export async function* deposits(
  client: Client,
  fromEventId: number,
  signal?: AbortSignal,
): AsyncGenerator<At<DepositEvent>> {
  for await (const event of followEvents(client.options.store, fromEventId, signal)) {
    const deposit = depositEvent(event);
    if (deposit) yield deposit;
  }
}
