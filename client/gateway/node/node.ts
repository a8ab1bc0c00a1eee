/**
 * A Lightning node, as a gateway sees it: one interface for LND, for the embedded node and for the simulated one.
 * fedimint-lightning 0.13.0 (`lib.rs`, `ILnRpcClient`), `docs/protocol/06-lightning-meta.md` §E.1.
 *
 * Two rules stand above all. What the node has not said for certain is unknown: a lost connection is no outcome, and
 * the call goes on asking. And every call may be made again after a restart, for the same payment hash, with the same
 * result.
 */
import type { BitcoinNetwork } from "../../../core/bitcoin/network.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { RouteHint } from "../../../core/lightning/route_hint.ts";
import type { Result } from "../../../core/result.ts";

/** What the node is. */
export type NodeInfo = {
  /** 33 bytes. Invoices that the node makes are of this payee. */
  readonly publicKey: Bytes;
  readonly alias: string;
  readonly network: BitcoinNetwork;
  /** Height of the newest block that the node has. */
  readonly blockHeight: number;
  readonly isSynced: boolean;
  /**
   * Whether forwards wait at the node while nobody is there to decide on them, and are handed over again; false: it
   * gives them back. Null where that isn't known, and for a node that hands over none.
   */
  readonly keepsForwards: boolean | null;
};

/** An invoice whose payment is held until `settle` or `cancel`: whoever knows the preimage decides. */
export type HoldInvoiceRequest = {
  /** 32 bytes. */
  readonly paymentHash: Bytes;
  readonly amountMsat: bigint;
  readonly expirySecs: number;
  readonly description: Bolt11Invoice["description"];
};

/** Blocks that the last hop of a held payment has at least, from its arrival on. */
export const HOLD_CLTV_DELTA = 144;

/** A payment that has come in full to a hold invoice, and waits. */
export type HeldPayment = {
  /** 32 bytes. */
  readonly paymentHash: Bytes;
  /** What was paid: never trusted to be what was asked for. */
  readonly amountMsat: bigint;
  /**
   * Block height from which on settling is no longer safe; 0 for one that must not be settled at all (a part without
   * the invoice's payment secret).
   */
  readonly claimDeadlineHeight: number;
};

/** How a held payment ends. The error: the node has ended it the other way, or has never heard of it. */
export type HoldOutcome = Result<null, "settled" | "cancelled" | "unknown">;

/** A payment that the node is to make. */
export type PaymentRequest = {
  /** With an amount. */
  readonly invoice: Bolt11Invoice;
  /** The most that routing may cost. */
  readonly feeLimitMsat: bigint;
  /** The most blocks that the money may be bound for; 0 starts nothing new. */
  readonly cltvLimit: number;
  /**
   * Number of a payment of this hash that has failed and was another's: it is not followed, and a new one may begin.
   * Default: none.
   */
  readonly after?: bigint | null;
};

/** An outgoing payment in the node's book. */
export type KnownPayment = {
  /** Another one than every earlier payment of this hash had. */
  readonly number: bigint;
  /** Nothing was paid by it and nothing will be. */
  readonly hasFailed: boolean;
};

/** Whether a payment is the one after which a new one may begin. What hasn't failed never is. */
export function isBefore({ number, hasFailed }: KnownPayment, after: bigint | null): boolean {
  return hasFailed && number === after;
}

/** The node's own word on a payment. The error is its reason: nothing was paid and nothing will be. */
export type PaymentOutcome = Result<{
  /** 32 bytes. */
  readonly preimage: Bytes;
  readonly feeMsat: bigint;
}, string>;

/** A forward through one of the node's channels to a channel that doesn't exist (version 1 receives). */
export type InterceptedForward = {
  /** 32 bytes. */
  readonly paymentHash: Bytes;
  /** What the incoming HTLC holds: the only sum to go by. */
  readonly incomingAmountMsat: bigint;
  /** What the sender wants to be forwarded. */
  readonly outgoingAmountMsat: bigint;
  /** Height at which the incoming HTLC can be taken back. */
  readonly incomingExpiryHeight: number;
  /** Where it is to go: a short channel id. */
  readonly outgoingChannel: bigint;
  /** Names the incoming HTLC. */
  readonly circuit: { readonly channel: bigint; readonly htlc: bigint };
};

/** What to do with a forward. `settle` takes the 32-byte preimage. */
export type ForwardAnswer =
  | { readonly tag: "settle"; readonly preimage: Bytes }
  | { readonly tag: "fail" }
  | { readonly tag: "resume" };

/** What payments need of a node. */
export interface LightningNode {
  /** Rejects with `NodeError` while the node can't be reached. */
  info(signal?: AbortSignal): Promise<NodeInfo>;
  /**
   * Makes a hold invoice. Made again for the same hash and the same terms it is the same one.
   * @returns its text
   * @throws {NodeError}
   */
  createHoldInvoice(request: HoldInvoiceRequest, signal?: AbortSignal): Promise<string>;
  /**
   * Payments that are held: first all that are held now, then those that come. One may come twice. Rejects with a
   * `NodeError` when the node is lost (who listens begins again), and with the signal's reason.
   */
  heldPayments(signal: AbortSignal): AsyncIterable<HeldPayment>;
  /**
   * The payment of this hash (32 bytes) as the node holds it now; null where it holds none. Asked once more before
   * anything is paid out for it: a node that was gone since may have given it back.
   * @throws {NodeError}
   */
  heldPayment(paymentHash: Bytes, signal?: AbortSignal): Promise<HeldPayment | null>;
  /** All payments that are held now, as `heldPayment`: as many as there are on channels. @throws {NodeError} */
  held(signal?: AbortSignal): Promise<readonly HeldPayment[]>;
  /**
   * Takes a held payment with its 32-byte preimage; one that isn't there yet is waited for. Asks until the node has
   * said. Rejects only when aborted.
   */
  settle(preimage: Bytes, signal?: AbortSignal): Promise<HoldOutcome>;
  /** Gives a held payment back, or ends an invoice nobody has paid. As `settle`. */
  cancel(paymentHash: Bytes, signal?: AbortSignal): Promise<HoldOutcome>;
  /**
   * Pays, or follows what has begun before: one payment a hash, whatever the limits of later calls; after one that has
   * failed another one, where it is named (`after`). Resolves with the node's own word and never with a guess. Rejects
   * only when aborted; what has begun goes on then.
   */
  pay(request: PaymentRequest, signal?: AbortSignal): Promise<PaymentOutcome>;
  /**
   * The newest outgoing payment of this hash (32 bytes), begun, made or failed; null where the node has none. Asks
   * until the node has said. Rejects only when aborted.
   */
  findPayment(paymentHash: Bytes, signal?: AbortSignal): Promise<KnownPayment | null>;
  /** What operators do. */
  readonly operator: NodeOperator;
  /** Of a node that hands over forwards. */
  readonly interceptor?: ForwardInterceptor;
}

/** Forwards handed over (LND's `HtlcInterceptor`). */
export interface ForwardInterceptor {
  /**
   * Every forward goes through `decide`; several do at once. What the node has no answer for comes again in the next
   * run. Rejects with a `NodeError` when the node is lost (who runs it begins again), with the signal's reason, and
   * with what `decide` throws.
   */
  run(
    decide: (forward: InterceptedForward, signal: AbortSignal) => Promise<ForwardAnswer>,
    signal: AbortSignal,
  ): Promise<void>;
  /** Ways to the node by the channels with the most incoming liquidity. */
  routeHints(atMost: number, signal?: AbortSignal): Promise<readonly RouteHint[]>;
}

/** Where a channel was opened: txid as people write it, and output. */
export type FundingOutpoint = { readonly txid: string; readonly output: number };

/** A channel of the node. */
export type NodeChannel = {
  /** 33 bytes. */
  readonly remoteKey: Bytes;
  readonly remoteAlias: string | null;
  readonly remoteAddress: string | null;
  readonly sizeSats: bigint;
  readonly outboundMsat: bigint;
  readonly inboundMsat: bigint;
  readonly isActive: boolean;
  /** Null while it is unknown. */
  readonly funding: FundingOutpoint | null;
  readonly baseFeeMsat: bigint | null;
  readonly partsPerMillion: bigint | null;
};

/** A channel to be opened. What is null or left out is as the node has it. */
export type NewChannel = {
  readonly publicKey: Bytes;
  readonly host: string;
  readonly sizeSats: bigint;
  readonly pushSats: bigint;
  /** Of the transaction that opens it. The embedded node goes by its own estimate. */
  readonly feerateSatPerVbyte?: number | null;
  /** What it asks of forwards. */
  readonly baseFeeMsat?: bigint | null;
  readonly partsPerMillion?: bigint | null;
};

/** A payment in the node's own books. */
export type NodeTransaction = {
  readonly kind: "bolt11" | "bolt12" | "onchain";
  readonly direction: "inbound" | "outbound";
  readonly status: "pending" | "succeeded" | "failed";
  readonly amountMsat: bigint;
  /** 32 bytes; null on the chain. */
  readonly paymentHash: Bytes | null;
  /** 32 bytes, once known. */
  readonly preimage: Bytes | null;
  readonly txid: string | null;
  /** Unix time, seconds. */
  readonly timestamp: number;
};

/** What operators do with their node. Everything here rejects with `NodeError`. */
export interface NodeOperator {
  balances(signal?: AbortSignal): Promise<
    { readonly onchainSats: bigint; readonly lightningMsat: bigint; readonly inboundMsat: bigint }
  >;
  /** A fresh address of the node's on-chain wallet. */
  onchainAddress(signal?: AbortSignal): Promise<string>;
  /** @returns txid */
  sendOnchain(
    payment: { readonly address: string; readonly amountSats: bigint | "all"; readonly feerateSatPerVbyte: number },
    signal?: AbortSignal,
  ): Promise<string>;
  channels(signal?: AbortSignal): Promise<readonly NodeChannel[]>;
  /** `host` as `host:port`. */
  connectPeer(peer: { readonly publicKey: Bytes; readonly host: string }, signal?: AbortSignal): Promise<void>;
  /** @returns the funding transaction's id */
  openChannel(channel: NewChannel, signal?: AbortSignal): Promise<string>;
  /** @returns how many channels were closed */
  closeChannels(
    peer: { readonly publicKey: Bytes; readonly force: boolean; readonly feerateSatPerVbyte: number | null },
    signal?: AbortSignal,
  ): Promise<number>;
  setChannelFees(
    fees: { readonly funding: FundingOutpoint; readonly baseFeeMsat: bigint; readonly partsPerMillion: bigint },
    signal?: AbortSignal,
  ): Promise<void>;
  /** An ordinary invoice of the node's own. @returns its text */
  createInvoice(
    invoice: { readonly amountMsat: bigint; readonly expirySecs: number; readonly description: string },
    signal?: AbortSignal,
  ): Promise<string>;
  /** An invoice of the node's own by its 32-byte hash; null for none. */
  invoice(
    paymentHash: Bytes,
    signal?: AbortSignal,
  ): Promise<
    {
      readonly preimage: Bytes | null;
      readonly amountMsat: bigint;
      /** Unix time, seconds. */
      readonly createdAt: number;
      readonly status: NodeTransaction["status"];
    } | null
  >;
  /** From one Unix time to another, seconds. */
  transactions(
    times: { readonly startSecs: number; readonly endSecs: number },
    signal?: AbortSignal,
  ): Promise<readonly NodeTransaction[]>;
}

/** What a node refuses, or why it can't be asked. */
export class NodeError extends Error {
  /** `NodeError`. */
  override readonly name = "NodeError";
  /**
   * `unreachable`: ask again. `refused`: the node's own no. `wrong_network`: another chain. `stopped`: it is ending.
   * `unsupported`: a node of this kind can't.
   */
  readonly code: "unreachable" | "refused" | "wrong_network" | "stopped" | "unsupported";

  /** Text says what is wrong and what to do. */
  constructor(code: NodeError["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
