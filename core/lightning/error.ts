/** Why something can't be done over Lightning, by whichever module: one set of words for both. */
import { FedimintError } from "../result.ts";
import type { OperationId } from "../types/ids.ts";

/** What can't be done over Lightning. */
export type LightningErrorCode =
  /** The federation has no module for it that this client knows. */
  | "no_lightning"
  | "not_an_invoice"
  | "amount_missing"
  | "invoice_expired"
  | "wrong_network"
  /** This wallet pays the invoice already, or has paid it. */
  | "duplicate_payment"
  | "list_failed"
  | "no_gateways"
  | "gateways_unresponsive"
  | "no_receiving_gateway"
  /** The one that was named doesn't answer, or answers what it mustn't. */
  | "gateway_failed"
  | "unknown_gateway"
  | "federation_not_supported"
  | "receive_disabled"
  | "fee_exceeds_limit"
  /** The money would be away for too long, should the gateway do nothing. */
  | "expiration_exceeds_limit"
  | "terms_changed"
  | "block_count_failed"
  | "insufficient_funds"
  | "funding_failed"
  | "amount_too_small"
  /** More bitcoin than there will ever be. */
  | "amount_too_large"
  | "expiry_too_long"
  /** Less than a second, or a fraction. */
  | "expiry_too_short"
  | "description_too_long"
  | "invalid_invoice"
  | "wrong_invoice_amount"
  /** Within the federation alone, where the invoice leads elsewhere. Version 1. */
  | "not_internal"
  /** Of a payment within the federation. Version 1. */
  | "contract_exists"
  | "no_offer"
  | "offer_too_dear"
  /** Of an invoice. Version 1. */
  | "offer_rejected"
  /** The server that writes invoices for an lnurl. Version 1. */
  | "lnurl_server_failed"
  | "not_reclaimable"
  | "unknown_operation"
  | "no_admin"
  | "federation";

/** Of several gateways none would do. At most so many are told of. */
const GATEWAYS_TOLD_MAX = 8;

/** Why each of several gateways won't do, for `cause`. @internal */
export function gatewayReasons(reasons: readonly (readonly [gateway: string, reason: string])[]): string {
  const told = reasons.slice(0, GATEWAYS_TOLD_MAX).map(([gateway, reason]) => `${gateway} ${reason}`);
  const more = reasons.length - told.length;
  return [...told, ...more > 0 ? [`and ${more} more`] : []].join("; ");
}

/** Codes that say all. */
export type PlainLightningErrorCode = Exclude<LightningErrorCode, "duplicate_payment" | "insufficient_funds">;

/** Why, with what belongs to some of the codes. */
export type LightningFacts =
  | { readonly code: PlainLightningErrorCode }
  | { readonly code: "duplicate_payment"; readonly operationId: OperationId }
  | { readonly code: "insufficient_funds"; readonly requestedMsat: bigint; readonly availableMsat: bigint };

/** Why something can't be done over Lightning, what to do, and where the money is. `cause` has details. */
export class LightningError extends FedimintError<LightningFacts> {}
