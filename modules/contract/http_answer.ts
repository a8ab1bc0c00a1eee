/** What strangers' answers over HTTP say, as text: never more than a line of an error. */
import type { Bytes } from "../../core/bytes.ts";
import { fromUtf8 } from "../../core/bytes.ts";

/** Characters of an error page that are told. */
const REASON_CHARACTERS_MAX = 200;

/** Null when it is no UTF-8. */
export function answerText(body: Bytes): string | null {
  try {
    return fromUtf8(body);
  } catch (thrown) {
    if (thrown instanceof TypeError) return null;
    throw thrown;
  }
}

/** `: REASON`. Errors are plain text; what isn't one line of it isn't told. */
export function answerReason(body: Bytes): string {
  const text = answerText(body)?.trim() ?? "";
  return /^[\x20-\x7e]+$/.test(text) ? `: ${text.slice(0, REASON_CHARACTERS_MAX)}` : "";
}
