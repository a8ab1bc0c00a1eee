/** What an invoice can be asked for: whole seconds, and no more bitcoin than there are. */
import { BITCOIN_SAT_MAX, MSAT_PER_SAT } from "../types/amount.ts";

/** All bitcoin that there will ever be, msat. */
const INVOICE_MSAT_MAX = BITCOIN_SAT_MAX * MSAT_PER_SAT;

/** Why there can be no invoice of this amount; null when there can. */
export function amountFault(amountMsat: bigint): "amount_too_small" | "amount_too_large" | null {
  if (amountMsat <= 0n) return "amount_too_small";
  return amountMsat > INVOICE_MSAT_MAX ? "amount_too_large" : null;
}

/** Why an invoice can't live for so long, given the most seconds that it may; null when it can. */
export function expiryFault(
  secs: number | bigint,
  secsMax: number | bigint,
): "expiry_too_short" | "expiry_too_long" | null {
  if (secs > secsMax) return "expiry_too_long";
  const isWhole = typeof secs === "bigint" || Number.isSafeInteger(secs);
  return isWhole && secs >= 1 ? null : "expiry_too_short";
}
