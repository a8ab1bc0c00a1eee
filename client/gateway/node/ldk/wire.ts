/**
 * What goes between the gateway and the node's process: lines of JSON, in which bytes and large numbers keep their
 * kind. Both ends are this program; a line has a bound all the same.
 */
import { fromHex, toHex } from "../../../../core/bytes.ts";
import type { HeldPayment, HoldInvoiceRequest, HoldOutcome, NodeChannel, NodeError, NodeTransaction } from "../node.ts";
import type { Bytes } from "../../../../core/bytes.ts";
import type { NewChannel, PaymentOutcome } from "../node.ts";
import { MESSAGE_CHARACTERS_MAX } from "./limits.ts";

/** A payment. `outcome`: null while it isn't over. `number`: of those of its hash. */
export type PaymentState = { readonly outcome: PaymentOutcome | null; readonly number: bigint };

/** What can be asked: arguments and answer. */
export type LdkCalls = {
  readonly info: { readonly args: null; readonly answer: LdkInfo };
  readonly hold: { readonly args: HoldInvoiceRequest; readonly answer: string };
  readonly held: { readonly args: null; readonly answer: readonly HeldPayment[] };
  /** Null while it isn't over: it is asked again. */
  readonly settle: { readonly args: { readonly preimage: Bytes }; readonly answer: HoldOutcome | null };
  readonly cancel: { readonly args: { readonly paymentHash: Bytes }; readonly answer: HoldOutcome };
  readonly pay: {
    readonly args: {
      readonly invoice: string;
      readonly feeLimitMsat: bigint;
      readonly cltvLimit: number;
      readonly after: bigint | null;
    };
    readonly answer: PaymentState;
  };
  readonly payment: { readonly args: { readonly paymentHash: Bytes }; readonly answer: PaymentState | null };
  readonly balances: {
    readonly args: null;
    readonly answer: { readonly onchainSats: bigint; readonly lightningMsat: bigint; readonly inboundMsat: bigint };
  };
  readonly address: { readonly args: null; readonly answer: string };
  readonly send: {
    readonly args: {
      readonly address: string;
      readonly amountSats: bigint | "all";
      readonly feerateSatPerVbyte: number;
    };
    readonly answer: string;
  };
  readonly channels: { readonly args: null; readonly answer: readonly NodeChannel[] };
  readonly connect: { readonly args: { readonly publicKey: Bytes; readonly host: string }; readonly answer: null };
  readonly open: { readonly args: NewChannel; readonly answer: string };
  readonly close: {
    readonly args: {
      readonly publicKey: Bytes;
      readonly force: boolean;
      readonly feerateSatPerVbyte: number | null;
    };
    readonly answer: number;
  };
  readonly fees: {
    readonly args: {
      readonly funding: { readonly txid: string; readonly output: number };
      readonly baseFeeMsat: bigint;
      readonly partsPerMillion: bigint;
    };
    readonly answer: null;
  };
  readonly createInvoice: {
    readonly args: { readonly amountMsat: bigint; readonly expirySecs: number; readonly description: string };
    readonly answer: string;
  };
  readonly invoice: {
    readonly args: { readonly paymentHash: Bytes };
    readonly answer: {
      readonly preimage: Bytes | null;
      readonly amountMsat: bigint;
      readonly createdAt: number;
      readonly status: NodeTransaction["status"];
    } | null;
  };
  readonly transactions: {
    readonly args: { readonly startSecs: number; readonly endSecs: number };
    readonly answer: readonly NodeTransaction[];
  };
};
export type LdkCall = keyof LdkCalls;

export type LdkInfo = {
  readonly publicKey: Bytes;
  readonly blockHeight: number;
  readonly isSynced: boolean;
  /** Where peers reach it, as it listens; null when it doesn't. */
  readonly address: { readonly hostname: string; readonly port: number } | null;
};

export type Refused = { readonly code: NodeError["code"]; readonly message: string };

/** From the gateway. */
export type Asked = { readonly id: number; readonly call: LdkCall; readonly args: unknown };

/** From the node's process. */
export type Told =
  | { readonly told: "answer"; readonly id: number; readonly value: unknown }
  | { readonly told: "refused"; readonly id: number; readonly error: Refused }
  /** It has started. */
  | { readonly told: "ready" }
  /** A payment or an invoice has changed. */
  | { readonly told: "changed" }
  /** So many commits are durable. */
  | { readonly told: "commits"; readonly count: number }
  | {
    readonly told: "log";
    readonly level: "debug" | "info" | "warn" | "error";
    readonly message: string;
    readonly facts: string;
  }
  /** It ends, for this reason. `refused` and `wrong_network` don't change by starting it again. */
  | { readonly told: "failed"; readonly error: Refused };

export function toLine(message: unknown): string {
  const text = JSON.stringify(message, (_key, value) => {
    if (typeof value === "bigint") return { $n: value.toString() };
    return value instanceof Uint8Array ? { $b: toHex(value) } : value;
  });
  if (text.length > MESSAGE_CHARACTERS_MAX) throw new RangeError("A message of the Lightning node is too long");
  return `${text}\n`;
}

/** @throws {SyntaxError | RangeError} the other end is another program */
export function fromLine(line: string): unknown {
  if (line.length > MESSAGE_CHARACTERS_MAX) throw new RangeError("A message of the Lightning node is too long");
  return JSON.parse(line, (_key, value) => {
    if (typeof value !== "object" || value === null) return value;
    if (typeof value.$n === "string") return BigInt(value.$n);
    return typeof value.$b === "string" ? fromHex(value.$b) : value;
  });
}
