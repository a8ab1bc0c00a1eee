/** Amounts in bitcoin as text with eight decimals, exact in both directions, as bitcoind prints and reads them. */

const SAT_PER_BTC = 100_000_000n, DECIMALS = 8;
/** No sum of coins is higher. Core `consensus/amount.h`. */
export const MONEY_MAX_SAT = 21_000_000n * SAT_PER_BTC;

/** `12.30000000`. */
export function btcText(sat: bigint): string {
  const positive = sat < 0n ? -sat : sat;
  const fraction = String(positive % SAT_PER_BTC).padStart(DECIMALS, "0");
  return `${sat < 0n ? "-" : ""}${positive / SAT_PER_BTC}.${fraction}`;
}

/** Null when a text is no such amount, or has over twenty digits before the point. Zeros may follow the decimals. */
export function satOfBtc(text: string): bigint | null {
  const match = /^(-?)([0-9]{1,20})(?:\.([0-9]{1,8})0*)?$/.exec(text);
  if (match === null) return null;
  const [, sign, whole = "", fraction = ""] = match;
  const sat = BigInt(whole) * SAT_PER_BTC + BigInt(fraction.padEnd(DECIMALS, "0"));
  return sign === "-" ? -sat : sat;
}
