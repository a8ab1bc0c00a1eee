/**
 * Codes, e-cash and addresses as they come out of chats, mails and pages: broken over lines, with signs that nobody
 * sees, in quotes, as a link. None of them has a blank or a quote of its own, so all of that goes.
 */
import { DecodeError } from "../encoding/mod.ts";
import { PASTED_CHARACTERS_MAX } from "./limits.ts";

/**
 * White space, control characters, and what has no width: joiners, byte order marks, soft hyphens, marks of direction.
 */
const UNSEEN = /[\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}]+/gu;
/** Quotes of any language, as one character class. */
const QUOTES = "[\"'`´“”„‟‘’‚‛«»‹›「」『』<>]";
const AROUND = new RegExp(`^${QUOTES}+|${QUOTES}+$`, "gu");
const SCHEME = /^((?:web\+)?fedimint|lightning|bitcoin):(?:\/\/)?/i;

/** @throws {DecodeError} `too_large` */
function withoutUnseen(text: string): string {
  if (text.length > PASTED_CHARACTERS_MAX) {
    throw new DecodeError("too_large", `A text of ${text.length} characters is too long`);
  }
  return text.replace(UNSEEN, "").replace(AROUND, "");
}

/**
 * The text alone: without white space and unseen signs wherever they are, quotes around it, and a scheme before it
 * (`fedimint:`, `web+fedimint:`, `lightning:`, `bitcoin:`). Its letters stay as they are.
 * @throws {DecodeError} `too_large`
 */
export function compactText(text: string): string {
  // quotes may stand around the link or within it
  return withoutUnseen(text).replace(SCHEME, "").replace(AROUND, "");
}

/** The scheme before a text, in lower case; null when it has none. @throws {DecodeError} `too_large` */
export function schemeOf(text: string): string | null {
  return SCHEME.exec(withoutUnseen(text))?.[1]?.toLowerCase() ?? null;
}
