/**
 * What a gateway does for the module `lnv2` of one of its federations: its Lightning node, its other federations, its
 * prices. fedimint-gwv2-client 0.13.0 (`lib.rs`, `IGatewayClientV2`).
 *
 * None of these guesses: what needs the node waits until the node has said.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../../../core/lightning/gateway_payment.ts";
import type { Result } from "../../../core/result.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import type { Cancelled } from "./states.ts";

/** A payment that the node holds. */
export type HeldNow = {
  readonly amountMsat: bigint;
  /** Block height from which on settling is no longer safe. */
  readonly claimDeadlineHeight: number;
  /** Of the node's newest block, of all that there are. */
  readonly blockHeight: number;
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
  /**
   * What the node holds of a payment now, looked at anew; null where it holds none any more. Rejects when nothing is
   * known: ask again.
   */
  heldNow(paymentHash: Bytes, signal: AbortSignal): Promise<HeldNow | null>;
  /** Ends the held payment: with its 32-byte preimage, or back. Error: the node has ended it the other way. */
  completeHeld(
    paymentHash: Bytes,
    preimage: Bytes | null,
    signal: AbortSignal,
  ): Promise<Result<null, string>>;
}
