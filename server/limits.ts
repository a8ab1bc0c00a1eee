/** Bounds of the guardian as a process, with their reasons. */

const MIB = 1024 * 1024;

/**
 * How often the free space is looked at. A session's units are the most that consensus makes: 50 kB a guardian and
 * round, some MB a second with many guardians, each byte written to SQLite's journal and then to its file. In so long
 * that is less than what is kept free.
 */
export const DISK_LOOK_MS = 10_000;

/** With less room than this the guardian says so: days of ordinary traffic, time enough for a person. */
export const DISK_TOLD_BYTES = 1024 * MIB;

/** With less than this, strangers' backups are refused: the only thing they can make grow without paying. */
export const DISK_BACKUPS_BYTES = 512 * MIB;

/**
 * With less than this the guardian stops in order: SQLite needs room even to finish what is under way, and a commit
 * that fails for want of it would end the process in its midst. It starts again when there is as much.
 */
export const DISK_STOP_BYTES = 128 * MIB;
