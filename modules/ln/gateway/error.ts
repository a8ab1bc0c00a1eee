/** Why a gateway takes no payment, and doesn't fund a contract. */
import { FedimintError } from "../../../core/result.ts";

/**
 * A payment that is refused before anything has begun, or that was cancelled (`cancelled`: the payer has the money
 * back · `failed`: it will, from the contract's timelock on).
 */
export class PayInvoiceError extends FedimintError<
  {
    readonly code:
      | "no_module"
      | "pruned_invoice"
      | "missing_invoice_amount"
      | "unauthorized"
      | "node_not_connected"
      | "federation"
      | "no_contract"
      | "not_our_contract"
      | "contract_over"
      | "payment_hash_mismatch"
      | "cancelled"
      | "failed";
  }
> {}

/** Why a forward's contract is not funded: nothing has begun, and the payment goes back. */
export type RelayRefusal =
  | "other_payment"
  | "too_late"
  | "federation_unreachable"
  | "no_offer"
  | "offer_too_dear"
  | "contract_exists"
  | "not_funded";
