/** Bounds of pools of threads, each with its reason. */

/** Threads of a pool: each takes some 20 MB, and what only one thread does (the order of items) is soon the limit. */
export const POOL_THREADS_MAX = 4;
/** Jobs that found no free thread within `POOL_WANTED_MS`, after which one more is started … */
export const POOL_WANTED = 8;
/** … which takes 200 ms of CPU. So much work comes again; a single large batch wouldn't pay for it. */
export const POOL_WANTED_MS = 10_000;
/** A thread that hasn't loaded by then is given up. A machine that is busy takes seconds. */
export const POOL_START_MS = 60_000;
/** A job that isn't done by then is done here: the largest takes a fifth of a second on a core of its own. */
export const POOL_JOB_MS = 5_000;
/** No thread is started for so long after one failed. */
export const POOL_REST_MS = 60_000;
/** Threads end when none had a job for so long: their memory is given back. */
export const POOL_QUIET_MS = 60_000;
