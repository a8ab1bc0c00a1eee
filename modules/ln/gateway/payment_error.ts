/**
 * Why a payment for an outgoing contract was not made, and never will be: as it is stored, and as the reference's
 * events have it in JSON. fedimint-gw-client 0.13.0 (`pay.rs`), fedimint-lightning 0.13.0 (`LightningRpcError`).
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, option, struct, text, tuple, u64, unit } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import { formatAmount } from "../../../core/types/amount_text.ts";
import { contractId, outgoingContract } from "../contracts.ts";

const contractError = closedEnum("OutgoingContractError", {
  InvalidOutgoingContract: struct("InvalidOutgoingContract", { contractId }),
  CancelledContract: unit,
  NotOurKey: unit,
  InvoiceMissingAmount: unit,
  /** What it needs, what it holds: msat. */
  Underfunded: tuple(amount, amount),
  TimeoutTooClose: unit,
  MissingContractData: unit,
  /** Unix time, seconds. */
  InvoiceExpired: u64,
  InvoiceAmountTooLarge: unit,
});
type ContractError = CodecType<typeof contractError>;

/** The one of the reference's errors that a node's word comes to. */
const nodeError = closedEnum("LightningRpcError", {
  FailedPayment: struct("FailedPayment", { failureReason: text }),
});

export const paymentError = closedEnum("OutgoingPaymentErrorType", {
  LightningPayError: struct("LightningPayError", { lightningError: nodeError }),
  InvalidOutgoingContract: struct("InvalidOutgoingContractOf", { error: contractError }),
  SwapFailed: struct("SwapFailed", { swapError: text }),
  InvalidFederationConfiguration: unit,
  PaymentHashAlreadyClaimed: unit,
});
export type PaymentError = CodecType<typeof paymentError>;

/** An outgoing contract, and what lies in it. */
export const outgoingAccount = struct("OutgoingContractAccount", { amount, contract: outgoingContract });
export type OutgoingAccount = CodecType<typeof outgoingAccount>;

/** As an event tells it. JSON only. */
export const outgoingPaymentError = struct("OutgoingPaymentError", {
  errorType: paymentError,
  contractId,
  contract: option(outgoingAccount),
});

export function ofContract(error: ContractError): PaymentError {
  return { tag: "InvalidOutgoingContract", value: { error } };
}

/** In the reference's words. */
export function paymentErrorText(error: PaymentError): string {
  switch (error.tag) {
    case "LightningPayError":
      return "An error occurred while paying the lightning invoice.";
    case "InvalidOutgoingContract":
      return `An invalid contract was specified: ${contractErrorText(error.value.error)}`;
    case "SwapFailed":
      return "An error occurred while attempting direct swap between federations.";
    case "InvalidFederationConfiguration":
      return "No federation configuration";
    case "PaymentHashAlreadyClaimed":
      return "A payment for this payment hash was already accepted";
  }
}

function contractErrorText(error: ContractError): string {
  switch (error.tag) {
    case "InvalidOutgoingContract":
      return `Invalid OutgoingContract ${error.value.contractId}`;
    case "CancelledContract":
      return "The contract is already cancelled and can't be processed by the gateway";
    case "NotOurKey":
      return "The Account or offer is keyed to another gateway";
    case "InvoiceMissingAmount":
      return "Invoice is missing amount";
    case "Underfunded":
      return `Outgoing contract is underfunded, wants us to pay ${formatAmount(error.value[0])}, but only contains ${
        formatAmount(error.value[1])
      }`;
    case "TimeoutTooClose":
      return "The contract's timeout is in the past or does not allow for a safety margin";
    case "MissingContractData":
      return "Gateway could not retrieve metadata about the contract.";
    case "InvoiceExpired":
      return `The invoice is expired. Expiry happened at timestamp: ${error.value}`;
    case "InvoiceAmountTooLarge":
      return "The invoice amount plus the gateway fee overflows";
  }
}
