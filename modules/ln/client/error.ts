/** Why something can't be done over Lightning. */
import { FedimintError } from "../../../core/result.ts";
import type { OperationId } from "../../../core/types/ids.ts";
import type { FinalizeError } from "../../contract/client_env.ts";

/** Texts are the reference's, where it has one. */
const TEXTS = {
  not_an_invoice: "The text is not a Lightning invoice",
  amount_missing: "The invoice does not specify an amount",
  invoice_expired: "The invoice has expired",
  wrong_network: "The invoice is for another network than the federation's",
  timelock_too_large: "The invoice wants the money to be away for too many blocks",
  payment_in_progress: "Previous payment attempt still in progress",
  already_paid: "The invoice is paid already",
  already_claimed: "A gateway has taken the money of an earlier payment of this invoice: it may be paid",
  no_gateways: "No gateway is registered with the federation",
  unknown_gateway: "No gateway of this id is registered with the federation",
  gateway_offline: "The gateway is offline",
  gateways_unresponsive: "No registered gateway was reachable",
  no_gateway: "No LN gateway available",
  federation: "The federation request failed",
  contract_exists: "A contract already exists for this payment hash",
  no_offer: "The federation has no offer for this invoice",
  offer_too_dear: "The offer in the federation asks for more than the invoice",
  insufficient_funds: "The client does not have sufficient funds to send the payment",
  funding_failed: "The payment transaction could not be submitted",
  fee_too_high: "The gateway's fee is above what was allowed",
  description_too_long: "The description is longer than an invoice holds",
  expiry_too_long: "The invoice would live for more than a year",
  amount_too_small: "The amount would not pay the fees of its claim",
  offer_rejected: "The offer transaction was rejected",
  unknown_operation: "This wallet has no such payment",
  not_reclaimable: "The operation is not a reclaimable lightning receive",
} as const;

/** What can't be done over Lightning. */
export type LnErrorCode = keyof typeof TEXTS;

type Facts =
  | { readonly code: Exclude<LnErrorCode, "payment_in_progress" | "insufficient_funds"> }
  | { readonly code: "payment_in_progress"; readonly operationId: OperationId }
  | { readonly code: "insufficient_funds"; readonly requestedMsat: bigint; readonly availableMsat: bigint };

/** Why something can't be done over Lightning. `cause` has details. */
export class LnError extends FedimintError<Facts> {
  /** With the text that belongs to the code. */
  static of(code: Exclude<LnErrorCode, "payment_in_progress" | "insufficient_funds">, detail?: string): LnError {
    return new LnError({ code }, TEXTS[code], detail === undefined ? {} : { cause: new Error(detail) });
  }

  /** The same invoice is being paid. */
  static inProgress(operationId: OperationId): LnError {
    const text = `Previous payment attempt(${operationId}) still in progress`;
    return new LnError({ code: "payment_in_progress", operationId }, text);
  }

  /** @internal */
  static notFunded(error: FinalizeError): LnError {
    if (error.code === "operation_exists") return LnError.inProgress(error.operationId);
    if (error.code !== "insufficient_funds") return LnError.of("funding_failed", error.code);
    const { code, requestedMsat, availableMsat } = error;
    return new LnError({ code, requestedMsat, availableMsat }, TEXTS.insufficient_funds);
  }
}
