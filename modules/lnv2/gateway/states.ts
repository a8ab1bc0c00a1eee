/**
 * States of the gateway's machines, as they are stored: paying an invoice for an outgoing contract; buying a preimage
 * by an incoming one; ending a held payment. Follows fedimint-gwv2-client 0.13.0 (`send_sm.rs`, `receive_sm.rs`,
 * `complete_sm.rs`), but for keys: they follow from the module's secret and stand in no state.
 */
import type { Bytes } from "../../../core/bytes.ts";
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, list, struct, text, u64, unit } from "../../../core/encoding/mod.ts";
import { amount } from "../../../core/types/amount.ts";
import { operationId, outPoint, outPointRange, sha256Hash } from "../../../core/types/ids.ts";
import { incomingContract, outgoingContract } from "../contracts.ts";
import { lightningInvoice } from "../gateway_api.ts";

/** Why a payment was not made, and never will be. JSON as in the reference's events. */
export const cancelled = closedEnum("Cancelled", {
  InvoiceExpired: unit,
  TimeoutTooClose: unit,
  Underfunded: unit,
  RegistrationError: text,
  FinalizationError: text,
  Rejected: unit,
  Refunded: unit,
  Failure: unit,
  LightningRpcError: text,
  DuplicatePayment: unit,
});
export type Cancelled = CodecType<typeof cancelled>;

/** A payment. `maxDelay`: blocks that were left when it was accepted, less those that the gateway keeps for itself. */
const sendMachine = struct("SendStateMachine", {
  operationId,
  outpoint: outPoint,
  contract: outgoingContract,
  maxDelay: u64,
  minContractAmount: amount,
  invoice: lightningInvoice,
  state: closedEnum("SendSMState", {
    /** Under way: nothing is known yet. */
    Sending: unit,
    /** Paid; the contract is being claimed, with what it brings. */
    Claiming: struct("Claiming", { preimage: fixedBytes(32), outpoints: list(outPoint) }),
    /**
     * The node or a federation has said that nothing was paid and nothing will be. The payer may have it in writing.
     */
    Cancelled: cancelled,
  }),
});
export type SendMachine = CodecType<typeof sendMachine>;

/** An incoming contract that the gateway funds for its preimage. */
const receiveMachine = struct("ReceiveStateMachine", {
  operationId,
  contract: incomingContract,
  outpoint: outPoint,
  state: closedEnum("ReceiveSMState", {
    Funding: unit,
    /** Guardians took no money, with their reason. */
    Rejected: text,
    /** Bought: the preimage, 32 bytes. */
    Success: fixedBytes(32),
    /** Funded, and neither preimage nor money comes of it. */
    Failure: unit,
    /** What was encrypted is no preimage: the money comes back as these outputs. */
    Refunding: outPointRange,
  }),
});
export type ReceiveMachine = CodecType<typeof receiveMachine>;

/** How buying a preimage ended: the preimage (32 bytes), or why there is none. */
const finalReceiveState = closedEnum("FinalReceiveState", {
  Rejected: unit,
  Success: fixedBytes(32),
  Refunded: unit,
  Failure: unit,
});
export type FinalReceiveState = CodecType<typeof finalReceiveState>;

/** A payment that the node holds, which ends as buying its preimage ended. */
const completeMachine = struct("CircuitCompleteStateMachine", {
  operationId,
  receiveOperationId: operationId,
  paymentHash: sha256Hash,
  /** What the node holds. */
  amountMsat: amount,
  state: closedEnum("CompleteSMState", {
    Pending: unit,
    Completing: finalReceiveState,
    Completed: unit,
    /** The node has ended it the other way, with its reason. */
    CompletionFailed: text,
  }),
});
export type CompleteMachine = CodecType<typeof completeMachine>;

export const gatewayState = closedEnum("GatewayClientStateMachines", {
  Send: sendMachine,
  Receive: receiveMachine,
  Complete: completeMachine,
});
export type GatewayState = CodecType<typeof gatewayState>;

/** The preimage of a purchase that succeeded. */
export function preimageOf(final: FinalReceiveState): Bytes | null {
  return final.tag === "Success" ? final.value : null;
}
