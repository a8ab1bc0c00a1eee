/** Ways out of each state of the ln client's machines. */
import type { OperationId } from "../../../core/types/ids.ts";
import type { ActiveState, PendingMoney } from "../../contract/client.ts";
import type { Transition } from "../../contract/client_env.ts";
import { boughtTransition, decryptedTransition, returnedTransition } from "./internal_machine.ts";
import type { LnParts } from "./parts.ts";
import {
  cancelledTransition,
  fundingTransition,
  paidTransition,
  refundTransition,
  timeoutTransition,
} from "./pay_machine.ts";
import { claimTransition, offeredTransition, pendingTransition } from "./receive_machine.ts";
import type { LnState } from "./states.ts";

export function lnTransitions(
  parts: LnParts,
  state: LnState,
  operationId: OperationId,
): readonly Transition<LnState>[] {
  switch (state.tag) {
    case "PayFunding":
      return [fundingTransition(parts, state, operationId)];
    case "PayFunded":
      return [paidTransition(parts, state), cancelledTransition(parts, state), timeoutTransition(parts, state)];
    case "PayRefunding":
      return [refundTransition(parts, state, operationId)];
    case "InternalFunding":
      return [boughtTransition(parts, state, operationId)];
    case "InternalDecrypting":
      return [decryptedTransition(parts, state)];
    case "InternalRefunding":
      return [returnedTransition(parts, state, operationId)];
    case "ReceiveOffering":
      return [offeredTransition(parts, state, operationId)];
    case "ReceivePending":
      return [pendingTransition(parts, state)];
    case "ReceiveClaiming":
      return [claimTransition(parts, state, operationId)];
    default:
      return [];
  }
}

/** Contracts that are being paid out or come back; what claims and refunds bring is the e-cash module's figure. */
export function pendingMoney(active: readonly ActiveState<LnState>[]): PendingMoney {
  let outgoingMsat = 0n;
  for (const { state } of active) {
    if (state.tag === "PayFunding") outgoingMsat += state.value.payment.amount;
    if (state.tag === "InternalFunding") outgoingMsat += state.value.purchase.amount;
    if (state.tag === "PayFunded" || state.tag === "InternalDecrypting") outgoingMsat += state.value.amount;
  }
  return { incomingMsat: 0n, outgoingMsat, inDoubtMsat: 0n };
}
