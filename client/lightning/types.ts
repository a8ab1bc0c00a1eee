/** Lightning, as applications use it: the same words whichever module for it a federation has. */
import type { Bytes } from "../../core/bytes.ts";
import type { Json } from "../../core/encoding/mod.ts";
import type { OperationId, Sha256 } from "../../core/types/ids.ts";
import type { SafeUrl } from "../../core/types/safe_url.ts";
import type { PaymentFee } from "../../modules/lnv2/fees.ts";

export type { PaymentFee } from "../../modules/lnv2/fees.ts";

/**
 * Which gateway: its URL; in a federation with version 1's module alone its id, 33 bytes as 66 hex digits. `gateways`
 * lists both as `name`.
 */
export type GatewayName = string;

/** A gateway's terms for a payment: a quote's are handed back as they are, to be paid by them or not at all. */
export type PaymentTerms =
  | { readonly module: "lnv2"; readonly fee: PaymentFee; readonly expirationDelta: bigint }
  | { readonly module: "ln"; readonly gatewayFeeMsat: bigint };

/** What a payment costs, and through whom. */
export type PaymentQuote = {
  /** Null: within the federation, where the payee is in it and nobody else is needed. */
  readonly gateway: GatewayName | null;
  readonly terms: PaymentTerms;
  /** What the payee gets. */
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  /** The federation's own fees, and what is too small to come back as change. */
  readonly federationFeeMsat: bigint;
  /** What leaves the balance: all of the above. */
  readonly totalMsat: bigint;
  /** Nothing goes over Lightning: the payee uses the same gateway, or is in the federation. */
  readonly isDirect: boolean;
  /** Blocks until the money comes back by itself if the gateway does nothing; 0 without one. */
  readonly refundBlocks: bigint;
  /** What the payee says it is for; null where it gave a hash alone. */
  readonly description: string | null;
  /** The wallet wrote the invoice itself: paying it costs fees and nothing else. */
  readonly isOwn: boolean;
};

/** The most that can be paid, and through whom: other gateways take other fees. */
export type MostSendable = {
  /** What the payee gets; 0 where the balance pays for nothing. */
  readonly amountMsat: bigint;
  readonly gateway: GatewayName;
};

/**
 * `success`: with the 32-byte preimage as proof · `refunded`: the money is in the wallet again, less fees; the reason
 * is the gateway's, where it gives one · `rejected`: guardians refused to fund it, and the e-cash comes back ·
 * `failure`: neither refunded nor shown to be paid.
 */
export type PaymentOutcome =
  | { readonly outcome: "success"; readonly preimage: Bytes }
  | { readonly outcome: "refunded"; readonly reason: string | null }
  | { readonly outcome: "rejected" | "failure"; readonly reason: string };

/** How far a payment is. */
export type PaymentProgress = "Funding" | "Funded" | "Success" | "Refunding" | "Refunded" | "Rejected" | "Failure";

/** What of a payment would arrive, and through whom. */
export type InvoiceQuote = {
  readonly gateway: GatewayName;
  /** What the gateway takes of it. */
  readonly fee: PaymentFee;
  /** What is paid. */
  readonly amountMsat: bigint;
  readonly gatewayFeeMsat: bigint;
  /** The federation's own fees, and what is too small to be a note. */
  readonly federationFeeMsat: bigint;
  /** What comes into the balance; 0 when it would not pay its own fees. */
  readonly arrivesMsat: bigint;
};

/**
 * `claimed`: the money is in the wallet · `expired`: nobody paid in time · `uneconomical`: it would not pay the fees of
 * its claim · `failure`: guardians refuse the claim, or what was to be claimed.
 */
export type InvoiceOutcome =
  | { readonly outcome: "claimed" | "expired" | "uneconomical" }
  | { readonly outcome: "failure"; readonly reason: string };

/** How far an invoice is. */
export type InvoiceProgress = "Pending" | "Claiming" | "Claimed" | "Expired" | "Uneconomical" | "Failure";

/** An invoice, and the operation that waits for its payment. */
export type CreatedInvoice = { readonly invoice: string; readonly operationId: OperationId };

/** A gateway of the federation: one that guardians vet, or with version 1's module alone that is registered. */
export type ListedGateway = {
  /** What chooses it. */
  readonly name: GatewayName;
  readonly url: SafeUrl;
  /** What it calls itself; null where it says nothing. */
  readonly alias: string | null;
  /** Null: it doesn't answer, or doesn't serve the federation. */
  readonly prices: {
    readonly paying: PaymentFee;
    /** Null: nobody is paid through it at the moment. */
    readonly beingPaid: PaymentFee | null;
  } | null;
};

/** How to look at a payment before it is made. */
export type GatewayOptions = { readonly gateway?: GatewayName; readonly signal?: AbortSignal };

/** How to pay an invoice. */
export type PayInvoiceOptions = {
  /** What was shown before: if the gateway's terms are others now, nothing is paid. */
  readonly quote?: Pick<PaymentQuote, "gateway" | "terms">;
  /** Default: one of the federation's. */
  readonly gateway?: GatewayName;
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

/** How to ask for a payment. */
export type CreateInvoiceOptions = {
  /** What the payer reads, or its SHA-256 as hex. Default: an empty text. */
  readonly description?: string | { readonly hash: Sha256 };
  /** Default: an hour; at most a day, a year where the federation has version 1's module alone. */
  readonly expirySecs?: number;
  /** What was shown before: if the gateway's fee is another one now, there is no invoice. */
  readonly quote?: Pick<InvoiceQuote, "gateway" | "fee">;
  /** Default: one of the federation's. */
  readonly gateway?: GatewayName;
  /** Kept in the operation log. */
  readonly meta?: Json;
  readonly signal?: AbortSignal;
};

/** What `LightningWallet` offers, of one module. */
export type Lightning = {
  quotePayment(invoice: string, options: GatewayOptions): Promise<PaymentQuote>;
  maxSendable(options: GatewayOptions): Promise<MostSendable>;
  payInvoice(invoice: string, options: PayInvoiceOptions): Promise<OperationId>;
  /** @throws {LightningError} `duplicate_payment`: the invoice is being paid, or may be paid */
  assertUnpaid(invoice: string): Promise<void>;
  awaitPayment(operationId: OperationId, signal?: AbortSignal): Promise<PaymentOutcome>;
  paymentUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<PaymentProgress>;
  paymentOf(invoice: string): Promise<OperationId | null>;
  quoteInvoice(amountMsat: bigint, options: GatewayOptions): Promise<InvoiceQuote>;
  createInvoice(amountMsat: bigint, options: CreateInvoiceOptions): Promise<CreatedInvoice>;
  awaitInvoice(operationId: OperationId, signal?: AbortSignal): Promise<InvoiceOutcome>;
  invoiceUpdates(operationId: OperationId, signal?: AbortSignal): AsyncGenerator<InvoiceProgress>;
  lnurl(server: SafeUrl, options: GatewayOptions): Promise<string>;
  gateways(signal?: AbortSignal): Promise<ListedGateway[]>;
};
