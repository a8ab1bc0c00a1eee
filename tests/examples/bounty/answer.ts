/**
 * An answer is a key. A claim that showed the answer itself could be overtaken: the first guardian that reads it could
 * send a claim of its own. A signature tells nobody the answer, and holds for one transaction alone.
 *
 * Whoever has a computer can try answers as fast as it can multiply points: what a dictionary holds is no answer.
 */
import type { Bytes } from "../../../modules/contract/mod.ts";
import { DerivableSecret, publicKeyOf, utf8 } from "../../../modules/contract/mod.ts";

/** "Paris" and " paris " are one answer. */
function plain(answer: string): string {
  return answer.trim().normalize("NFC").toLowerCase();
}

/** 32 bytes. Secret: it signs for the bounty. */
export function answerSecret(question: string, answer: string): Bytes {
  return DerivableSecret.root(utf8(plain(answer)), utf8(`bounty: ${question}`)).secpKey();
}

/** 33 bytes. Public. */
export function answerKey(question: string, answer: string): Bytes {
  return publicKeyOf(answerSecret(question, answer));
}
