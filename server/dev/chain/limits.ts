/** Bounds of what callers may send, each with its reason. */

/** A transaction of 400,000 bytes in hex, with room for a batch of small calls. */
export const REQUEST_BYTES_MAX = 2_000_000;
/** Calls of one request; bitcoin-cli sends four at most. */
export const BATCH_CALLS_MAX = 100;
/** Of one package. Source: Core `policy/packages.h` (`MAX_PACKAGE_COUNT`). */
export const PACKAGE_TRANSACTIONS_MAX = 25;
/** Calls that wait for the chain; bitcoind's work queue has 64. */
export const WAITING_CALLS_MAX = 256;
/** Mining thousands of blocks takes seconds; nothing takes longer. */
export const CALL_DEADLINE_MS = 120_000;
/** Shorter than this, blocks would come faster than they are written. */
export const BLOCK_INTERVAL_LEAST_MS = 10;
