/**
 * Why something can't be done over Lightning, what to do, and where the money is. The first sentence is the
 * reference's, where it has one. fedimint-ln-client 0.13.0 (`lib.rs`, `pay.rs`, `incoming.rs`).
 */
import type { LightningErrorCode, PlainLightningErrorCode } from "../../../core/lightning/error.ts";
import { LightningError } from "../../../core/lightning/error.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { FinalizeError } from "../../contract/client_env.ts";
import { fundingText } from "../../contract/funding_text.ts";

/** What this module says. */
type LnErrorCode = Exclude<
  LightningErrorCode,
  | "no_lightning"
  | "duplicate_payment"
  | "list_failed"
  | "no_receiving_gateway"
  | "federation_not_supported"
  | "receive_disabled"
  | "block_count_failed"
  | "invalid_invoice"
  | "wrong_invoice_amount"
  | "no_admin"
>;

const NOTHING_PAID = "Nothing was paid";

const TEXTS: Readonly<Record<LnErrorCode, string>> = {
  not_an_invoice:
    `The text is not a Lightning invoice, or it is cut off or changed. ${NOTHING_PAID}: copy it once more, all of it`,
  amount_missing:
    `The invoice does not specify an amount. ${NOTHING_PAID}: ask for an invoice that says how much it is`,
  invoice_expired: `The invoice has expired. ${NOTHING_PAID}: ask for a new one`,
  wrong_network:
    `The invoice is for another network than the federation's. ${NOTHING_PAID}: it belongs to another Bitcoin network`,
  expiration_exceeds_limit:
    `The invoice wants the money to be away for too many blocks. ${NOTHING_PAID}: ask for another invoice`,
  no_gateways:
    "No gateway is registered with the federation. Nothing was done: try again later, gateways register every few minutes",
  unknown_gateway:
    "No gateway of this id is registered with the federation. Nothing was done: take one that is listed, or none",
  gateway_failed: "The gateway is offline. Nothing was done: try again later, or take another gateway",
  gateways_unresponsive: "No registered gateway was reachable. Nothing was done: try again later",
  not_internal:
    `No LN gateway available. ${NOTHING_PAID}: the invoice leads out of the federation, and without a gateway it can't be paid`,
  federation:
    "The federation request failed. Nothing was done: the federation's guardians don't answer, try again later",
  contract_exists:
    `A contract already exists for this payment hash. ${NOTHING_PAID}: somebody pays this invoice already, ask for a new one`,
  no_offer:
    `The federation has no offer for this invoice. ${NOTHING_PAID}: it is paid already, or was withdrawn; ask for a new one`,
  offer_too_dear: `The offer in the federation asks for more than the invoice. ${NOTHING_PAID}: ask for a new invoice`,
  insufficient_funds: `The client does not have sufficient funds to send the payment. ${NOTHING_PAID}`,
  funding_failed: `The payment transaction could not be submitted. ${NOTHING_PAID}`,
  fee_exceeds_limit: `The gateway's fee is above what was allowed. ${NOTHING_PAID}: take another gateway`,
  terms_changed: `The gateway's fee changed since it was checked. ${NOTHING_PAID}: look at the new one`,
  description_too_long: "The description is longer than an invoice holds. Nothing was done: 639 bytes are the most",
  amount_too_large: "The amount is more than there are bitcoin. Nothing was done: ask for less",
  expiry_too_short: "The invoice would not live for a whole number of seconds. Nothing was done",
  expiry_too_long: "The invoice would live for more than a year. Nothing was done",
  amount_too_small: "The amount would not pay the fees of its claim. Nothing was done: ask for more",
  offer_rejected: "The offer transaction was rejected. Nobody was shown the invoice: try again",
  lnurl_server_failed:
    "The server that writes invoices could not be used. Nothing was done: try again later, or take another server",
  unknown_operation: "This wallet has no such payment",
  not_reclaimable: "The operation is not a reclaimable lightning receive",
};

/** How far an earlier payment of the same invoice is. */
export type Earlier = "in_progress" | "paid" | "claimed";

const EARLIER_TEXTS: Readonly<Record<Earlier, string>> = {
  in_progress: "still in progress. It ends by itself, in a success or with the money back",
  paid: "is paid already. Nothing was paid again",
  claimed:
    "may have been paid: a gateway has taken the money and shown no proof. Nothing was paid again: ask who was to be paid",
};

/** Why something can't be done over Lightning. `cause` has details. */
export class LnError extends LightningError {
  /** With the text that belongs to the code. */
  static of(code: LnErrorCode & PlainLightningErrorCode, detail?: string): LnError {
    return new LnError({ code }, TEXTS[code], detail === undefined ? {} : { cause: new Error(detail) });
  }

  /** The same invoice was paid before, or is being paid. */
  static duplicate(operationId: OperationId, how: Earlier): LnError {
    const text = `Previous payment attempt(${operationId}) ${EARLIER_TEXTS[how]}`;
    return new LnError({ code: "duplicate_payment", operationId }, text);
  }

  /** @internal */
  static notFunded(error: FinalizeError): LnError {
    if (error.code === "operation_exists") return LnError.duplicate(error.operationId, "in_progress");
    if (error.code !== "insufficient_funds") return LnError.of("funding_failed", fundingText(error));
    const { code, requestedMsat, availableMsat } = error, cause = new Error(fundingText(error));
    return new LnError({ code, requestedMsat, availableMsat }, TEXTS.insufficient_funds, { cause });
  }
}
