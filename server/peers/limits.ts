/** Bounds of the links between guardians, each with its reason. */

/**
 * Longest message, part of the protocol (`MAX_P2P_MESSAGE_SIZE`): a longer one closes the connection on either side.
 */
export const MESSAGE_BYTES_MAX = 10_000_000;
/**
 * Messages of ours that wait to be sent to one guardian; a further one is dropped, the layers above repeat. As the
 * reference.
 */
export const OUTGOING_MAX = 5;
/**
 * Answers that wait to be sent to one guardian, and their bytes: they leave when no message of ours waits. Enough for
 * what one asks for at once while it catches up, and for the largest.
 */
export const ANSWERS_MAX = 256;
export const ANSWERS_BYTES_MAX = MESSAGE_BYTES_MAX;
/**
 * Messages kept for a consumer that isn't there yet, per guardian, and their bytes; the ceremony needs 3 small ones.
 */
export const HELD_MAX = 16;
export const HELD_BYTES_MAX = 1_000_000;
/** A message that takes longer to leave closes the connection. As the reference. */
export const SEND_TIMEOUT_MS = 60_000;
export const DIAL_TIMEOUT_MS = 10_000;
/** Delays between attempts to dial: Fibonacci from 250 ms, capped. */
export const DIAL_BACK_OFF = { minMs: 250, maxMs: 13_750 };
/**
 * A connection that one side replaces, or that ends within SHORT_MS, happens now and then; so often in such a window
 * two copies of one guardian take the connection from each other.
 */
export const REPLACEMENTS = { many: 5, windowMs: 60_000 };
export const SHORT_MS = 5_000;
/** Connections to several guardians that are cut short within it are cut for one reason. */
export const TOGETHER_MS = 5_000;
/** Strangers at the listener are told of once in so long a time, with their number. */
export const STRANGERS_TOLD_MS = 60_000;
