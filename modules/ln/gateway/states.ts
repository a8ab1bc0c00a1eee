/**
 * States of the gateway's machines, as they are stored: paying an invoice for an outgoing contract; buying a preimage
 * by an incoming one. Follows fedimint-gw-client 0.13.0 (`pay.rs`) and fedimint-ln-client 0.13.0 (`incoming.rs`), but
 * for keys: they follow from the module's secret and stand in no state.
 */
import type { CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, list, struct, text, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { amount } from "../../../core/types/amount.ts";
import { outPoint, outPointRange, sha256Hash, transactionId } from "../../../core/types/ids.ts";
import { contractId } from "../contracts.ts";
import { outgoingAccount, paymentError } from "./payment_error.ts";

/** A payment. `necessaryMsat`: what the contract must hold for it at the prices of its beginning. */
const payMachine = struct("GatewayPayStateMachine", {
  contractId,
  account: outgoingAccount,
  invoice: bolt11Invoice,
  necessaryMsat: amount,
  state: closedEnum("GatewayPayStates", {
    /** Under way: nothing is known yet. */
    Paying: unit,
    /** Paid; the contract is being claimed, with what it brings. */
    Claiming: struct("Claiming", { preimage: fixedBytes(32), outpoints: list(outPoint) }),
    /** Nothing was paid and nothing will be: the contract is being given up. `round` counts the tries. */
    Cancelling: struct("Cancelling", { error: paymentError, round: u64Number }),
    Cancelled: paymentError,
    /** The same, and guardians refuse the cancellation, with their reason: the payer waits for the timelock. */
    Failed: struct("Failed", { error: paymentError, reason: text }),
  }),
});
export type PayMachine = CodecType<typeof payMachine>;

/** An incoming contract that the gateway funds for its preimage. */
const buyMachine = struct("IncomingStateMachine", {
  paymentHash: sha256Hash,
  amount,
  txid: transactionId,
  state: closedEnum("IncomingSmStates", {
    Funding: unit,
    /** Guardians took no money, with their reason. */
    Rejected: text,
    /** Bought: the preimage, 32 bytes. */
    Success: fixedBytes(32),
    /** What was encrypted is no preimage: the money comes back as these outputs. */
    Refunding: struct("Refunding", { range: outPointRange, round: u64Number }),
    Refunded: unit,
    /** Funded, and neither preimage nor money comes of it. */
    Failure: text,
  }),
});
export type BuyMachine = CodecType<typeof buyMachine>;

/** The transaction that gives an outgoing contract up, in an operation of its own. */
const cancelMachine = struct("CancelOutgoingStateMachine", {
  txid: transactionId,
  state: closedEnum("CancelOutgoingStates", {
    Submitted: unit,
    Accepted: unit,
    /** With guardians' reason. */
    Rejected: text,
  }),
});
export type CancelMachine = CodecType<typeof cancelMachine>;

export const lnGatewayState = closedEnum("GatewayClientStateMachines", {
  Pay: payMachine,
  Receive: buyMachine,
  Cancel: cancelMachine,
});
export type LnGatewayState = CodecType<typeof lnGatewayState>;

/** How buying a preimage ended: the preimage (32 bytes), or why there is none. */
export type Bought =
  | { readonly tag: "Success"; readonly preimage: Uint8Array<ArrayBuffer> }
  | { readonly tag: "Rejected" | "Refunded" | "Failure" };
