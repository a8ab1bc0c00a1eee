/**
 * What clients and gateways say to each other over HTTP, as JSON. Follows fedimint-lnv2-common 0.13.0
 * (`gateway_api.rs`).
 */
import { sha256 } from "@noble/hashes/sha2.js";
import type { Bytes } from "../../core/bytes.ts";
import type { Codec, CodecType, JsonObject } from "../../core/encoding/mod.ts";
import {
  bool,
  closedEnum,
  encode,
  fixedBytes,
  jsonDefault,
  option,
  result,
  struct,
  text,
  u32,
  u64,
} from "../../core/encoding/mod.ts";
import { amount } from "../../core/types/amount.ts";
import { federationId, outPoint, sha256Hash } from "../../core/types/ids.ts";
import { publicKey, schnorrSignature } from "../../core/types/keys.ts";
import type { Bolt11Invoice } from "../../core/lightning/bolt11.ts";
import { bolt11Invoice } from "../../core/lightning/bolt11.ts";
import { incomingContract, outgoingContract } from "./contracts.ts";
import type { PaymentFee } from "./fees.ts";
import { paymentFee } from "./fees.ts";

/** Routes below the gateway's URL. */
export const GATEWAY_ROUTES = ["/routing_info", "/create_bolt11_invoice", "/send_payment"] as const;

/** Longest life of an invoice that a client may ask for: a day. */
export const INVOICE_EXPIRY_SECS_MAX = 86_400;

export const lightningInvoice = closedEnum("LightningInvoice", { Bolt11: bolt11Invoice });
export type LightningInvoice = CodecType<typeof lightningInvoice>;

/** 32 bytes: what a payer signs so that the gateway pays this invoice. */
export function invoiceDigest(invoice: LightningInvoice): Bytes {
  return sha256(encode(lightningInvoice, invoice)) as Bytes;
}

/** What a gateway takes, and by which keys it is known. Keys: 33 bytes. */
export type RoutingInfo = {
  /** Key of the gateway's Lightning node. Invoices of this payee are swaps between federations. */
  readonly lightningPublicKey: Bytes;
  /** Null with older gateways. */
  readonly lightningAlias: string | null;
  /** Claims outgoing contracts, takes back incoming ones. */
  readonly modulePublicKey: Bytes;
  /** For a direct swap. */
  readonly sendFeeMinimum: PaymentFee;
  /** For a payment over Lightning. */
  readonly sendFeeDefault: PaymentFee;
  /** Blocks. */
  readonly expirationDeltaMinimum: bigint;
  /** Blocks. */
  readonly expirationDeltaDefault: bigint;
  readonly receiveFee: PaymentFee;
  /** Older gateways don't say: they do. */
  readonly receiveEnabled: boolean;
};

const routingInfoFields: Codec<RoutingInfo> = struct("RoutingInfo", {
  lightningPublicKey: publicKey,
  lightningAlias: option(text),
  modulePublicKey: publicKey,
  sendFeeMinimum: paymentFee,
  sendFeeDefault: paymentFee,
  expirationDeltaMinimum: u64,
  expirationDeltaDefault: u64,
  receiveFee: paymentFee,
  receiveEnabled: jsonDefault(bool, () => true),
});

/** JSON has no `lightning_alias` where there is none. */
export const routingInfo: Codec<RoutingInfo> = {
  ...routingInfoFields,
  toJson: (info) => {
    const { lightning_alias: alias, ...others } = routingInfoFields.toJson(info) as JsonObject;
    return alias === null ? others : { lightning_alias: alias!, ...others };
  },
};

/** Fee and expiration delta (blocks) for paying an invoice. */
export function sendParameters(
  info: RoutingInfo,
  invoice: Pick<Bolt11Invoice, "payee">,
): { readonly fee: PaymentFee; readonly expirationDelta: bigint } {
  return publicKey.compare(invoice.payee, info.lightningPublicKey) === 0
    ? { fee: info.sendFeeMinimum, expirationDelta: info.expirationDeltaMinimum }
    : { fee: info.sendFeeDefault, expirationDelta: info.expirationDeltaDefault };
}

const invoiceDescription = closedEnum("Bolt11InvoiceDescription", { Direct: text, Hash: sha256Hash });

export const createBolt11InvoicePayload = struct("CreateBolt11InvoicePayload", {
  federationId,
  contract: incomingContract,
  amount,
  description: invoiceDescription,
  expirySecs: u32,
});
export type CreateBolt11InvoicePayload = CodecType<typeof createBolt11InvoicePayload>;

export const sendPaymentPayload = struct("SendPaymentPayload", {
  federationId,
  outpoint: outPoint,
  contract: outgoingContract,
  invoice: lightningInvoice,
  auth: schnorrSignature,
});
export type SendPaymentPayload = CodecType<typeof sendPaymentPayload>;

/** The preimage (32 bytes), or the signature that forfeits the contract (64 bytes). */
export const sendPaymentResponse = result(fixedBytes(32), schnorrSignature);
