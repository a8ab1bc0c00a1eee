/**
 * What becomes of payments and receives: as applications are told, as it stands in the operation log, and each step by
 * the reference's names. fedimint-ln-client 0.13.0 (`subscribe_ln_pay`, `subscribe_internal_pay`,
 * `subscribe_ln_receive`).
 */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { outPointsOf } from "../../../core/types/ids.ts";
import type { IncomingError, InternalPayState, LnPayState, LnReceiveState, ReceiveError } from "./shown.ts";
import { internalPayState, lnPayState, lnReceiveState } from "./shown.ts";
import type { LnState } from "./states.ts";

/**
 * `success`: with the 32-byte preimage as proof · `refunded`: the money is in the wallet again · `rejected`: guardians
 * refused to fund it, and the e-cash comes back · `failure`: neither refunded nor shown to be paid.
 */
export type PayOutcome =
  | { readonly outcome: "success"; readonly preimage: Bytes }
  | { readonly outcome: "refunded" | "rejected" | "failure"; readonly reason: string };

/**
 * `claimed`: the money is in the wallet · `expired`: nobody paid in time · `invalid`: guardians decrypted something
 * else than was offered · `rejected`: they refused the offer · `failure`: they refuse the claim.
 */
export type ReceiveOutcome =
  | { readonly outcome: "claimed" | "expired" | "invalid" }
  | { readonly outcome: "rejected" | "failure"; readonly reason: string };

/** How far a payment is. */
export type PayProgress = "Funding" | "Funded" | "Success" | "Refunding" | "Refunded" | "Rejected" | "Failure";
/** How far a receive is. */
export type ReceiveProgress = "Pending" | "Claiming" | "Claimed" | "Expired" | "Failure";

const PAY_PROGRESS: { readonly [Tag in LnState["tag"]]?: PayProgress } = {
  PayFunding: "Funding",
  PayFunded: "Funded",
  PayRejected: "Rejected",
  PaySuccess: "Success",
  PayRefunding: "Refunding",
  PayRefunded: "Refunded",
  PayFailure: "Failure",
  InternalFunding: "Funding",
  InternalDecrypting: "Funded",
  InternalRejected: "Rejected",
  InternalSuccess: "Success",
  InternalRefunding: "Refunding",
  InternalRefunded: "Refunded",
  InternalFailure: "Failure",
};

const RECEIVE_PROGRESS: { readonly [Tag in LnState["tag"]]?: ReceiveProgress } = {
  ReceiveOffering: "Pending",
  ReceivePending: "Pending",
  ReceiveClaiming: "Claiming",
  ReceiveClaimed: "Claimed",
  ReceiveExpired: "Expired",
  ReceiveRejected: "Failure",
  ReceiveInvalid: "Failure",
  ReceiveFailure: "Failure",
};

/** Null for what is no payment. */
export function payProgressOf({ tag }: LnState): PayProgress | null {
  return PAY_PROGRESS[tag] ?? null;
}

/** Null for what is no receive. */
export function receiveProgressOf({ tag }: LnState): ReceiveProgress | null {
  return RECEIVE_PROGRESS[tag] ?? null;
}

const NO_PREIMAGE = "what was offered is no preimage";

/** Null while it is under way. */
export function payOutcomeOf(state: LnState): PayOutcome | null {
  switch (state.tag) {
    case "PaySuccess":
    case "InternalSuccess":
      return { outcome: "success", preimage: state.value };
    case "PayRefunded":
      return { outcome: "refunded", reason: state.value };
    case "InternalRefunded":
      return { outcome: "refunded", reason: NO_PREIMAGE };
    case "PayRejected":
    case "InternalRejected":
      return { outcome: "rejected", reason: state.value };
    case "PayFailure":
    case "InternalFailure":
      return { outcome: "failure", reason: state.value };
    default:
      return null;
  }
}

/** Null while it is under way. */
export function receiveOutcomeOf(state: LnState): ReceiveOutcome | null {
  switch (state.tag) {
    case "ReceiveClaimed":
      return { outcome: "claimed" };
    case "ReceiveExpired":
      return { outcome: "expired" };
    case "ReceiveInvalid":
      return { outcome: "invalid" };
    case "ReceiveRejected":
      return { outcome: "rejected", reason: state.value };
    case "ReceiveFailure":
      return { outcome: "failure", reason: state.value.reason };
    default:
      return null;
  }
}

function shownPay(state: LnState): LnPayState | null {
  switch (state.tag) {
    case "PayFunding":
      return { tag: "created", value: null };
    case "PayFunded":
      return { tag: "funded", value: { blockHeight: state.value.contract.timelock } };
    case "PayRejected":
      return { tag: "canceled", value: null };
    case "PaySuccess":
      return { tag: "success", value: { preimage: toHex(state.value) } };
    case "PayRefunding":
      return { tag: "waiting_for_refund", value: { errorReason: state.value.reason } };
    case "PayRefunded": {
      const value = { errorCode: 500, errorMessage: state.value };
      return { tag: "refunded", value: { gatewayError: { tag: "gateway_internal_error", value } } };
    }
    case "PayFailure":
      return { tag: "unexpected_error", value: { errorMessage: state.value } };
    default:
      return null;
  }
}

function failed(errorMessage: string): IncomingError {
  return { tag: "failed_to_fund_contract", value: { errorMessage } };
}

function shownInternal(state: LnState): InternalPayState | null {
  switch (state.tag) {
    case "InternalFunding":
      return { tag: "funding", value: null };
    case "InternalSuccess":
      return { tag: "preimage", value: state.value };
    case "InternalRejected":
      return { tag: "funding_failed", value: { error: failed(state.value) } };
    case "InternalRefunded":
      return { tag: "refund_success", value: { outPoints: outPointsOf(state.value), error: failed(NO_PREIMAGE) } };
    case "InternalFailure":
      return { tag: "unexpected_error", value: state.value };
    default:
      return null;
  }
}

function canceled(tag: ReceiveError["tag"]): LnReceiveState {
  return { tag: "canceled", value: { reason: { tag, value: null } } };
}

function shownReceive(state: LnState): LnReceiveState | null {
  switch (state.tag) {
    case "ReceiveOffering":
      return { tag: "created", value: null };
    case "ReceivePending": {
      const { text: invoice, expirySecs: secs } = state.value.invoice;
      return { tag: "waiting_for_payment", value: { invoice, timeout: { secs, nanos: 0 } } };
    }
    case "ReceiveClaiming":
      return { tag: "awaiting_funds", value: null };
    case "ReceiveClaimed":
      return { tag: "claimed", value: null };
    case "ReceiveRejected":
      return canceled("rejected");
    case "ReceiveExpired":
      return canceled("timeout");
    case "ReceiveInvalid":
      return canceled("invalid_preimage");
    case "ReceiveFailure":
      return canceled("claim_rejected");
    default:
      return null;
  }
}

/** A step by the reference's name; null for one that it doesn't tell. */
export function shownJson(state: LnState): Json {
  const pay = shownPay(state);
  if (pay) return lnPayState.toJson(pay);
  const internal = shownInternal(state);
  if (internal) return internalPayState.toJson(internal);
  const receive = shownReceive(state);
  return receive && lnReceiveState.toJson(receive);
}

/** As the reference's commands print the end of a payment. A failed one is no failed command. */
export function finalPayJson(paid: PayOutcome, isInternal: boolean): Json {
  if (paid.outcome === "success") return { Success: { preimage: toHex(paid.preimage) } };
  const kind = isInternal ? "internal" : "external";
  const error_message = paid.outcome === "refunded"
    ? `LNv1 ${kind} payment was refunded: ${paid.reason}`
    : paid.outcome === "rejected"
    ? `LNv1 ${kind} payment funding failed: ${paid.reason}`
    : paid.reason;
  return { Failure: { error_message } };
}
