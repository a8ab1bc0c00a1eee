/**
 * Amounts as people write them: `21 sat`, `0.1btc`, `1000`. `fedimint-core/src/amount.rs`; the units are those of
 * `bitcoin-units`.
 */
import { DecodeError, tryDecoding } from "../encoding/mod.ts";
import type { Amount } from "./amount.ts";
import { amountAdvice } from "./amount_advice.ts";
import { BITCOIN_SAT_MAX, MSAT_PER_SAT, U64_MAX } from "./amount.ts";
import { AMOUNT_CHARACTERS_MAX } from "./limits.ts";

/** Position of a satoshi behind the unit's decimal point; negative: the unit is a fraction of a satoshi. */
const SAT_DECIMALS: ReadonlyMap<string, number> = new Map([
  ...unit(8, "BTC", "btc"),
  ...unit(6, "cBTC", "cbtc"),
  ...unit(5, "mBTC", "mbtc"),
  ...unit(2, "uBTC", "ubtc"),
  ...unit(-1, "nBTC", "nbtc"),
  ...unit(-4, "pBTC", "pbtc"),
  ...unit(2, "bit", "bits", "BIT", "BITS"),
  ...unit(0, "SATOSHI", "satoshi", "SATOSHIS", "satoshis", "SAT", "sat", "SATS", "sats"),
]);

/** Capital M and P are in none of the lists: mega or milli, peta or pico? */
const MSAT_NAMES: ReadonlySet<string> = new Set(["mSAT", "msat", "mSATs", "msats"]);

function unit(decimals: number, ...names: string[]): [string, number][] {
  return names.map((name) => [name, decimals]);
}

function refuse(detail: string): never {
  throw new DecodeError("invalid", detail);
}

/** As Rust parses a u64: digits, with or without a plus. */
function parseMsat(text: string): Amount {
  if (!/^\+?[0-9]+$/.test(text)) refuse("It is not a whole number of millisatoshi");
  const msat = BigInt(text.startsWith("+") ? text.slice(1) : text);
  if (msat > U64_MAX) refuse("It exceeds 2^64 − 1 millisatoshi");
  return msat;
}

/**
 * Digits with at most one point, `1.` included. A unit of a satoshi or less wants digits before the point, as in the
 * reference.
 */
function parseSat(text: string, decimals: number): bigint {
  const [, whole = "", fraction] = /^([0-9]*)(?:\.([0-9]*))?$/.exec(text) ?? refuse("It is not a decimal number");
  if (whole === "" && fraction === undefined) return refuse("It has no digits");
  if (fraction !== undefined && decimals <= 0 && whole.length <= -decimals) return refuse("It is below a satoshi");
  const value = BigInt(`0${whole}${fraction ?? ""}`);
  const scale = decimals - (fraction ?? "").length;
  if (scale >= 0) return value * 10n ** BigInt(scale);
  const divisor = 10n ** BigInt(-scale);
  if (value % divisor !== 0n) return refuse("It is more precise than a satoshi");
  return value / divisor;
}

function strictAmount(text: string): Amount {
  const start = text.search(/\p{Alphabetic}/u);
  if (start < 0) return parseMsat(text.trim());
  const number = text.slice(0, start).trim(), name = text.slice(start).trim();
  if (MSAT_NAMES.has(name)) return parseMsat(number);
  const decimals = SAT_DECIMALS.get(name);
  if (decimals === undefined) return refuse("Its unit is not known");
  const sat = parseSat(number, decimals);
  if (sat > BITCOIN_SAT_MAX) refuse("It exceeds the 21,000,000 bitcoin there can be");
  return sat * MSAT_PER_SAT;
}

const UNITS = [...MSAT_NAMES, ...SAT_DECIMALS.keys()];

/**
 * A number, blanks, a unit; without a unit it is millisatoshi.
 * @throws {DecodeError} `invalid`: says what was read, if that is short, and which spellings work
 */
export function parseAmount(text: string): Amount {
  if (text.length > AMOUNT_CHARACTERS_MAX) refuse(`Amount has more than ${AMOUNT_CHARACTERS_MAX} characters`);
  const amount = tryDecoding(() => strictAmount(text));
  if (amount.ok) return amount.value;
  const isAmount = (other: string): boolean => tryDecoding(() => strictAmount(other)).ok;
  return refuse(amountAdvice(text, amount.error.detail, UNITS, isAmount));
}

/**
 * Why an amount can't be paid in bitcoin, which has no fractions of a satoshi, and what is likely meant.
 * @param text as it was read @param msat its value, no whole satoshi
 */
export function fractionOfSatText(text: string, msat: Amount): string {
  const sat = `${msat / MSAT_PER_SAT}.${String(msat % MSAT_PER_SAT).padStart(3, "0").replace(/0+$/, "")}`;
  const alone = /^\+?[0-9]+$/.test(text.trim());
  return `${msat} msat is ${sat} sat, and bitcoin has no fractions of a sat.${
    alone ? ` A number alone is millisatoshi: did you mean "${text.trim().replace("+", "")} sat"?` : ""
  }`;
}

/** `1000 msat` */
export function formatAmount(amount: Amount): string {
  return `${amount} msat`;
}
