/**
 * What a gateway does for the module `lnv2` of one of its federations: its Lightning node, its other federations, its
 * prices. fedimint-gwv2-client 0.13.0 (`lib.rs`, `IGatewayClientV2`).
 *
 * None of these guesses: what needs the node waits until the node has said.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { Bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import type { Result } from "../../../core/result.ts";
import type { FederationId, OperationId } from "../../../core/types/ids.ts";
import type { Cancelled } from "./states.ts";

/** A payment that was made. */
export type PaymentMade = {
  /** 32 bytes. */
  readonly preimage: Bytes;
  /** Null for one that went over Lightning. */
  readonly targetFederation: FederationId | null;
};

/** Who pays: an operation in one of the gateway's federations. */
export type PaymentOwner = { readonly federationId: FederationId; readonly operationId: OperationId };

/** A payment that an outgoing contract pays for. */
export type OutgoingPayment = {
  /** Who has claimed the payment hash. */
  readonly owner: PaymentOwner;
  /** With an amount. */
  readonly invoice: Bolt11Invoice;
  /** The most blocks that the money may be bound for. */
  readonly cltvLimit: bigint;
  /** Block count from which on the payer can take the money back: guardians that count may be behind. */
  readonly expiration: bigint;
  readonly feeLimitMsat: bigint;
  /** False: what has begun before is followed, and nothing begins. */
  readonly mayBegin: boolean;
};

/** The gateway around one federation's module. */
export interface LightningGateway {
  /** Whether the node can be reached now. Only for refusing what is new: it decides nothing about what has begun. */
  isNodeConnected(): Promise<boolean>;
  /** Resolves when the node can be reached. Rejects only when aborted. */
  awaitNode(signal: AbortSignal): Promise<void>;
  /**
   * Pays, by a swap between federations or over Lightning, or follows what has begun: on the way on which it has begun,
   * whatever has changed since. The error: nothing was paid and nothing will be. Ok(null): nothing has begun, and
   * `mayBegin` was false. Rejects when nothing is known: ask again. Who hasn't claimed the payment hash, or has let it
   * pass on, has `DuplicatePayment`.
   */
  pay(payment: OutgoingPayment, signal: AbortSignal): Promise<Result<PaymentMade | null, Cancelled>>;
  /** The least that an outgoing contract must hold for paying `amountMsat`. The error: no price is set. */
  minContractAmount(federationId: FederationId, amountMsat: bigint): Promise<Result<bigint, string>>;
  /**
   * Binds a payment image's hash (32 bytes) to the operation that pays it: the first of all federations keeps it, until
   * it has ended without a payment for certain. Durable when it resolves.
   * @returns whether it is this operation's
   */
  claimPaymentImage(paymentHash: Bytes, owner: PaymentOwner): Promise<boolean>;
  /** Ends the held payment: with its 32-byte preimage, or back. Error: the node has ended it the other way. */
  completeHeld(
    paymentHash: Bytes,
    preimage: Bytes | null,
    signal: AbortSignal,
  ): Promise<Result<null, string>>;
}
