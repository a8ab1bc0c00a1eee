/** Bounds of what a Bitcoin node may answer and how long it may take, each with its reason. */

/** A block of 4,000,000 bytes as hex, with the frame of the answer. */
export const BLOCK_ANSWER_BYTES_MAX = 8_010_000;
/** The same block as Esplora sends it, in bytes. */
export const BLOCK_BYTES_MAX = 4_000_000;
/** Answers about the chain have a few kilobytes. */
export const ANSWER_BYTES_MAX = 100_000;
/** Whoever answers later than this has a problem; a block of a busy node takes seconds. */
export const CALL_TIMEOUT_MS = 60_000;
/** Looking through all coins of mainnet takes minutes, on a slow disk more. */
export const SCAN_TIMEOUT_MS = 15 * 60_000;
/** Some ten thousand coins, of 300 characters each. */
export const COINS_ANSWER_BYTES_MAX = 4_000_000;
/** A node's own text is repeated in our log up to this length. */
export const NODE_TEXT_CHARACTERS_MAX = 300;
/** For so long a server is left alone that has too many questions and doesn't say for how long … */
export const QUIET_MS = 60_000;
/**
 * … or that says so: not shorter, which would be asking on, and not longer, which would be a program without a chain.
 */
export const QUIET_LEAST_MS = 1_000;
export const QUIET_MOST_MS = 3_600_000;
