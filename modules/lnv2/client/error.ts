/**
 * Why something can't be done over Lightning, what to do, and where the money is. The first sentence is the
 * reference's. fedimint-lnv2-client 0.13.0 (`lib.rs`).
 */
import type { LightningErrorCode, PlainLightningErrorCode } from "../../../core/lightning/error.ts";
import { LightningError } from "../../../core/lightning/error.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { FinalizeError } from "../../contract/client_env.ts";
import { fundingText } from "../../contract/funding_text.ts";

/** What this module says. */
type Lnv2ErrorCode = Exclude<
  LightningErrorCode,
  | "no_lightning"
  | "unknown_gateway"
  | "not_internal"
  | "contract_exists"
  | "no_offer"
  | "offer_too_dear"
  | "offer_rejected"
  | "lnurl_server_failed"
  | "not_reclaimable"
>;

const NOTHING_PAID = "Nothing was paid";

const TEXTS: Readonly<Record<Lnv2ErrorCode, string>> = {
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
  amount_too_large: "Amount is more than there are bitcoin. Nothing was done: ask for less",
  expiry_too_short: "Requested invoice expiry is no whole number of seconds. Nothing was done",
  expiry_too_long: "Requested invoice expiry exceeds the maximum of one day. Nothing was done",
  description_too_long: "The description doesn't fit into an invoice. Nothing was done: 639 bytes are the most",
  invalid_invoice: "Gateway returned an invalid invoice. Nobody was shown it: take another gateway",
  wrong_invoice_amount: "Gateway returned an invoice with incorrect amount. Nobody was shown it: take another gateway",
  unknown_operation: "This client has no such operation",
  no_admin: "Admin auth not set",
  federation: "The federation returned an error",
};

/** Why something can't be done over Lightning. `cause` has details. */
export class Lnv2Error extends LightningError {
  /** With the text that belongs to the code. */
  static of(code: Lnv2ErrorCode & PlainLightningErrorCode, detail?: string): Lnv2Error {
    return new Lnv2Error({ code }, TEXTS[code], detail === undefined ? {} : { cause: new Error(detail) });
  }

  /** It was paid, or is being paid, or came back. */
  static duplicate(operationId: OperationId): Lnv2Error {
    return new Lnv2Error({ code: "duplicate_payment", operationId }, TEXTS.duplicate_payment, {
      cause: new Error(`operation ${operationId}`),
    });
  }

  /** @internal */
  static notFunded(error: FinalizeError): Lnv2Error {
    if (error.code === "operation_exists") return Lnv2Error.duplicate(error.operationId);
    if (error.code !== "insufficient_funds") return Lnv2Error.of("funding_failed", fundingText(error));
    const { code, requestedMsat, availableMsat } = error, cause = new Error(fundingText(error));
    return new Lnv2Error({ code, requestedMsat, availableMsat }, TEXTS.insufficient_funds, { cause });
  }
}
