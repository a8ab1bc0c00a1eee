/** Text of others on somebody's terminal: guardians' names, welcomes, and what they give as the reason of a failure. */

/** A page; nobody reads more. */
const CHARACTERS_MAX = 2_000;

/** Without what moves a terminal's cursor, changes its colours or turns the direction of writing. */
export function printable(text: string): string {
  return [...text.slice(0, CHARACTERS_MAX)].filter((c) => c === "\n" || !/\p{C}/u.test(c)).join("");
}
