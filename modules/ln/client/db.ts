/**
 * What the ln module stores in a client, beside its machines.
 *
 * | Prefix | Key | Value |
 * |---|---|---|
 * | 29 | payment hash | payments of an invoice: how many were tried, and what became of the last one |
 * | 45 | gateway's key | its registration |
 * | 46 | – | BS ms since the epoch: when guardians were last asked for gateways |
 * | 47 | BS number of a payment code | its lnurl, its server, and how many of its invoices are taken over |
 * | 48 | operation | a receive by a payment code: which, and the invoice |
 */
import type { Codec, CodecType } from "../../../core/encoding/mod.ts";
import { closedEnum, fixedHex, struct, text, u16, u64, u64Number, unit } from "../../../core/encoding/mod.ts";
import { bolt11Invoice } from "../../../core/lightning/bolt11.ts";
import { operationId, sha256Hash } from "../../../core/types/ids.ts";
import type { SafeUrl } from "../../../core/types/safe_url.ts";
import { safeUrl } from "../../../core/types/safe_url.ts";
import type { StoreTx } from "../../../actors/store/store.ts";
import { slot, table } from "../../contract/records.ts";
import type { GatewayRegistration } from "../gateways.ts";
import { gatewayRegistration } from "../gateways.ts";
import { outgoingPayment } from "./shown.ts";

const attempts = struct("Attempts", {
  /** From 1 on: the operation's id follows from it. */
  last: u16,
  /** `Open`: it can be tried again · `Paid` · `Claimed`: the gateway took the money and showed no proof. */
  outcome: closedEnum("AttemptOutcome", { Pending: unit, Open: unit, Paid: unit, Claimed: unit }),
  payment: outgoingPayment,
});
export type Attempts = CodecType<typeof attempts>;

/** By payment hash: an invoice is paid once, however often it is tried. */
export const paymentAttempts = table(0x29, sha256Hash, attempts);
const gateways = table(0x45, fixedHex(33), gatewayRegistration);
export const gatewaysAtMs = slot(0x46, u64Number);

/** An lnurl at a server that writes its invoices. */
export type PaymentCode = {
  readonly lnurl: string;
  readonly server: SafeUrl;
  /** Number of the last invoice that was taken over; the first one is 1. */
  readonly lastInvoice: bigint;
  readonly createdSecs: bigint;
  /** What payers are shown, as JSON. */
  readonly meta: string;
};
const paymentCode: Codec<PaymentCode> = struct("PaymentCode", {
  lnurl: text,
  server: safeUrl,
  lastInvoice: u64,
  createdSecs: u64,
  meta: text,
});
/** Numbered from 0 on, without gaps: their keys follow from the numbers. */
export const paymentCodes = table(0x47, u64, paymentCode);

const recurringInvoice = struct("RecurringInvoice", { paymentCodeId: sha256Hash, invoice: bolt11Invoice });
/** An invoice that was written for a payment code. */
export type RecurringInvoice = CodecType<typeof recurringInvoice>;
export const recurringInvoices = table(0x48, operationId, recurringInvoice);

export { gateways as knownGateways };

/** In the place of all that were there. */
export async function replaceGateways(
  tx: StoreTx,
  found: readonly GatewayRegistration[],
  nowMs: number,
): Promise<void> {
  await tx.deleteAll(gateways.prefix);
  for (const registration of found) gateways.set(tx, registration.info.gatewayId, registration);
  gatewaysAtMs.set(tx, nowMs);
}
