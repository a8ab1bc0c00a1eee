/** Events of the gateway's log, as the reference has them. fedimint-gwv2-client 0.13.0 (`events.rs`). */
import type { Json } from "../../../core/encoding/mod.ts";
import { amount as amountCodec } from "../../../core/types/amount.ts";
import type { FederationId, Sha256 } from "../../../core/types/ids.ts";
import type { Commitment, OutgoingContract, PaymentImage } from "../contracts.ts";
import { commitment, outgoingContract, paymentImage } from "../contracts.ts";
import type { Cancelled } from "./states.ts";
import { cancelled } from "./states.ts";

/** Kind and payload of an event. */
export type GatewayEvent = { readonly kind: string; readonly payload: Json };

/** @param startedMs since the epoch, before guardians were asked */
export function outgoingPaymentStarted(
  startedMs: number,
  contract: OutgoingContract,
  terms: {
    readonly minContractAmountMsat: bigint;
    readonly invoiceAmountMsat: bigint;
    readonly maxDelay: bigint;
  },
): GatewayEvent {
  return {
    kind: "outgoing-payment-started",
    payload: {
      operation_start: startedMs,
      outgoing_contract: outgoingContract.toJson(contract),
      min_contract_amount: amountCodec.toJson(terms.minContractAmountMsat),
      invoice_amount: amountCodec.toJson(terms.invoiceAmountMsat),
      max_delay: amountCodec.toJson(terms.maxDelay),
    },
  };
}

export function outgoingPaymentSucceeded(image: PaymentImage, targetFederation: FederationId | null): GatewayEvent {
  return {
    kind: "outgoing-payment-succeeded",
    payload: { payment_image: paymentImage.toJson(image), target_federation: targetFederation },
  };
}

export function outgoingPaymentFailed(image: PaymentImage, error: Cancelled): GatewayEvent {
  return {
    kind: "outgoing-payment-failed",
    payload: { payment_image: paymentImage.toJson(image), error: cancelled.toJson(error) },
  };
}

/** @param startedMs as above */
export function incomingPaymentStarted(startedMs: number, terms: Commitment, invoiceAmountMsat: bigint): GatewayEvent {
  return {
    kind: "incoming-payment-started",
    payload: {
      operation_start: startedMs,
      incoming_contract_commitment: commitment.toJson(terms),
      invoice_amount: amountCodec.toJson(invoiceAmountMsat),
    },
  };
}

export function incomingPaymentSucceeded(image: PaymentImage): GatewayEvent {
  return { kind: "incoming-payment-succeeded", payload: { payment_image: paymentImage.toJson(image) } };
}

export function incomingPaymentFailed(image: PaymentImage, error: string): GatewayEvent {
  return { kind: "incoming-payment-failed", payload: { payment_image: paymentImage.toJson(image), error } };
}

/** A held payment was settled: what other nodes paid, and no swap between federations. */
export function completeLightningPaymentSucceeded(paymentHash: Sha256): GatewayEvent {
  return {
    kind: "complete-lightning-payment-succeeded",
    payload: { payment_image: paymentImage.toJson({ tag: "Hash", value: paymentHash }) },
  };
}
