/** Bounds of backups. */

/** A module's part, encoded, is smaller than this; as the reference: guardians' room is scarce. */
export const MODULE_PART_BYTES_END = 32_768;
/** How long a restoring wallet asks guardians before it is told that too few of them answer. */
export const SEARCH_MS = 45_000;
