/** Texts of any characters, for properties. */
import fc from "fast-check";

const SURROGATES_FROM = 0xd800, SURROGATES = 0x800, CHARACTERS = 0x110000 - SURROGATES;

/** Any character of Unicode, also those that nobody has written yet; no half of one. */
const character: fc.Arbitrary<string> = fc.nat(CHARACTERS - 1).map(
  (n) => String.fromCodePoint(n < SURROGATES_FROM ? n : n + SURROGATES),
  (text) => {
    const point = typeof text === "string" ? text.codePointAt(0) : undefined;
    if (point === undefined || text !== String.fromCodePoint(point)) throw new Error("not a character");
    return point < SURROGATES_FROM ? point : point - SURROGATES;
  },
);

/**
 * A text of any characters, at most `maxLength` of them. What fast-check's unit `binary` gives, without the table of
 * all characters that it makes first: that takes a second of each file of tests.
 */
export function anyText(maxLength?: number): fc.Arbitrary<string> {
  return fc.string({ unit: character, ...(maxLength !== undefined && { maxLength }) });
}
