/**
 * The words of a wallet as people write them down and type them: with numbers before them, in several lines, in
 * capitals, each cut to its first four letters. What is wrong with them is said word by word. BIP39, English.
 *
 * Nothing is guessed: of twelve words in a wrong order every sixteenth order passes the checksum, so "swap these two"
 * would often name another wallet, which then shows nothing.
 */
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import { mnemonicToEntropy } from "@scure/bip39";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import type { Bytes } from "../bytes.ts";
import { toHex, utf8 } from "../bytes.ts";
import type { Result } from "../result.ts";
import { err, ok } from "../result.ts";

/** How many words a wallet has. */
export const WORD_COUNTS: readonly number[] = [12, 15, 18, 21, 24];
/** UTF-16 units of a text: 24 words of 8 letters, with what people put around each. */
export const WORDS_TEXT_MAX = 4_000;
/** The first letters tell all words of the list apart: BIP39. */
const TELLING_LETTERS = 4;
/** Longest text of one word that is compared with the list, in letters. */
const COMPARED_LETTERS_MAX = 12;
/** More that are as near as each other help nobody. */
const NEAREST_MAX = 3;
/** Shares of a secret by SLIP39. */
const SLIP39_COUNTS: readonly number[] = [20, 33];

type Index = { readonly words: ReadonlySet<string>; readonly byFirstLetters: ReadonlyMap<string, string> };

let made: Index | undefined;

/** Made when words are first read: most programs that are started read none. */
function index(): Index {
  return made ??= {
    words: new Set(wordlist),
    byFirstLetters: new Map(
      wordlist.filter((word) => word.length >= TELLING_LETTERS).map((word) => [word.slice(0, TELLING_LETTERS), word]),
    ),
  };
}

/** Words that are a wallet's. Secret. */
export type GivenWords = {
  /** Whole words, in small letters, a blank between two. */
  readonly words: string;
  /** 16, 20, 24, 28 or 32 bytes. */
  readonly entropy: Bytes;
};

/** A word that isn't in the list. */
export type UnknownWord = {
  /** From 1 on. */
  readonly position: number;
  /** Words of the list that are the nearest; none when too many are, or nothing is near. */
  readonly nearest: readonly string[];
};

/** Why a text isn't the words of a wallet. `count`: how many words it has. */
export type WordsFault =
  | { readonly code: "nothing" | "too_long" | "other_language" }
  | { readonly code: "unknown"; readonly count: number; readonly unknown: readonly UnknownWord[] }
  /** All are in the list. */
  | { readonly code: "count" | "checksum" | "electrum"; readonly count: number };

/** Reads words however they were written down. Never throws for a text. Secret. */
export function readWords(pasted: string): Result<GivenWords, WordsFault> {
  if (pasted.length > WORDS_TEXT_MAX) return err({ code: "too_long" });
  const tokens = tokensOf(pasted), count = tokens.length;
  if (count === 0) return err({ code: "nothing" });
  const read = tokens.map(wordOf);
  const words = read.filter((word) => word !== null);
  if (words.length < count) {
    if (tokens.filter((token) => !/^[a-z]+$/.test(token)).length > count / 2) return err({ code: "other_language" });
    const unknown = tokens.flatMap((token, i) =>
      read[i] === null ? [{ position: i + 1, nearest: nearestTo(token) }] : []
    );
    return err({ code: "unknown", count, unknown });
  }
  if (!WORD_COUNTS.includes(count)) return err({ code: "count", count });
  const phrase = words.join(" "), entropy = entropyOf(phrase);
  if (entropy) return ok({ words: phrase, entropy });
  return err({ code: isElectrum(phrase) ? "electrum" : "checksum", count });
}

/**
 * What is wrong, and what to do. Of the text it tells nothing but positions, and words that are near to one that isn't
 * in the list.
 */
export function wordsFaultText(fault: WordsFault): string {
  switch (fault.code) {
    case "nothing":
      return "There are no words in the text.";
    case "too_long":
      return "The text is too long to be the words of a wallet.";
    case "other_language":
      return "These are no English words. The words of Fedimint wallets are English.";
    case "unknown":
      return unknownText(fault);
    case "count":
      return `All words exist, but ${countText(fault.count)}`;
    case "electrum":
      return "These are the words of an Electrum wallet, which makes other keys of them. They hold no e-cash: " +
        "restore them with Electrum.";
    case "checksum":
      return `All ${fault.count} words exist, but they don't belong together: one is another word, or two are swapped. ` +
        "Compare each of them with what was written down.";
  }
}

function unknownText({ count, unknown }: Extract<WordsFault, { code: "unknown" }>): string {
  if (unknown.length > Math.max(2, count / 3)) {
    const few = `${unknown.length} of ${count} aren't in the list of wallets' words.`;
    return `These are not the words of a wallet: ${few}`;
  }
  const lines = unknown.map(({ position, nearest }) => {
    const hint = nearest.length === 0 ? "." : `; did you mean ${nearest.map((word) => `"${word}"`).join(" or ")}?`;
    return `Word ${position} isn't in the list of wallets' words${hint}`;
  });
  return [...lines, ...WORD_COUNTS.includes(count) ? [] : [`And ${countText(count)}`]].join(" ");
}

function countText(count: number): string {
  const there = count === 1 ? "there is 1" : `there are ${count}`;
  if (SLIP39_COUNTS.includes(count)) {
    return `${there}: so many has a share of a secret that was split (SLIP39), which Fedimint doesn't use.`;
  }
  return `${there}: a wallet has 12 (those of other programs also 15, 18, 21 or 24).`;
}

/** What this program and fedimint-cli print for `print-secret`. */
const PRINTED_SECRET = /^\s*\{\s*"secret"\s*:\s*"([^"]*)"\s*\}\s*$/;

/** Letters that stand together, in small ones; everything else divides. What nobody sees is nothing. */
function tokensOf(pasted: string): string[] {
  const text = PRINTED_SECRET.exec(pasted)?.[1] ?? pasted;
  return text.normalize("NFKD").replace(/\p{Cf}/gu, "").toLowerCase().match(/[\p{L}\p{M}]+/gu) ?? [];
}

function wordOf(token: string): string | null {
  const { words, byFirstLetters } = index();
  if (words.has(token)) return token;
  return token.length === TELLING_LETTERS ? byFirstLetters.get(token) ?? null : null;
}

function entropyOf(phrase: string): Bytes | null {
  try {
    return mnemonicToEntropy(phrase, wordlist) as Bytes;
  } catch {
    // all else was looked at before; the library's error quotes the words, and must not become a cause
    return null;
  }
}

/** By Electrum's own checksum, of versions 2 and later: standard, segwit and the two with a second factor. */
function isElectrum(phrase: string): boolean {
  return /^(?:01|100|101|102)/.test(toHex(hmac(sha512, utf8("Seed version"), utf8(phrase)) as Bytes));
}

function nearestTo(token: string): string[] {
  if (token.length > COMPARED_LETTERS_MAX) return [];
  const apart = wordlist.map((word) => [word, distance(token, word)] as const);
  const at = (wanted: number): string[] => apart.flatMap(([word, distance]) => distance === wanted ? [word] : []);
  const few = (words: string[]): string[] => words.length <= NEAREST_MAX ? words : [];
  const close = at(1);
  if (close.length > 0) return few(close);
  const begins = index().byFirstLetters.get(token.slice(0, TELLING_LETTERS));
  if (begins !== undefined) return [begins];
  return token.length > TELLING_LETTERS ? few(at(2)) : [];
}

/** Letters to add, to leave out, to change or to swap with the next: Damerau and Levenshtein, each place once. */
function distance(a: string, b: string): number {
  let before: number[] = [], row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const changed = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, changed);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    before = row;
    row = next;
  }
  return row[b.length]!;
}
