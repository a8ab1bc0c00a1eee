/** Amounts for people: always in both units, so that nobody takes one for the other. */
import type { PendingMoney } from "../../modules/contract/client.ts";
import { MSAT_PER_SAT } from "../../core/types/amount.ts";

const DECIMALS = 3;

/** `1,234,567`. */
function grouped(value: bigint): string {
  return String(value).replace(/\B(?=([0-9]{3})+$)/g, ",");
}

/** `12,345.678 sat (12,345,678 msat)`; a minus sign before both when it is less than nothing. */
export function moneyText(msat: bigint): string {
  if (msat < 0n) return `-${moneyText(-msat).replace("(", "(-")}`;
  const fraction = String(msat % MSAT_PER_SAT).padStart(DECIMALS, "0").replace(/0+$/, "");
  const sat = `${grouped(msat / MSAT_PER_SAT)}${fraction === "" ? "" : `.${fraction}`}`;
  return `${sat} sat (${grouped(msat)} msat)`;
}

export function satText(sat: bigint): string {
  return moneyText(sat * MSAT_PER_SAT);
}

/** Lines for people about money that is in no balance; none when there is none. */
export function pendingLines({ incomingMsat, outgoingMsat, inDoubtMsat }: PendingMoney): string[] {
  return [
    ...(incomingMsat > 0n ? [`On its way in: ${moneyText(incomingMsat)}, less fees`] : []),
    ...(outgoingMsat > 0n ? [`On its way out: ${moneyText(outgoingMsat)}`] : []),
    ...(inDoubtMsat > 0n
      ? [
        `In doubt: ${moneyText(inDoubtMsat)}; \`list-operations\` shows where, \`retry-refunds\` asks for e-cash again`,
      ]
      : []),
  ];
}
