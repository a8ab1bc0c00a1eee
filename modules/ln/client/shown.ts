/**
 * What is told of payments under way, and kept in the operation log: names and shapes of fedimint-ln-client 0.13.0.
 * JSON alone.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, list, option, struct, text, u16, u32, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { amount } from "../../../core/types/amount.ts";
import { duration } from "../../../core/types/duration.ts";
import { operationId, outPoint, sha256Hash } from "../../../core/types/ids.ts";
import { contractId, incomingContractAccount, preimage } from "../contracts.ts";

/** Within the federation or over Lightning, and its operation. */
export const payType = closedEnum("PayType", { internal: operationId, lightning: operationId });
export type PayType = CodecType<typeof payType>;

/** `fee` msat. */
export const outgoingPayment = struct("OutgoingLightningPayment", { paymentType: payType, contractId, fee: amount });
export type OutgoingPayment = CodecType<typeof outgoingPayment>;

const gatewayPayError = closedEnum("GatewayPayError", {
  gateway_internal_error: struct("GatewayInternalError", { errorCode: option(u16), errorMessage: text }),
  outgoing_contract_error: unit,
});
export type GatewayPayError = CodecType<typeof gatewayPayError>;

/** A payment over Lightning. The preimage is hex. */
export const lnPayState = closedEnum("LnPayState", {
  created: unit,
  canceled: unit,
  funded: struct("Funded", { blockHeight: u32 }),
  waiting_for_refund: struct("WaitingForRefund", { errorReason: text }),
  awaiting_change: unit,
  success: struct("Success", { preimage: text }),
  refunded: struct("Refunded", { gatewayError: gatewayPayError }),
  unexpected_error: struct("UnexpectedError", { errorMessage: text }),
});
export type LnPayState = CodecType<typeof lnPayState>;

const receiveError = closedEnum("LightningReceiveError", {
  rejected: unit,
  timeout: unit,
  claim_rejected: unit,
  invalid_preimage: unit,
});
export type ReceiveError = CodecType<typeof receiveError>;

export const lnReceiveState = closedEnum("LnReceiveState", {
  created: unit,
  waiting_for_payment: struct("WaitingForPayment", { invoice: text, timeout: duration }),
  canceled: struct("Canceled", { reason: receiveError }),
  funded: unit,
  awaiting_funds: unit,
  claimed: unit,
});
export type LnReceiveState = CodecType<typeof lnReceiveState>;

const paymentHash = sha256Hash;

/** Why a payment within the federation went wrong. */
const incomingError = closedEnum("IncomingSmError", {
  violated_fee_policy: struct("ViolatedFeePolicy", { offerAmount: amount, paymentAmount: amount }),
  invalid_offer: struct("InvalidOffer", { offerHash: sha256Hash, paymentHash }),
  timeout_fetching_offer: struct("TimeoutFetchingOffer", { paymentHash }),
  fetch_contract_error: struct("FetchContractError", { paymentHash, errorMessage: text }),
  invalid_preimage: struct("InvalidPreimage", { contract: incomingContractAccount }),
  failed_to_fund_contract: struct("FailedToFundContract", { errorMessage: text }),
  amount_error: struct("AmountError", { invoice: bolt11Invoice }),
  contract_already_exists: struct("ContractAlreadyExists", { paymentHash }),
});
export type IncomingError = CodecType<typeof incomingError>;

/** A payment within the federation. */
export const internalPayState = closedEnum("InternalPayState", {
  funding: unit,
  preimage,
  refund_success: struct("RefundSuccess", { outPoints: list(outPoint), error: incomingError }),
  refund_error: struct("RefundError", { errorMessage: text, error: incomingError }),
  funding_failed: struct("FundingFailed", { error: incomingError }),
  unexpected_error: text,
});
export type InternalPayState = CodecType<typeof internalPayState>;
