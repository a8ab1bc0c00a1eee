/**
 * What the gateway does for its modules ln: payments are those of `payments.ts`, so that a payment hash is paid by one
 * operation of all federations and both modules; prices are version 1's. fedimint-gateway-server 0.13.0 (`lib.rs`,
 * `IGatewayClientV1`).
 */
import type { Bytes } from "../../core/bytes.ts";
import type { OutgoingPayment, PaymentMade, PaymentOwner } from "../../core/lightning/gateway_payment.ts";
import type { RoutingFees } from "../../core/lightning/route_hint.ts";
import type { Result } from "../../core/result.ts";
import { err } from "../../core/result.ts";
import type { FederationId } from "../../core/types/ids.ts";
import type { LnGateway } from "../../modules/ln/gateway/context.ts";
import type { PaymentError } from "../../modules/ln/gateway/payment_error.ts";
import type { Cancelled } from "../../modules/lnv2/gateway/states.ts";
import type { Federations } from "./federations.ts";
import type { Payments } from "./payments.ts";
import type { FederationRecord } from "./records.ts";

const U32_MAX = 2n ** 32n - 1n;

/** What payers of version 1 add for the gateway; null for a price that can't be said in their form. */
export function routingFeesOf({ lightningFee }: Pick<FederationRecord, "lightningFee">): RoutingFees | null {
  const { base, partsPerMillion } = lightningFee;
  if (base > U32_MAX || partsPerMillion > U32_MAX) return null;
  return { baseMsat: Number(base), proportionalMillionths: Number(partsPerMillion) };
}

export class Lnv1Payments implements LnGateway {
  readonly #payments: Payments;
  readonly #federations: () => Federations;

  constructor(payments: Payments, federations: () => Federations) {
    this.#payments = payments;
    this.#federations = federations;
  }

  isNodeConnected(): Promise<boolean> {
    return this.#payments.isNodeConnected();
  }

  awaitNode(signal: AbortSignal): Promise<void> {
    return this.#payments.awaitNode(signal);
  }

  async payFor(payment: OutgoingPayment, signal: AbortSignal): Promise<Result<PaymentMade | null, PaymentError>> {
    const paid = await this.#payments.pay(payment, signal);
    return paid.ok ? paid : err(errorOf(paid.error));
  }

  async routingFees(federationId: FederationId): Promise<RoutingFees | null> {
    const record = await this.#federations().record(federationId);
    return record ? routingFeesOf(record) : null;
  }

  claimPaymentImage(paymentHash: Bytes, owner: PaymentOwner): Promise<boolean> {
    return this.#payments.claimPaymentImage(paymentHash, owner);
  }
}

function errorOf(error: Cancelled): PaymentError {
  switch (error.tag) {
    case "LightningRpcError": {
      const value = { failureReason: error.value };
      return { tag: "LightningPayError", value: { lightningError: { tag: "FailedPayment", value } } };
    }
    case "DuplicatePayment":
      return { tag: "PaymentHashAlreadyClaimed", value: null };
    default:
      return { tag: "SwapFailed", value: { swapError: error.value === null ? error.tag : error.value } };
  }
}
