/**
 * More notes than one transaction redeems are dealt out to several: of a text that is received, and of one that is
 * sent.
 */
import type { Denomination } from "../denomination.ts";
import { REDEEMED_NOTES_MAX } from "../limits.ts";

/** As few parts as can be, each with about as much as the others, so that none has only what isn't worth its fees. */
export function dealt<Note extends { readonly denomination: Denomination }>(notes: readonly Note[]): Note[][] {
  const count = Math.ceil(notes.length / REDEEMED_NOTES_MAX);
  const parts: Note[][] = Array.from({ length: count }, () => []);
  const descending = notes.toSorted((a, b) => b.denomination - a.denomination);
  for (const [i, note] of descending.entries()) parts[i % count]!.push(note);
  return parts;
}
