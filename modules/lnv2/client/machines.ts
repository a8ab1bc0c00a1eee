/** Ways out of each state of the lnv2 client's machines. */
import type { OperationId } from "../../../core/types/ids.ts";
import type { ActiveState, PendingMoney } from "../../contract/client.ts";
import type { Transition } from "../../contract/client_env.ts";
import { claimTransition, pendingTransition } from "./receive_machine.ts";
import type { LightningParts } from "./send_machine.ts";
import { expirationTransition, fundingTransition, gatewayTransition, refundTransition } from "./send_machine.ts";
import type { LightningState } from "./states.ts";

export function lightningTransitions(
  parts: LightningParts,
  state: LightningState,
  operationId: OperationId,
): readonly Transition<LightningState>[] {
  switch (state.tag) {
    case "SendFunding":
      return [fundingTransition(parts, state, operationId)];
    case "SendFunded":
      return [gatewayTransition(parts, state), expirationTransition(parts, state)];
    case "SendRefunding":
      return [refundTransition(parts, state, operationId)];
    case "ReceivePending":
      return [pendingTransition(parts, state)];
    case "ReceiveClaiming":
      return [claimTransition(parts, state, operationId)];
    default:
      return [];
  }
}

/** Contracts that are being paid out or come back; what claims and refunds bring is the e-cash module's figure. */
export function pendingMoney(active: readonly ActiveState<LightningState>[]): PendingMoney {
  let outgoingMsat = 0n;
  for (const { state } of active) {
    if (state.tag === "SendFunding" || state.tag === "SendFunded") outgoingMsat += state.value.contract.amount;
  }
  return { incomingMsat: 0n, outgoingMsat, inDoubtMsat: 0n };
}
