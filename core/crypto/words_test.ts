import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { wordlist } from "@scure/bip39/wordlists/english.js";
import { toHex } from "../bytes.ts";
import { wordsOfEntropy } from "./bip39.ts";
import type { WordsFault } from "./words.ts";
import { readWords, WORDS_TEXT_MAX, wordsFaultText } from "./words.ts";

const WORDS = "legal winner thank year wave sausage worth useful legal winner thank yellow";

function faultOf(text: string): WordsFault {
  const read = readWords(text);
  assert(!read.ok, "it was read");
  return read.error;
}

function textOf(text: string): string {
  return wordsFaultText(faultOf(text));
}

/** The words with one of them, from 1 on, another. */
function withWord(position: number, word: string): string {
  return WORDS.split(" ").map((before, i) => i + 1 === position ? word : before).join(" ");
}

Deno.test("words are read however they were written down, for every number of them", () => {
  const between = fc.constantFrom(" ", "\n", "\r\n", ", ", "\u00a0", "\t", " - ", ";", "\u2003", " \u200b", "|", "–");
  const before = fc.constantFrom("", "1. ", "12) ", "#3 ", "(4) ", '"', "“", "* ");
  const letters = fc.constantFrom(
    (word: string) => word,
    (word: string) => word.toUpperCase(),
    (word: string) => word[0]!.toUpperCase() + word.slice(1),
    // enough to tell all words of the list apart
    (word: string) => word.slice(0, 4),
    // as some keyboards write in a wide font
    (word: string) => [...word].map((c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).join(""),
    (word: string) => `${word.slice(0, 2)}\u00ad\u200b${word.slice(2)}`,
  );
  const entropies = fc.constantFrom(16, 20, 24, 28, 32).chain((size) =>
    fc.uint8Array({ minLength: size, maxLength: size })
  );
  fc.assert(fc.property(
    entropies,
    fc.array(fc.tuple(before, letters, between), { minLength: 24, maxLength: 24 }),
    (entropy, dress) => {
      const words = wordsOfEntropy(entropy);
      const written = words.split(" ").map((word, i) => `${dress[i]![0]}${dress[i]![1](word)}${dress[i]![2]}`);
      const read = readWords(`\ufeff ${written.join("")}`);
      assert(read.ok, JSON.stringify(read));
      assertEquals([read.value.words, toHex(read.value.entropy)], [words, toHex(entropy as never)]);
    },
  ));
});

Deno.test("what `print-secret` prints is read as it was printed", () => {
  const read = readWords(`{\n  "secret": "${WORDS}"\n}\n`);
  assertEquals(read.ok && read.value.words, WORDS);
});

Deno.test("a wrong word is named by its place, with the word of the list that is the nearest", () => {
  const cases: [number, string, string[]][] = [
    [2, "winer", ["wine", "winner", "winter"]],
    [2, "winnr", ["winner"]],
    [2, "wniner", ["winner"]],
    [2, "winnerr", ["winner"]],
    [6, "sausabe", ["sausage"]],
    // the first four letters tell words apart
    [6, "sausfoxtrot", ["sausage"]],
    // as near as each other
    [4, "yaar", ["year"]],
    [4, "bax", ["bag", "bar", "box"]],
    // near to too many, or to none
    [4, "mat", []],
    [4, "qqqqqq", []],
    [4, "yearwavesausage", []],
  ];
  for (const [position, word, nearest] of cases) {
    assertEquals(faultOf(withWord(position, word)), { code: "unknown", count: 12, unknown: [{ position, nearest }] });
  }
  assertEquals(textOf(withWord(2, "winnr")), `Word 2 isn't in the list of wallets' words; did you mean "winner"?`);
  assertEquals(
    textOf(withWord(4, "bax")),
    `Word 4 isn't in the list of wallets' words; did you mean "bag" or "bar" or "box"?`,
  );
  assertEquals(textOf(withWord(4, "qqqqqq")), "Word 4 isn't in the list of wallets' words.");
});

Deno.test("every word of the list with one letter wrong is found, where the list has no other that is as near", () => {
  for (const word of wordlist.filter((_, i) => i % 16 === 0)) {
    for (const wrong of [word.slice(0, -1) + "q", `${word}q`, `q${word}`]) {
      const fault = faultOf(withWord(5, wrong));
      assert(fault.code === "unknown", wrong);
      const [{ nearest }] = fault.unknown as [typeof fault.unknown[number]];
      assert(nearest.includes(word) || nearest.length === 0 && word.length <= 4, `${wrong}: ${nearest}`);
    }
  }
});

Deno.test("a wrong number of words, a wrong order and words of other programs are named as what they are", () => {
  const eleven = WORDS.split(" ").slice(1).join(" ");
  assertEquals(faultOf(eleven), { code: "count", count: 11 });
  assertStringIncludes(textOf(eleven), "there are 11: a wallet has 12");
  assertStringIncludes(textOf("legal"), "there is 1: a wallet has 12");
  assertStringIncludes(textOf(`${eleven} winnr winner`), 'did you mean "winner"? And there are 13: a wallet has 12');
  for (const count of [20, 33]) {
    assertStringIncludes(textOf("legal ".repeat(count)), `there are ${count}: so many has a share`);
  }
  const swapped = "winner legal thank year wave sausage worth useful legal winner thank yellow";
  assertEquals(faultOf(swapped), { code: "checksum", count: 12 });
  assertStringIncludes(textOf(swapped), "All 12 words exist, but they don't belong together");
  assertEquals(faultOf(""), { code: "nothing" });
  assertEquals(faultOf(" 1. 2. \n"), { code: "nothing" });
  assertEquals(faultOf("a".repeat(WORDS_TEXT_MAX + 1)), { code: "too_long" });
  // Electrum's own test vectors
  for (
    const words of [
      "wild father tree among universe such mobile favorite target dynamic credit identify",
      "cycle rocket west magnet parrot shuffle foot correct salt library feed song",
    ]
  ) {
    assertEquals(faultOf(words), { code: "electrum", count: 12 });
    assertStringIncludes(textOf(words), "an Electrum wallet");
  }
  const japanese = "あいこくしん ".repeat(12);
  assertEquals(faultOf(japanese), { code: "other_language" });
  assertStringIncludes(
    textOf("this text has nothing to do with any list that a wallet knows"),
    "These are not the words",
  );
});

Deno.test("what is wrong is said without the words that are right", () => {
  const words = WORDS.split(" ");
  const wrongs = [
    withWord(2, "winnr"),
    withWord(4, "qqqqqq"),
    words.slice(1).join(" "),
    [...words].reverse().join(" "),
    `${WORDS} qqqqqq xxxxxx zzzzzz jjjjjj kkkkkk`,
    "x".repeat(WORDS_TEXT_MAX) + WORDS,
  ];
  for (const wrong of wrongs) {
    const said = `${textOf(wrong)} ${JSON.stringify(faultOf(wrong))}`;
    for (const word of new Set(words)) {
      // the one that was asked for by its place, and what sentences are made of
      if (word === "winner" && wrong === wrongs[0]) continue;
      assert(!new RegExp(`\\b${word}\\b`).test(said), `${word}: ${said}`);
    }
  }
});
