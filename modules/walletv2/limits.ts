/** Bounds of the walletv2 module, each with its reason. */

/** Outputs that one slice answers; clients ask for 1,000 at a time, and follow on when fewer come. */
export const OUTPUT_SLICE_MAX = 10_000;
/** Outputs, or transactions of the chain, whose reading takes a unit of the caller's budget, half a millisecond. */
export const ROWS_PER_UNIT = 32;
/** Outputs that a client asks for at a time: 250 kB of JSON. */
export const OUTPUT_SLICE = 1_000;
/**
 * How far a client looks when a slice is empty. Outputs that can be no deposit take indices and are left out of the
 * answer: whoever makes a thousand of them must not stop a wallet's scan.
 */
export const OUTPUT_LOOK_AHEAD = OUTPUT_SLICE_MAX;
/**
 * Beyond that it looks at one page of as many more in each pause of this length, as long as there is nothing new: an
 * answer without outputs costs a guardian a read.
 */
export const FURTHER_EVERY_MS = 60_000;
/**
 * So many pages: half a million outputs in a row that can be no deposit are 17 MB, all blocks of three hours. Then it
 * rests, and begins with the first page again.
 */
export const FURTHER_PAGES_MAX = 50;
export const FURTHER_REST_MS = 3_600_000;
/** Outputs in each answer by which the length of the log is found: a few that can be no deposit don't hide it. */
export const OUTPUT_PROBE = 16;
/**
 * Transactions of the federation on their way into a block, from which on a client waits with its claim: the next one
 * costs double.
 */
export const PENDING_CHAIN_MAX = 3;
/** A claim that failed is made again after a minute, then after twice as long each time … */
export const CLAIM_RETRY_FIRST_MS = 60_000;
/** … up to this. */
export const CLAIM_RETRY_LAST_MS = 3_600_000;
/** The same in test federations. */
export const CLAIM_RETRY_FIRST_TEST_MS = 1_000;
/** When a wallet last looked for deposits is told to the minute: it isn't stored more often. */
export const LOOK_STORED_EVERY_MS = 60_000;
/**
 * Before an address is given out, guardians are asked so long whether something was paid to it: their answer takes a
 * round trip.
 */
export const LOOK_BEFORE_ADDRESS_MS = 3_000;
/**
 * So long a used address is held back while the next one is looked for, some seconds' work: money that is paid to it
 * comes all the same.
 */
export const NEXT_ADDRESS_MS = 60_000;
/**
 * On a machine of so many cores or fewer a restored wallet lets other modules recover before it looks for addresses, as
 * long as nobody asks for one, …
 */
export const CORES_FEW = 2;
/** … so long at most: a log of a million items takes longer, and whoever waits for a deposit doesn't wait for that. */
export const GIVE_WAY_MS = 30_000;
/** Address indices after which the progress of their search is stored: a twentieth of a second's work. */
export const ADDRESS_STRETCH = 4_096;
/** What a search has left is kept for the next one: a wallet that recovers looks for one address after the other. */
export const SEARCH_KEPT_MS = 10_000;
/** Between two trials with deposits that were too small for the fee while the fee stays what it was. */
export const PUT_OFF_RETRY_MS = 600_000;
/**
 * Blocks after which a guardian says that a transaction is in none yet: two hours and more, since the agreed count runs
 * behind.
 */
export const PENDING_BLOCKS_TOLD = 12;
/**
 * A fee above this share of what is paid is refused unless it is wanted: the least fee doubles with each transaction of
 * the federation that waits for a block, and after an hour without one it may be more than the payment.
 */
export const FEE_SHARE_MAX_PERCENT = 10n;
/**
 * Transactions whose digests and keys are kept while they are signed: more are never unsigned at once, their fees being
 * what they are.
 */
export const CHECKABLE_KEPT = 64;
