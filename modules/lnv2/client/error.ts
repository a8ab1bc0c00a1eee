/**
 * Why something can't be done over Lightning, what to do, and where the money is. The first sentence is the
 * reference's. fedimint-lnv2-client 0.13.0 (`lib.rs`).
 */
import { FedimintError } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { FinalizeError } from "../../contract/client_env.ts";

/** What can't be done over Lightning. */
export type LightningErrorCode =
  | "not_an_invoice"
  | "amount_missing"
  | "invoice_expired"
  | "wrong_network"
  | "duplicate_payment"
  | "list_failed"
  | "no_gateways"
  | "gateways_unresponsive"
  | "no_receiving_gateway"
  | "gateway_failed"
  | "federation_not_supported"
  | "receive_disabled"
  | "fee_exceeds_limit"
  | "expiration_exceeds_limit"
  | "terms_changed"
  | "block_count_failed"
  | "insufficient_funds"
  | "funding_failed"
  | "amount_too_small"
  | "expiry_too_long"
  | "description_too_long"
  | "invalid_invoice"
  | "wrong_invoice_amount"
  | "unknown_operation"
  | "no_admin"
  | "federation";

const NOTHING_PAID = "Nothing was paid";

const TEXTS: Readonly<Record<LightningErrorCode, string>> = {
  not_an_invoice:
    `This is no Lightning invoice, or it is cut off or changed. ${NOTHING_PAID}: copy it once more, all of it`,
  amount_missing: `Invoice is missing an amount. ${NOTHING_PAID}: ask for an invoice that says how much it is`,
  invoice_expired: `Invoice has expired. ${NOTHING_PAID}: ask for a new one`,
  wrong_network:
    `Invoice is for a different currency. ${NOTHING_PAID}: it belongs to another Bitcoin network than this federation's`,
  duplicate_payment:
    "Payment attempt is duplicate. This wallet pays each invoice once: look what became of it, and ask for a new invoice if it was refunded",
  list_failed: "Failed to request gateways. Nothing was done: the federation's guardians don't answer, try again later",
  no_gateways:
    "No gateways are available. Nothing was done: this federation's guardians have listed none; name one with --gateway",
  gateways_unresponsive:
    "All gateways failed to respond. Nothing was done: try again later, or name another one with --gateway",
  no_receiving_gateway:
    "No online gateway currently accepts incoming payments for this federation. Nothing was done: try again later, or name another one with --gateway",
  gateway_failed: "Failed to connect to gateway. Nothing was done: try again later, or take another gateway",
  federation_not_supported: "Gateway does not support this federation. Nothing was done: take another gateway",
  receive_disabled:
    "Gateway does not currently accept incoming payments for this federation. Nothing was done: take another gateway",
  fee_exceeds_limit: "Gateway fee exceeds the allowed limit. Nothing was done: take another gateway",
  expiration_exceeds_limit: `Gateway expiration time exceeds the allowed limit. ${NOTHING_PAID}: take another gateway`,
  terms_changed: "Gateway's terms changed since they were checked. Nothing was done: look at the new ones",
  block_count_failed:
    `Failed to request block count. ${NOTHING_PAID}: the federation's guardians don't answer, try again later`,
  insufficient_funds: `The client does not have sufficient funds to send the payment. ${NOTHING_PAID}`,
  funding_failed: `Failed to fund the payment. ${NOTHING_PAID}`,
  amount_too_small: "Amount is too small to cover fees. Nothing was done: ask for more",
  expiry_too_long: "Requested invoice expiry exceeds the maximum of one day. Nothing was done",
  description_too_long: "The description doesn't fit into an invoice. Nothing was done: 639 bytes are the most",
  invalid_invoice: "Gateway returned an invalid invoice. Nobody was shown it: take another gateway",
  wrong_invoice_amount: "Gateway returned an invoice with incorrect amount. Nobody was shown it: take another gateway",
  unknown_operation: "This client has no such operation",
  no_admin: "Admin auth not set",
  federation: "The federation returned an error",
};

/** Why, with what belongs to some of the codes. */
export type LightningFacts =
  | { readonly code: Exclude<LightningErrorCode, "duplicate_payment" | "insufficient_funds"> }
  | { readonly code: "duplicate_payment"; readonly operationId: OperationId }
  | { readonly code: "insufficient_funds"; readonly requestedMsat: bigint; readonly availableMsat: bigint };

/** Why something can't be done over Lightning. `cause` has details. */
export class LightningError extends FedimintError<LightningFacts> {
  /** With the text that belongs to the code. */
  static of(
    code: Exclude<LightningErrorCode, "duplicate_payment" | "insufficient_funds">,
    detail?: string,
  ): LightningError {
    return new LightningError({ code }, TEXTS[code], detail === undefined ? {} : { cause: new Error(detail) });
  }

  /** It was paid, or is being paid, or came back. */
  static duplicate(operationId: OperationId): LightningError {
    return new LightningError({ code: "duplicate_payment", operationId }, TEXTS.duplicate_payment, {
      cause: new Error(`operation ${operationId}`),
    });
  }

  /** @internal */
  static notFunded(error: FinalizeError): LightningError {
    if (error.code === "operation_exists") return LightningError.duplicate(error.operationId);
    if (error.code !== "insufficient_funds") return LightningError.of("funding_failed", error.code);
    const { code, requestedMsat, availableMsat } = error;
    return new LightningError({ code, requestedMsat, availableMsat }, TEXTS.insufficient_funds);
  }
}
