/** Invoices as nodes of tests write them. */
import type { Bytes } from "../../../core/bytes.ts";
import type { InvoiceCurrency } from "../../../core/lightning/bolt11.ts";
import { FEATURES_BASIC, writeBolt11 } from "../../../core/lightning/bolt11_write.ts";
import type { Sha256 } from "../../../core/types/ids.ts";

/** What an invoice says. */
export type InvoiceFacts = {
  readonly paymentHash: Sha256;
  /** Null: the payer chooses. */
  readonly amountMsat: bigint | null;
  /** Unix time. */
  readonly timestampSecs: number;
  readonly expirySecs?: number;
  readonly description?: string;
  /** Instead of a description. */
  readonly descriptionHash?: Sha256;
  readonly currency?: InvoiceCurrency;
};

/** @param nodeKey 32-byte secret key of the node that is paid */
export function testInvoice(nodeKey: Bytes, facts: InvoiceFacts): string {
  const { paymentHash, amountMsat, timestampSecs, expirySecs = 3_600, description = "", descriptionHash } = facts;
  return writeBolt11({
    currency: facts.currency ?? "regtest",
    amountMsat,
    timestamp: BigInt(timestampSecs),
    expirySecs: BigInt(expirySecs),
    paymentHash,
    description: descriptionHash === undefined
      ? { tag: "Direct", value: description }
      : { tag: "Hash", value: descriptionHash },
    minFinalCltvExpiryDelta: 18n,
    paymentSecret: new Uint8Array(32).fill(2),
    features: FEATURES_BASIC,
    routeHints: [],
  }, nodeKey);
}
