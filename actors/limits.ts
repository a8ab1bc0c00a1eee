/** Every bound of the actor runtime, with its reason. */

/** An ask without a deadline of its own: longer than any guardian's step, shorter than a person waits. */
export const ASK_DEADLINE_MS_DEFAULT = 30_000;

/**
 * Longest mailbox that a definition may ask for: at some hundred bytes a message, about the memory of a small machine.
 */
export const MAILBOX_MESSAGES_MAX = 1_000_000;

/**
 * Timers, tasks and monitors that one actor has at a time. What they deliver is not held back by the mailbox's bound,
 * so they need one.
 */
export const OWN_SOURCES_MAX = 100_000;

/** Children of one supervisor: far above connections and operations in flight, far below what exhausts memory. */
export const CHILDREN_MAX = 100_000;

/** A child's id in UTF-16 units. Operation ids are 64 hex characters; the rest is room for a name. */
export const CHILD_ID_LENGTH_MAX = 256;

/** Depth of a tree. Real ones have five levels; the bound turns a tree that holds itself into an error. */
export const TREE_DEPTH_MAX = 64;

/** Text of an error that is kept for `inspect()` and logged, in UTF-16 units: enough for a chain of causes. */
export const ERROR_TEXT_LENGTH_MAX = 2_000;

/**
 * Messages that one actor handles before the next ready actor has its turn: long enough to stay in the processor's
 * cache.
 */
export const TURN_MESSAGES = 16;

/**
 * Messages handled in one microtask. After them, continuations of promises that wait (replies, async handlers) come
 * first.
 */
export const PUMP_MESSAGES = 32;

/**
 * Messages handled before timers and I/O are let in, at the latest. It counts where time stands still (simulation); on
 * a real clock `SLICE_MS` comes first, also with empty handlers: were this lower, the pump would wait for a timer that
 * isn't due yet.
 */
export const SLICE_MESSAGES = 100_000;

/**
 * Time spent on messages before timers and I/O are let in: not felt by a person or a socket, and long against the cost
 * of a turn of the event loop.
 */
export const SLICE_MS = 5;

/**
 * Restarts of one process, wherever in its tree, before its root gives up. A supervisor's own intensity sees crashes
 * that follow each other quickly, and begins anew with each of its lives; this sees what crashes slowly, or each time
 * that something above it was started again. Room for several bad moments (a machine that was asleep lets some
 * deadlines pass at once).
 */
export const RESTARTS_MAX = 30;
/** One restart is forgotten in so long: what crashes more often than that is a bug that doesn't heal. */
export const RESTART_FORGOTTEN_MS = 3_600_000;

/** Kinds of crashes that the log counts. More at a time are told with their stacks again. */
export const CRASH_KINDS_MAX = 100;

/** A trouble that lasts is said again after this time, then after twice as long each time … */
export const REMINDER_FIRST_MS = 60_000;
/** … up to this: often enough for whoever looks at the log of a day, and 24 lines of it. */
export const REMINDER_LAST_MS = 3_600_000;

/**
 * Of one line of the log that strangers can bring about: so many at once, then one in so long. Some thousand lines a
 * day at the most.
 */
export const LOG_LINES_BURST = 10;
export const LOG_LINE_MS = 30_000;
