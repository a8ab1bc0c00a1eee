/**
 * What a gateway does for the module `ln` of one of its federations: its Lightning node, its other federations, its
 * prices. fedimint-gw-client 0.13.0 (`lib.rs`, `IGatewayClientV1`).
 *
 * None of these guesses: what needs the node waits until the node has said.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../../../core/lightning/gateway_payment.ts";
import type { RoutingFees } from "../../../core/lightning/route_hint.ts";
import type { Result } from "../../../core/result.ts";
import type { FederationId } from "../../../core/types/ids.ts";
import type { PaymentError } from "./payment_error.ts";

/** The gateway around one federation's module. */
export interface LnGateway {
  /** Whether the node can be reached now. Only for refusing what is new: it decides nothing about what has begun. */
  isNodeConnected(): Promise<boolean>;
  /** Resolves when the node can be reached. Rejects only when aborted. */
  awaitNode(signal: AbortSignal): Promise<void>;
  /**
   * Pays, by a swap between federations or over Lightning, or follows what has begun: on the way on which it has begun,
   * whatever has changed since. The error: nothing was paid and nothing will be. Ok(null): nothing has begun, and
   * `mayBegin` was false. Rejects when nothing is known: ask again.
   */
  payFor(payment: OutgoingPayment, signal: AbortSignal): Promise<Result<PaymentMade | null, PaymentError>>;
  /** What the gateway takes for a payment from this federation; null when it has no price for it. */
  routingFees(federationId: FederationId): Promise<RoutingFees | null>;
  /**
   * Binds a payment image's hash (32 bytes) to the operation that pays it: of all federations and both modules one at a
   * time has it. Durable when it resolves.
   * @returns whether it is this operation's
   */
  claimPaymentImage(paymentHash: Bytes, owner: PaymentOwner): Promise<boolean>;
}
