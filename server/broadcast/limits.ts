/**
 * Bounds of the broadcast, each with its reason. What is not bounded here is bounded by the protocol: one unit a
 * coordinate.
 */

/**
 * Most bytes in a unit's batch; part of the protocol (`ALEPH_BFT_UNIT_BYTE_LIMIT`): a message with more is dropped
 * whole.
 */
export const BATCH_BYTES_MAX = 50_000;
/**
 * Guardians of one federation. The masks and votes of a round are small numbers; a federation has at most some twenty.
 */
export const PEERS_MAX = 1_000;
/**
 * Requests for missing units, and for parents of units, that are asked at once on behalf of one creator's units; more
 * wait in order. A creator that invents units of far rounds makes us ask for thousands that don't exist, but delays
 * nobody's units but its own. Catching up asks for one round (at most all guardians) after the other.
 */
export const REQUESTS_ACTIVE_MAX = 256;
/**
 * Bytes of answers to one guardian a second, as a bucket that holds ANSWER_BYTES_BURST: a busy session makes 4 MB/s (4
 * guardians, 20 rounds of 50 kB), so who lags behind catches up from two others. Its requests come again later.
 */
export const ANSWER_BYTES_PER_SECOND = 4_000_000;
/** Two of the largest messages. */
export const ANSWER_BYTES_BURST = 20_000_000;
/** An answer counts as so many bytes at least: what is remembered of small ones takes memory, too. */
export const ANSWER_BYTES_MIN = 512;
/**
 * The same answer to the same guardian in a window. The schedule of requests asks one guardian three times within 50 ms
 * at most, and one more time when a round stalls.
 */
export const SAME_ANSWERS_MAX = 4;
/**
 * Work for the others' messages, in microseconds a second, shared by all of them alike: half a core. Each has its share
 * as a bucket; who exceeds it is read more slowly. In a calm session a guardian's units take a tenth of it.
 */
export const WORK_US_PER_SECOND = 500_000;
/** What the buckets hold together: a guardian that has lost a session's units gets some thousands of them at once. */
export const WORK_US_BURST = 6_000_000;
/** A bucket holds at least the costliest message, the longest alert. */
export const WORK_US_BURST_MIN = 1_100_000;
/**
 * Work that a guardian's units make when they are processed, beside their messages, whoever hands them on; beyond it
 * who hands them on pays. An honest one takes a share of `WORK_US_PER_SECOND` of them itself: all together hand on no
 * more than that of an evil guardian's …
 */
export const HANDED_ON_US_PER_SECOND = WORK_US_PER_SECOND;
/**
 * … and at once what each of them takes on credit from one that sends each its own units. It is also more than the
 * units of a long session, which come at once to a guardian that was away.
 */
export const HANDED_ON_US_BURST = 60_000_000;
/** On top of its cost a useless message is charged so much: honest guardians send hardly any. */
export const USELESS_WORK_US = 2_000;
/** Of repeated answers, and of what is logged about useless messages. */
export const BUDGET_WINDOW_MS = 1_000;
/** Others' units wait so long at most for a record of ours to be saved with: a restart asks for what is lost. */
export const SAVE_WITHIN_MS = 1_000;
/** A guardian that catches up gets thousands of units and makes none: so many, or so many bytes, are one commit. */
export const SAVE_RECORDS_MAX = 128;
export const SAVE_BYTES_MAX = 500_000;
/** Results of signature checks that are kept: the units of a fork come in every guardian's alert. 200 bytes each. */
export const CHECKED_SIGNATURES_MAX = 8_192;
/**
 * Alerts of one guardian about one forker that are kept beside the one that counts. The last suffices: one that a
 * threshold has signed is asked for again and then kept for good.
 */
export const SPARE_ALERTS_MAX = 1;
/**
 * Alerts that a threshold signed before we had them: never more than one a guardian and forker, as honest ones sign
 * only one.
 */
export const AWAITED_ALERTS_MAX = 1_000;
/**
 * Ways of choosing among forked variants that are tried for one unit of the own backup. Two forkers in a round make
 * four.
 */
export const VARIANT_CHOICES_MAX = 4_096;
/**
 * Bytes of units in one alert of ours, proof included: links carry 10,000,000 bytes a message and break at longer ones.
 */
export const ALERT_BYTES_MAX = 9_900_000;
/**
 * By so many rounds our newest unit must get newer, and later once more, while we create none, to show that another
 * process creates them: a unit or two may have been on their way when we were stopped.
 */
export const COPY_ROUNDS = 3;
/** Answers to our own questions, in a session or a life before, are not later than so long after we begin to create. */
export const LATE_ANSWER_MS = 10_000;
/** After our key has signed what we didn't create, so many sessions begin with a watch: two copies rarely need two. */
export const DOUBT_SESSIONS = 5;
/**
 * Signatures of a confirmed alert's units that are checked in one piece (20 ms), and units that are looked at or taken.
 */
export const ALERTED_CHECKS_MAX = 64;
export const ALERTED_UNITS_MAX = 512;
/** Between pieces: they take less than half a core. */
export const ALERTED_PAUSE_MS = 50;
/** A guardian is reminded of a forker at most so often. */
export const REMIND_INTERVAL_MS = 5_000;
