/** How many connections a server may have, so that its process keeps files to open for what it does itself. */
import { OWN_OPEN_FILES, SERVED_PART_MIN } from "./limits.ts";

/** @param openFilesMax as `Files.openFilesMax` @returns `wanted`, or fewer */
export function connectionsWithin(openFilesMax: number | null, wanted: number): number {
  if (openFilesMax === null) return wanted;
  const served = Math.max(openFilesMax - OWN_OPEN_FILES, Math.floor(openFilesMax * SERVED_PART_MIN));
  return Math.min(wanted, served);
}
