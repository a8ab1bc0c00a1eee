/** Why something can't be done with on-chain money. */
import { FedimintError } from "../../../core/result.ts";

/** What can't be done with on-chain money. */
export type WalletErrorCode =
  | "invalid_address"
  | "wrong_network"
  | "unsupported_address"
  | "dust_value"
  | "no_feerate"
  /** Guardians would refuse it. */
  | "fee_too_low"
  /** A large share of the amount, and nobody said that it may be. */
  | "fee_high"
  | "federation"
  | "insufficient_funds"
  /** There is enough, in more notes than a transaction takes. */
  | "too_many_notes"
  /** It holds too little bitcoin itself. */
  | "federation_short"
  | "unknown_operation"
  | "not_issued"
  | "failed";

/** Texts are the reference's, where it has one. */
const TEXTS: Readonly<Record<WalletErrorCode, string>> = {
  invalid_address: "The text is not a Bitcoin address",
  wrong_network: "Address is from a different network than the federation",
  unsupported_address: "Unsupported address type",
  dust_value: "The value is too small",
  no_feerate: "No consensus feerate is available at this time",
  fee_too_low: "The fee is lower than what the federation's guardians accept",
  fee_high: "The on-chain fee is a large part of the amount",
  federation: "The federation returned an error",
  insufficient_funds: "The client does not have sufficient funds to send the payment",
  too_many_notes: "So much takes more notes than one transaction holds: send it in several payments",
  federation_short: "The federation holds too little bitcoin on chain to pay anything out",
  unknown_operation: "This client has no such operation",
  not_issued: "The ecash for the claimed deposit could not be issued",
  failed: "The transaction could not be submitted",
};

/** Why something can't be done with on-chain money. `cause` has details. */
export class WalletError extends FedimintError<{ readonly code: WalletErrorCode }> {
  /** With the text that belongs to the code. */
  static of(code: WalletErrorCode, options?: ErrorOptions): WalletError {
    return new WalletError({ code }, TEXTS[code], options);
  }
}
