/** Bounds of the guardian's watcher, each with its reason; those of what a node may answer are in `actors/bitcoin`. */

/** Hashes of the last blocks that were read: a week of them, more than a chain of work ever turned back. 40 kB. */
export const BLOCK_HASHES_KEPT = 1_000;
/** A transaction has at most 400,000 weight units to be relayed: no longer one is handed on. */
export const TRANSACTION_BYTES_MAX = 400_000;

/** How often the node is asked for its status. Source: fedimintd `lib.rs`. */
export const POLL_MS = 60_000;
export const POLL_TEST_MS = 100;

/** Delays between attempts to fetch a block: doubled from the first to the last. */
export const BLOCK_RETRY_FIRST_MS = 1_000;
export const BLOCK_RETRY_LAST_MS = 60_000;
