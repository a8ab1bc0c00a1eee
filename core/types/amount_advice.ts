/** What to say instead of an amount that can't be read: what was read, and the spellings that are likely meant. */

/** Short, of digits and signs and then one word: no code, no secret. Only such a text is repeated. */
const HARMLESS = /^[-+.,'’_\s\p{Sc}\d]{0,24}\p{L}{0,10}[\s\p{Sc}]*$/u;
/** Signs of bitcoin's unit, as people type them. */
const BITCOIN_SIGN = /[₿฿Ƀ]/gu;
const OTHER_MONEY = /\p{Sc}|\b(?:usd|eur|chf|gbp|jpy|dollars?|euros?|cents?)\b/iu;

const SPELLINGS = 'Spell it like "1000 sat", "0.001 btc", "50 bits" or "5000 msat"; a number alone is millisatoshi.';

/** Each of them once, and only what is an amount. */
function meant(candidates: readonly string[], isAmount: (text: string) => boolean): string {
  const good = [...new Set(candidates)].filter(isAmount).map((text) => `"${text}"`);
  return good.length === 0 ? "" : ` Did you mean ${good.join(" or ")}?`;
}

function withoutSigns(text: string): string {
  return text.replace(/[-+\s]+/gu, " ").trim();
}

/**
 * One sentence of what was read, the likely meaning, and the spellings that work. A text that may hold something else
 * than an amount is not repeated.
 * @param detail why it is refused
 * @param units names that `isAmount` knows
 */
export function amountAdvice(
  text: string,
  detail: string,
  units: readonly string[],
  isAmount: (text: string) => boolean,
): string {
  const trimmed = text.trim();
  if (trimmed === "") return `${detail}: there is none. ${SPELLINGS}`;
  if (!/\d/.test(trimmed) || !HARMLESS.test(trimmed)) return `${detail}. ${SPELLINGS}`;
  const candidates = likely(trimmed, units);
  const what = reasonOf(trimmed) ?? detail;
  return `"${trimmed}" is no amount: ${lowerFirst(what)}.${meant(candidates, isAmount)} ${SPELLINGS}`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function reasonOf(text: string): string | null {
  if (/^-/.test(text)) return "It is less than nothing";
  if (/[₿฿Ƀ]/u.test(text)) return "The unit is written as a word";
  if (OTHER_MONEY.test(text)) return "Only bitcoin and its parts are known, no other money";
  if (/[,'’_]/u.test(text)) return "Decimals stand behind a point, and nothing stands between thousands";
  return null;
}

/** Readings of a text, most likely first; not all are amounts. */
function likely(text: string, units: readonly string[]): string[] {
  const isBitcoin = /[₿฿Ƀ]/u.test(text);
  const bare = withoutSigns(text.replace(BITCOIN_SIGN, " "));
  if (OTHER_MONEY.test(bare)) return [];
  const [, digits = "", word = ""] = /^([\d.,'’_\s]*)(\p{L}*)$/u.exec(bare) ?? [];
  const number = digits.replace(/[\s'’_]/gu, "");
  const unit = isBitcoin ? "btc" : unitLike(word, units);
  const numbers = number.includes(",") ? commaReadings(number) : [number];
  // a fraction of a satoshi is thousandths, and so are those of a number alone, which is meant as satoshi more often
  // than not
  const texts = numbers.map((each) => unit === "" ? each : `${each} ${unit}`);
  return [...texts, ...thousandths(number, unit)];
}

/** A name that differs in its capitals alone. M is never mega here. */
function unitLike(word: string, units: readonly string[]): string {
  const lower = word.toLowerCase();
  if (units.includes(word)) return word;
  return units.find((unit) => unit === lower) ?? units.find((unit) => unit.toLowerCase() === lower) ?? word;
}

/** Decimals, or thousands; both where three digits follow. */
function commaReadings(number: string): string[] {
  const asPoint = number.includes(".") ? null : number.replace(",", ".");
  const groups = /^[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?$/.test(number) ? number.replaceAll(",", "") : null;
  return [asPoint, groups].filter((each) => each !== null && !each.includes(",")) as string[];
}

function thousandths(number: string, unit: string): string[] {
  const [, whole = "", fraction = ""] = /^(\d{0,16})\.(\d{1,3})$/.exec(number) ?? [];
  if (fraction === "" || !["", "sat", "sats"].includes(unit)) return [];
  return [`${BigInt(`${whole}${fraction.padEnd(3, "0")}`)} msat`];
}
