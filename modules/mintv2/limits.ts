/**
 * Bounds of the mintv2 module. What official callers of its API ask for stays below; beyond, the answer is a bad
 * request.
 */

/**
 * Highest end of a range of outputs. A transaction of 49,968 bytes (TRANSACTION_BYTES_MAX) holds at most 724 outputs of
 * 69 bytes, so no output has a higher position, and the caller would wait for ever.
 */
export const OUTPUT_INDEX_END_MAX = 1_024;

/**
 * Blinded nonces in one request of a recovering client: official ones ask for all their notes at once. About 1 MB each
 * way.
 */
export const RECOVERY_NONCES_MAX = 10_000;
/** Characters of such a request: a nonce is 96 digits, two quotes, a comma and perhaps a space. */
export const RECOVERY_NONCES_CHARACTERS_MAX = RECOVERY_NONCES_MAX * 100 + 1_024;
/** Characters of it that take a unit of the caller's budget: five nonces, each looked up in the store. */
export const RECOVERY_NONCES_UNIT_CHARACTERS = 500;
/** Blinded nonces looked up at a time. */
export const NONCES_AT_ONCE = 100;

/** Items of the recovery log in one slice. Official clients ask for 10,000; this many are about 3 MB of JSON. */
export const SLICE_ITEMS_MAX = 20_000;
/**
 * What clients divide the log into, from its beginning: such a slice that is full never changes, and all who recover
 * ask for it. Official clients ask for these and for the rest behind them.
 */
export const WHOLE_SLICE_ITEMS = 10_000;
/**
 * Slices as they are stored that are kept after they were read: who asks for the hash of one asks for the slice next,
 * and others are on the same way. Some 40 of 10,000 items.
 */
export const SLICES_KEPT_BYTES_MAX = 16 * 1024 * 1024;
/** Hashes of other ranges that are kept: of the log's end, as those who begin to recover find it. */
export const HASHES_KEPT_MIN = 1_000;
/** Slices read from the store at a time, half a megabyte each; who else asks waits. */
export const SLICE_READS_MAX = 2;
/** Rows of the log whose reading takes a unit of the caller's budget, about half a millisecond. */
export const ROWS_PER_UNIT = 64;
/** The same for a whole slice that was never read: there are only so many of them. */
export const ROWS_PER_UNIT_ONCE = 128;
/** Items of a slice that was read already whose writing as JSON takes a unit. */
export const ITEMS_PER_UNIT = 640;

/**
 * Text of e-cash. A note takes 133 characters, and a transaction can redeem about 330 notes at once; this holds some
 * 1,500. The reference has no bound.
 */
export const ECASH_CHARACTERS_MAX = 200_000;

/** A note as an input, with its signature: 150 bytes, and two more where the module's id has three bytes. */
export const INPUT_BYTES = 152;
/** A note as an output: 69 bytes, and as above. */
export const OUTPUT_BYTES = 71;
/** Of a transaction that has nothing in it yet: lengths, nonce. */
export const EMPTY_BYTES = 100;

/**
 * Notes that one transaction redeems: 30 kB of the 50 kB that a transaction may have, so that the receiver, whose
 * program may be another, has room for some 100 notes of change and 80 of its own. It bounds e-cash texts that are
 * made, and parts in which others are redeemed.
 */
export const REDEEMED_NOTES_MAX = 200;

/**
 * Notes that a payment spends beyond what it needs, for their number's sake. With fees of 100 msat that costs 5 sat at
 * most.
 */
export const CONSOLIDATED_NOTES_MAX = 50;

/** Notes that a transaction merges: 44 kB, with room for the notes that come of them, some 60 at most. */
export const MERGED_NOTES_MAX = 290;
/**
 * Transactions that merge at a time: with them 2,320 notes become some 200, for which tweaks are found in some seconds.
 */
export const MERGES_AT_ONCE = 8;

/**
 * Notes whose signature a guardian has found good and remembers at least, from a transaction's submission to its turn
 * in consensus, a second or two under load: those of a thousand usual transactions. Twice as many are 2 MB.
 */
export const NOTES_REMEMBERED_MIN = 10_000;
/** Notes that are remembered to be bad, at least: those of two units full of them. Twice as many take 1 MB. */
export const BAD_NOTES_REMEMBERED_MIN = 1_000;
/**
 * Fewer notes are verified here at once, in less than 5 ms: that they go to a thread and come back costs 3 ms of CPU.
 */
export const POOLED_NOTES_MIN = 32;

/** Items in a slice that a recovering client asks for: as official clients do. 1.6 MB of JSON. */
export const SLICE_ITEMS = 10_000;
/** A slice that takes too long is fetched in halves, down to this: 160 kB, which any line brings in half a minute. */
export const SLICE_ITEMS_MIN = 1_000;
/** Slices that are fetched ahead, so that a guardian that is late holds up nobody. 0.4 MB each, packed. */
export const SLICES_AHEAD = 8;
/** Notes whose keys, or whose signatures, are computed before others have their turn: some 12 ms. */
export const NOTES_AT_ONCE = 8;
/**
 * Blinded nonces that a wallet keeps until their notes are signed: as many as a transaction can ask for, and those of
 * some others. Of refused transactions they stay until newer ones come: 300 kB at most.
 */
export const BLINDED_KEPT_MAX = 1_024;
/** Recovered notes in one store transaction: 100 kB. */
export const SETTLED_AT_ONCE = 1_000;
/**
 * Recovered notes whose shares are fetched at once: as many as a large transaction has outputs. Official guardians
 * refuse a request if they don't know one of its notes.
 */
export const RECOVERED_AT_ONCE = 100;
/**
 * When a recovered wallet looks through the log's news, after the recovery. What the lost device was paying guardians
 * decide on within a session or two, some minutes: so after 3 and 15. A device that had no connection brings its last
 * payment when it has one again: so once more after a day. Beyond that the other device is alive, and looking at what
 * it does is no recovery.
 */
export const LOOKS_AFTER_MS: readonly number[] = [3 * 60_000, 15 * 60_000, 24 * 3_600_000];
/**
 * Notes that a wallet issues and redeems itself, and remembers for the next look: 2 MB. One that does more in a day, a
 * gateway's say, looks no more.
 */
export const LATER_MARKS_MAX = 100_000;
