/** What a bounty may be at most and at least. */

/** Every guardian keeps the text until the bounty is gone: enough for a question, too little for a book. */
export const QUESTION_BYTES_MAX = 500;

/** 10 sat: a claim pays for itself and for the notes that it is paid out in, and something must be left. */
export const AMOUNT_MSAT_MIN = 10_000n;

/** A year: what nobody claims must not stay in databases for ever. */
export const OPEN_SECS_MAX = 366n * 86_400n;

/** Bounties in one answer of a guardian: 100 with the longest questions are 70 kB. */
export const PAGE_MAX = 100;

/** A guardian says what time it is once a minute: each vote is an item that all process and keep in their sessions. */
export const TIME_STEP_SECS = 60;
/** Test federations don't want to wait for minutes. */
export const TIME_STEP_TEST_SECS = 5;

/** Between two looks at an own bounty. */
export const POLL_MS = 60_000;
export const POLL_TEST_MS = 1_000;
