/**
 * When a connection counts as dead: a call waits, nothing at all is heard for a while, and a cheap question that any
 * guardian answers at once brings nothing either. What a sleeping machine or a router's timeout leaves behind is found
 * within seconds of the next call, and a guardian that only takes its time with one answer is not. Pure: the
 * connection's actor has the clock.
 */

/** So long a call waits without a sign before the question is asked. */
const DOUBT_MS = 3_000;
/**
 * For the answer to the question; twice as long each time that a connection was given up without a sign: the network
 * may be slow.
 */
const ANSWER_MS = 3_000;
const ANSWER_MS_MAX = 60_000;
/** Between two questions while calls wait for long that were made before the last sign. */
const QUIET_MS = 15_000;

/** Any method will do: not to know it is an answer, too. */
export const PROBE_METHOD = "version";

/** Of one connection; times of one clock. */
export type Signs = {
  /** The last message, or the opening. */
  readonly heardMs: number;
  /** The first call since then. */
  readonly askedMs: number | null;
  /** The question, when nothing was heard since. */
  readonly probedMs: number | null;
};

export function heardAt(nowMs: number): Signs {
  return { heardMs: nowMs, askedMs: null, probedMs: null };
}

export function askedAt(signs: Signs, nowMs: number): Signs {
  return { ...signs, askedMs: signs.askedMs ?? nowMs };
}

/**
 * When to look at a connection for which calls wait.
 * @param silences connections in a row that were given up without a sign
 */
export function dueMs({ heardMs, askedMs, probedMs }: Signs, silences: number): number {
  if (probedMs !== null) return probedMs + Math.min(ANSWER_MS * 2 ** silences, ANSWER_MS_MAX);
  return askedMs !== null ? askedMs + DOUBT_MS : heardMs + QUIET_MS;
}
