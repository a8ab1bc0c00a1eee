/** What this module writes into the operation log and the event log. Follows fedimint-ln-client 0.13.0. */
import type { Codec, CodecType, Json } from "../../../core/encoding/mod.ts";
import { bool, closedEnum, list, option, struct, u64, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { amount } from "../../../core/types/amount.ts";
import { operationId, outPoint, sha256Hash } from "../../../core/types/ids.ts";
import { publicKey } from "../../../core/types/keys.ts";
import { contractId, preimage } from "../contracts.ts";

const payMeta = struct("LightningOperationMetaPay", {
  outPoint,
  invoice: bolt11Invoice,
  fee: amount,
  change: list(outPoint),
  isInternalPayment: bool,
  contractId,
  gatewayId: option(publicKey),
});
export type PayMeta = CodecType<typeof payMeta>;

const metaVariant = closedEnum("LightningOperationMetaVariant", {
  pay: payMeta,
  receive: struct("Receive", { outPoint, invoice: bolt11Invoice, gatewayId: option(publicKey) }),
  receive_reclaim: struct("ReceiveReclaim", {
    originalOperationId: operationId,
    invoice: bolt11Invoice,
    gatewayId: option(publicKey),
  }),
  claim: struct("Claim", { outPoints: list(outPoint) }),
  recurring_payment_receive: struct("RecurringPaymentReceive", { paymentCodeId: sha256Hash, invoice: bolt11Invoice }),
});
export type MetaVariant = CodecType<typeof metaVariant>;

/** Of an application, as it gave it. */
const anyJson: Pick<Codec<Json>, "toJson" | "fromJson"> = { toJson: (json) => json, fromJson: (json) => json };

/** An entry of the operation log. JSON only. */
export const operationMeta = struct("LightningOperationMeta", {
  variant: metaVariant,
  extraMeta: { ...unit, ...anyJson } as unknown as Codec<Json>,
});

export function metaJson(variant: MetaVariant, extraMeta: Json): Json {
  return operationMeta.toJson({ variant, extraMeta });
}

const sendStatus = closedEnum("SendPaymentStatus", { Success: preimage, Refunded: unit });
const operationAmount = { operationId, amount };

/** Events by kind. JSON only. */
export const lnEvents = {
  "payment-send": struct("SendPaymentEvent", { ...operationAmount, fee: amount }),
  "payment-send-update": struct("SendPaymentUpdateEvent", { operationId, status: sendStatus }),
  "payment-receive": struct("ReceivePaymentEvent", operationAmount),
  "recurring_invoice_created": struct("RecurringInvoiceCreatedEvent", {
    paymentCodeIdx: u64,
    invoiceIdx: u64,
    operationId,
  }),
} as const;
export type LnEvent = keyof typeof lnEvents;
