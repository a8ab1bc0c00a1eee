/** Events of the gateway's log, as the reference has them. fedimint-gw-client 0.13.0 (`events.rs`). */
import { toHex } from "../../../core/bytes.ts";
import type { Bytes } from "../../../core/bytes.ts";
import type { Json } from "../../../core/encoding/mod.ts";
import { amount as amountCodec } from "../../../core/types/amount.ts";
import type { OperationId, Sha256 } from "../../../core/types/ids.ts";
import type { ContractId } from "../contracts.ts";
import type { LnGatewayTx } from "./own.ts";
import type { OutgoingAccount, PaymentError } from "./payment_error.ts";
import { outgoingAccount, outgoingPaymentError } from "./payment_error.ts";

/** Kind and payload of an event. */
export type LnGatewayEvent = { readonly kind: string; readonly payload: Json };

export function outgoingPaymentStarted(
  contractId: ContractId,
  invoiceMsat: bigint,
  operationId: OperationId,
): LnGatewayEvent {
  return {
    kind: "outgoing-payment-started",
    payload: { contract_id: contractId, invoice_amount: amountCodec.toJson(invoiceMsat), operation_id: operationId },
  };
}

/** @param preimage 32 bytes */
export function outgoingPaymentSucceeded(
  contractId: ContractId,
  account: OutgoingAccount,
  preimage: Bytes,
): LnGatewayEvent {
  return {
    kind: "outgoing-payment-succeeded",
    payload: {
      outgoing_contract: outgoingAccount.toJson(account),
      contract_id: contractId,
      preimage: toHex(preimage),
    },
  };
}

export function outgoingPaymentFailed(
  contractId: ContractId,
  account: OutgoingAccount,
  errorType: PaymentError,
): LnGatewayEvent {
  return {
    kind: "outgoing-payment-failed",
    payload: {
      outgoing_contract: outgoingAccount.toJson(account),
      contract_id: contractId,
      error: outgoingPaymentError.toJson({ errorType, contractId, contract: account }),
    },
  };
}

/** @param terms `invoiceMsat`: what the forward holds · `contractMsat`: what the contract holds */
export function incomingPaymentStarted(
  paymentHash: Sha256,
  terms: { readonly invoiceMsat: bigint; readonly contractMsat: bigint },
  operationId: OperationId,
): LnGatewayEvent {
  return {
    kind: "incoming-payment-started",
    payload: {
      contract_id: paymentHash,
      payment_hash: paymentHash,
      invoice_amount: amountCodec.toJson(terms.invoiceMsat),
      contract_amount: amountCodec.toJson(terms.contractMsat),
      operation_id: operationId,
    },
  };
}

/** @param preimage 32 bytes */
export function incomingPaymentSucceeded(paymentHash: Sha256, preimage: Bytes): LnGatewayEvent {
  return { kind: "incoming-payment-succeeded", payload: { payment_hash: paymentHash, preimage: toHex(preimage) } };
}

export function incomingPaymentFailed(paymentHash: Sha256): LnGatewayEvent {
  return {
    kind: "incoming-payment-failed",
    payload: { payment_hash: paymentHash, error: "Incoming contract was not funded" },
  };
}

/** The preimage was given to the node. */
export function completeLightningPaymentSucceeded(paymentHash: Sha256): LnGatewayEvent {
  return { kind: "complete-lightning-payment-succeeded", payload: { payment_hash: paymentHash } };
}

/** Writes a persistent event together with all else of the transaction. */
export function logInto(tx: LnGatewayTx, { kind, payload }: LnGatewayEvent): void {
  tx.logEvent(kind, payload);
}
