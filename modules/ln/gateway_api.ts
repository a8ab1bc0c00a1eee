/**
 * What clients and gateways say to each other over HTTP, as JSON. Follows fedimint-ln-common 0.13.0 (`lib.rs`) and
 * fedimint-ln-client 0.13.0 (`pay.rs`).
 */
import type { CodecType } from "../../core/encoding/mod.ts";
import { closedEnum, fixedBytes, hexBytes, jsonDefault, list, struct, u64 } from "../../core/encoding/mod.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import { bolt11Invoice, invoiceExpiresAt } from "../../core/lightning/bolt11.ts";
import { routeHint } from "../../core/lightning/route_hint.ts";
import { amount, U64_MAX } from "../../core/types/amount.ts";
import { federationId, sha256Hash } from "../../core/types/ids.ts";
import { publicKey } from "../../core/types/keys.ts";
import { contractId } from "./contracts.ts";

/** Routes below the gateway's URL: the first with POST, the other with GET, which answers the gateway's id. */
export const GATEWAY_ROUTES = { payInvoice: "pay_invoice", id: "id" } as const;

/** What a gateway needs to pay an invoice without seeing what it is for. */
export const prunedInvoice = struct("PrunedInvoice", {
  amount,
  /** 33 bytes: the node that is paid. */
  destination: publicKey,
  destinationFeatures: jsonDefault(hexBytes, () => new Uint8Array(0)),
  paymentHash: sha256Hash,
  /** 32 bytes */
  paymentSecret: fixedBytes(32),
  routeHints: list(routeHint),
  minFinalCltvDelta: u64,
  /** Unix time, seconds. */
  expiryTimestamp: u64,
});
export type PrunedInvoice = CodecType<typeof prunedInvoice>;

/** Null for an invoice that leaves the amount to the payer. */
export function pruned(invoice: Bolt11Invoice): PrunedInvoice | null {
  if (invoice.amountMsat === null) return null;
  return {
    amount: invoice.amountMsat,
    destination: invoice.payee,
    destinationFeatures: invoice.features,
    paymentHash: invoice.paymentHash,
    paymentSecret: invoice.paymentSecret,
    routeHints: invoice.routeHints.map((route) => [...route]),
    minFinalCltvDelta: invoice.minFinalCltvExpiryDelta,
    expiryTimestamp: invoiceExpiresAt(invoice) ?? U64_MAX,
  };
}

/** The invoice; or only what is needed to pay it, for gateways that support private payments. */
const paymentData = closedEnum("PaymentData", { invoice: bolt11Invoice, pruned_invoice: prunedInvoice });
export type PaymentData = CodecType<typeof paymentData>;

/** Order to pay. `preimageAuth`: who asks for the same payment again must know it. */
export const payInvoicePayload = struct("PayInvoicePayload", {
  federationId,
  contractId,
  paymentData,
  preimageAuth: sha256Hash,
});
export type PayInvoicePayload = CodecType<typeof payInvoicePayload>;
