/**
 * What becomes of payments and receives, as applications are told and as it stands in the operation log.
 * fedimint-lnv2-client 0.13.0 (`SendOperationState`, `ReceiveOperationState`); docs/protocol/06-lightning-meta.md §D.
 */
import type { Bytes } from "../../../core/bytes.ts";
import { toHex } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import type { LightningState } from "./states.ts";

/**
 * `success`: with the 32-byte preimage as proof · `refunded`: the money is in the wallet again · `rejected`: guardians
 * refused to fund it, and the e-cash comes back · `failure`: neither paid nor refunded.
 */
export type SendOutcome =
  | { readonly outcome: "success"; readonly preimage: Bytes }
  | { readonly outcome: "refunded" }
  | { readonly outcome: "rejected" | "failure"; readonly reason: string };

/**
 * `claimed`: the money is in the wallet · `expired`: nobody paid in time · `uneconomical`: it would not pay the fees of
 * its claim · `failure`: guardians refuse the claim.
 */
export type ReceiveOutcome =
  | { readonly outcome: "claimed" | "expired" | "uneconomical" }
  | { readonly outcome: "failure"; readonly reason: string };

/** Null while it is under way. */
export function sendOutcomeOf(state: LightningState): SendOutcome | null {
  switch (state.tag) {
    case "SendSuccess":
      return { outcome: "success", preimage: state.value };
    case "SendRefunded":
      return { outcome: "refunded" };
    case "SendRejected":
      return { outcome: "rejected", reason: state.value };
    case "SendFailure":
      return { outcome: "failure", reason: state.value };
    default:
      return null;
  }
}

/** Null while it is under way. */
export function receiveOutcomeOf(state: LightningState): ReceiveOutcome | null {
  switch (state.tag) {
    case "ReceiveClaimed":
      return { outcome: "claimed" };
    case "ReceiveExpired":
      return { outcome: "expired" };
    case "ReceiveUneconomical":
      return { outcome: "uneconomical" };
    case "ReceiveFailure":
      return { outcome: "failure", reason: state.value };
    default:
      return null;
  }
}

/** As the reference writes it into the operation log: the preimage as numbers. */
export function sendOutcomeJson(sent: SendOutcome): Json {
  if (sent.outcome === "success") return { Success: [...sent.preimage] };
  return sent.outcome === "refunded" ? "Refunded" : "Failure";
}

/** As the reference's command prints it: the preimage as hex. */
export function finalSendJson(sent: SendOutcome): Json {
  return sent.outcome === "success" ? { Success: toHex(sent.preimage) } : sendOutcomeJson(sent);
}

const RECEIVED = { claimed: "Claimed", expired: "Expired", uneconomical: "Uneconomical", failure: "Failure" } as const;

/** The same in the operation log and on the terminal. */
export function receiveOutcomeJson({ outcome }: ReceiveOutcome): Json {
  return RECEIVED[outcome];
}
