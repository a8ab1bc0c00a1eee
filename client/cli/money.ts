/** Amounts for people: always in both units, so that nobody takes one for the other. */
import { MSAT_PER_SAT } from "../../core/types/amount.ts";

const DECIMALS = 3;

/** `1,234,567`. */
function grouped(value: bigint): string {
  return String(value).replace(/\B(?=([0-9]{3})+$)/g, ",");
}

/** `12,345.678 sat (12,345,678 msat)`. */
export function moneyText(msat: bigint): string {
  const fraction = String(msat % MSAT_PER_SAT).padStart(DECIMALS, "0").replace(/0+$/, "");
  const sat = `${grouped(msat / MSAT_PER_SAT)}${fraction === "" ? "" : `.${fraction}`}`;
  return `${sat} sat (${grouped(msat)} msat)`;
}

export function satText(sat: bigint): string {
  return moneyText(sat * MSAT_PER_SAT);
}
