/** Bounds of backups, and how often there are any. */

/** A module's part, encoded, is smaller than this; as the reference: guardians' room is scarce. */
export const MODULE_PART_BYTES_END = 32_768;
/** How long a restoring wallet asks guardians before it is told that too few of them answer. */
export const SEARCH_MS = 45_000;
/**
 * After what happened, so that a backup doesn't show when that was, and a federation's wallets don't come all at once.
 */
export const SOON_MS = { min: 10_000, max: 60_000 };
/** Between backups that are made by themselves because metadata changed. */
export const METADATA_EVERY_MS = 600_000;
/** Between backups that are made by themselves because a module's part changed. */
export const PARTS_EVERY_MS = 86_400_000;
/** How often a wallet looks whether there is something new to back up; that alone asks nobody. */
export const LOOK_EVERY_MS = 3_600_000;
/** The same while a module recovers: what it brings back is backed up soon after. */
export const LOOK_RECOVERING_MS = 60_000;
/** Before a backup that failed is tried again by itself. */
export const RETRY = { minMs: 60_000, maxMs: 3_600_000 };
