/**
 * What a guardian's operator is told when its database can't be used: which file, and what to do that loses nothing.
 */
import type { StoreError } from "../actors/store/mod.ts";
import { errorText } from "../core/result.ts";

/**
 * @param folder of the database
 * @param guardians of the federation; null when there is no config, or it can't be read
 */
export function databaseTrouble(error: StoreError, folder: string, guardians: number | null): string {
  const text = errorText(error);
  const named = text.includes(folder) ? text : `${text} (database: ${folder})`;
  if (error.code !== "corrupt" && error.code !== "failed") return named;
  if (guardians === null) return named;
  if (guardians === 1) {
    return `${named}\nThis guardian is alone: nobody else has what is in its database. Keep the folder, and restore it from a backup.`;
  }
  return `${named}\nIf the disk has room and may be written and this comes again: stop the guardian, move the folder ${folder} away ` +
    "and start again. What was in it comes back from the other guardians; the config files must stay.";
}
