/** What guardians say of inputs and outputs that they refuse. fedimint-ln-common 0.13.0 (`lib.rs`). */
import { formatAmount } from "../../core/types/amount_text.ts";
import type { LnInputError, LnOutputError } from "./common.ts";

export function inputErrorText(error: LnInputError): string {
  switch (error.tag) {
    case "UnknownContract":
      return `The input contract ${error.value} does not exist`;
    case "InsufficientFunds":
      return `The input contract has too little funds, got ${formatAmount(error.value[0])}, input spends ${
        formatAmount(error.value[1])
      }`;
    case "MissingPreimage":
      return "An outgoing LN contract spend did not provide a preimage";
    case "InvalidPreimage":
      return "An outgoing LN contract spend provided a wrong preimage";
    case "ContractNotReady":
      return "Incoming contract not ready to be spent yet, decryption in progress";
    case "UnknownInputVariant":
      return "The lightning input version is not supported by this federation";
  }
}

export function outputErrorText(error: LnOutputError): string {
  switch (error.tag) {
    case "UnknownContract":
      return `The input contract ${error.value} does not exist`;
    case "ZeroOutput":
      return "Output contract value may not be zero unless it's an offer output";
    case "InvalidEncryptedPreimage":
      return "Offer contains invalid threshold-encrypted data";
    case "DuplicateEncryptedPreimage":
      return "Offer contains a ciphertext that has already been used";
    case "InsufficientIncomingFunding":
      return `The incoming LN account requires more funding (need ${formatAmount(error.value[0])} got ${
        formatAmount(error.value[1])
      })`;
    case "NoOffer":
      return `No offer found for payment hash ${error.value}`;
    case "NotOutgoingContract":
      return "Only outgoing contracts support cancellation";
    case "InvalidCancellationSignature":
      return "Cancellation request wasn't properly signed";
    case "UnknownOutputVariant":
      return "The lightning output version is not supported by this federation";
    case "ContractAlreadyFunded":
      return `The incoming contract ${error.value} has already been funded`;
    case "OfferForFundedContract":
      return `An incoming contract account for the offer's payment hash already exists: ${error.value}`;
    case "EncryptedPreimageMismatch":
      return "The contract's encrypted preimage does not match the offer's";
    case "PreDecryptedIncomingContract":
      return "An incoming contract must be funded with a pending decryption";
  }
}
