/** Why a gateway takes no payment, and doesn't fund a contract. */
import { FedimintError } from "../../../core/result.ts";

/**
 * A payment that is refused before anything has begun: the payer's contract stays as it is, until another gateway or
 * its expiration.
 */
export class SendPaymentError extends FedimintError<
  {
    readonly code:
      | "not_our_contract"
      | "invalid_auth_signature"
      | "node_not_connected"
      | "federation"
      | "contract_not_confirmed"
      | "contract_id_mismatch"
      | "missing_invoice_amount"
      | "payment_hash_mismatch"
      | "no_price"
      | "image_already_claimed";
  }
> {}

/** Why a held payment's contract is not funded: nothing has begun, and the payment may go back. */
export type RelayRefusal = "claim_deadline_too_close" | "federation_unreachable" | "not_held" | "not_funded";
