/** Bounds of the walletv2 module, each with its reason. */

/** Outputs that one slice answers; clients ask for 1,000 at a time, and follow on when fewer come. */
export const OUTPUT_SLICE_MAX = 10_000;
/** Outputs that a client asks for at a time: 250 kB of JSON. */
export const OUTPUT_SLICE = 1_000;
/**
 * How far a client looks when a slice is empty. Outputs that can be no deposit take indices and are left out of the answer: whoever makes
 * a thousand of them must not stop a wallet's scan.
 */
export const OUTPUT_LOOK_AHEAD = OUTPUT_SLICE_MAX;
/** Transactions of the federation on their way into a block, from which on a client waits with its claim: the next one costs double. */
export const PENDING_CHAIN_MAX = 3;
/** Deposits too small for their fee that a client keeps in mind, should the fee fall: a stranger may send any number of them. */
export const DEFERRED_MAX = 100;
/** Blocks after which a guardian says that a transaction is in none yet: two hours and more, since the agreed count runs behind. */
export const PENDING_BLOCKS_TOLD = 12;
