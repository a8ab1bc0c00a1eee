/** Bounds of consensus, each with its reason. */

/** Most bytes in a unit's batch; part of the protocol (`ALEPH_BFT_UNIT_BYTE_LIMIT`). */
export const BATCH_BYTES_MAX = 50_000;
/** What the count of a batch's items may take (BigSize, at most 9 bytes); reserved as the reference does. */
export const BATCH_COUNT_BYTES = 9;
/** Items that wait for a unit (`TRANSACTION_BUFFER`); further producers wait for a place. */
export const MEMPOOL_ITEMS_MAX = 1_000;
/**
 * Producers that wait for a place; one more is refused with `overloaded`. 10 connections' worth of submissions at once.
 */
export const MEMPOOL_PRODUCERS_MAX = 2_000;
/** Transactions that wait for acceptance at once; each costs memory, and a look whenever something was accepted. */
export const SUBMISSIONS_MAX = 2_000;
/** Who wait for the same transaction: one client, which asks again after a cut, and its second device. */
export const CALLERS_MAX = 32;
/**
 * Inputs of transactions that are checked ahead in one batch, bytes: some 130 notes, a tenth of a second's work or less
 * in between which others have their turn. With that many, what a batch costs in itself is less than what they do.
 */
export const PREPARED_BYTES_MAX = 20_000;
/** So many batches' worth of submissions are taken at a time: what comes later waits for no more than a second. */
export const PREPARED_PARTS_MAX = 8;
/**
 * Transactions that come while others wait are collected for the next batch, as long as is worth it: what a batch has
 * in common, each would cost again, and that grows with its inputs. So many bytes of the first one's inputs are a
 * millisecond: one note waits for less than a round, ten for two …
 */
export const TOGETHER_BYTES_PER_MS = 15;
/** … and none for longer. */
export const TOGETHER_MS_MAX = 100;
/** A sender in whose transaction something bad was found has them checked alone for so long. */
export const SUSPECT_MS = 600_000;
/** Such senders that are remembered at least. */
export const SUSPECTS_MIN = 1_000;
/**
 * Microseconds of one core that a transaction wastes in which something bad was found: two products of pairings, on a
 * small machine …
 */
export const BAD_TRANSACTION_US = 3_000;
/** … one with an input or output that its module refuses for good: as much and hashing to a curve … */
export const REFUSED_FOR_GOOD_US = 6_000;
/** … and bytes a microsecond of all that no honest guardian's unit has: a full one may be of 600 notes to sign. */
export const REFUSED_BYTES_PER_US = 0.1;
/** Bytes of ordered units whose transactions are checked ahead together: those of a batch, as a full unit holds. */
export const UNITS_AHEAD_BYTES_MAX = 50_000;
/**
 * Transactions whose signatures were found good, which are remembered at least, from the submission to the turn in
 * consensus: more than wait at once. Twice as many are 1 MB.
 */
export const SIGNED_REMEMBERED_MIN = 2_500;
/** What transactions take that are remembered decoded, bytes: 1,200 of ten notes for ten, as many as may wait. */
export const MEMO_BYTES_MAX = 26_000_000;
/** Of those that were processed, 60 of them, some seconds' under load: others' units bring them once more. */
export const MEMO_PROCESSED_BYTES_MAX = 1_300_000;
/**
 * What one takes, measured and rounded up: by itself, each input and output, and each byte of their encodings. An evil
 * guardian's unit may hold 3,800 transactions of nothing, or 16,000 items of two bytes, which take 180 times as much.
 */
export const MEMO_TRANSACTION_BYTES = 512, MEMO_ITEM_BYTES = 400, MEMO_BYTES_PER_BYTE = 9;
/** A module that takes longer to propose is skipped this time (`CONSENSUS_PROPOSAL_TIMEOUT`). */
export const PROPOSAL_TIMEOUT_MS = 30_000;
/**
 * Of them are checked at a time: so many messages of strangers stand before consensus in a module's mailbox, no more.
 */
export const CHECKS_MAX = 4;
/**
 * Waiting transactions that what was accepted may have made invalid are checked again at most so often; the reference
 * checks all after every item.
 */
export const RECHECK_INTERVAL_MS = 500;
/** The others are checked again so long after their last check, if anything was accepted: most are accepted before. */
export const RECHECK_ALL_MS = 2_000;
/** So many of those in an interval: a tenth of a second's work at the most, however many wait. */
export const RECHECKS_MAX = 32;
/** A single guardian ends a session after so long (docs/protocol/03-consensus.md §B8). */
export const SINGLE_SESSION_MS = 60_000;
/** Entries of a session that are moved, or deleted, in one commit: few thousand commits for the largest session … */
export const MOVE_ENTRIES_MAX = 256;
/** … and bytes, far below what a commit takes (64 MiB), so that others' commits are not held up. */
export const MOVE_BYTES_MAX = 4 * 1_048_576;
/** Items of a peer's outcome that are processed in one commit: as many as a unit may hold of usual ones. */
export const ADOPTED_ITEMS_MAX = 256;
/** … and bytes: less than what is remembered decoded, so that what was checked is processed as it is. */
export const ADOPTED_BYTES_MAX = 500_000;
/**
 * Outcomes of peers that are held in memory at once, of 10 MB at the most; in large federations as many as it takes
 * that one of them is true. Who told another one is asked again later.
 */
export const OUTCOMES_HELD_MIN = 3;
/**
 * An outcome that takes longer to be checked is large or false: the next one is looked at beside it. Usual ones take a
 * few milliseconds.
 */
export const CHECK_PATIENCE_MS = 500;
/** Items of a peer's outcome that are hashed at once, some milliseconds' work: in between consensus goes on. */
export const HASHED_ITEMS_MAX = 500;
/**
 * Items of a piece of a session, bytes. Together with its proof a tenth of what an answer takes, so that a slow line
 * brings one within a minute, and no more than some milliseconds are needed to put one together.
 */
export const PIECE_BYTES_MAX = 1_048_576;
/**
 * Items of a piece: an evil guardian's may be of a few bytes each, and 150,000 of them, which a piece would hold, take
 * seconds to read.
 */
export const PIECE_ITEMS_MAX = 2_048;
/** A piece as text: others may cut larger ones. */
export const PIECE_CHARACTERS_MAX = 4 * PIECE_BYTES_MAX;
/** A session's end as text: the signatures of as many guardians as a federation can have take less. */
export const END_CHARACTERS_MAX = 1_048_576;
/** A piece that takes so long to come is asked for from a further guardian, too. */
export const PIECE_PATIENCE_MS = 5_000;
/** A piece that takes longer will not come. */
export const PIECE_TIMEOUT_MS = 65_000;
/** A guardian that failed to give a piece is not asked again for so long. */
export const PIECE_REST_MS = 1_000;
