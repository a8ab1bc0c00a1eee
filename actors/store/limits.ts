/** Every bound of the store, with its reason. The first three are the interface's promise (`store.ts`). */
import { assert } from "../../core/assert.ts";

const KIB = 1_024;
const MIB = 1_024 * KIB;

/** View prefixes included. Deno KV takes about twice as much, but it doubles zero bytes. */
export const KEY_BYTES_MAX = 1_024;
/** Far over the largest thing that is stored as one value, a session outcome. */
export const VALUE_BYTES_MAX = 16 * MIB;
/** Keys, values and `ENTRY_OVERHEAD_BYTES` each. What a commit holds stays in memory until it is on disk. */
export const COMMIT_BYTES_MAX = 64 * MIB;
/** What an entry costs in memory beside its bytes; so that tiny entries are bounded too (a million a commit). */
export const ENTRY_OVERHEAD_BYTES = 64;

/** Runs of one transaction before it gives up with `conflict`. Retries take turns, so that even ten is rare. */
export const TRIES_MAX = 100;
/**
 * How long a retry keeps others from retrying. Far over a healthy body; short enough that one that waits for another
 * passes.
 */
export const TURN_MS = 50;

/**
 * New transactions wait while more than this is committed and not yet on disk: a slow disk must slow its writers down.
 */
export const UNFLUSHED_BYTES_MAX = 128 * MIB;
/** Old values kept for old snapshots. Beyond it the oldest snapshot is given up: its transaction runs again. */
export const HISTORY_BYTES_MAX = 256 * MIB;
/** Who wait for a change (`changed`) at a time, own and strangers together; some hundred bytes each. */
export const WAITERS_MAX = 65_536;
/** Of them strangers': above the calls of a guardian's busiest day, and enough is left for its own. */
export const STRANGERS_WAITERS_MAX = 32_768;
/**
 * Strangers' commits that are not on disk yet: beyond it theirs wait, so that an own commit finds little before it. Two
 * of the largest backups; one commit more at most.
 */
export const STRANGERS_UNFLUSHED_BYTES_MAX = 256 * KIB;
/**
 * Strangers' transactions that wait to write. The disk writes some hundred a second: nobody waits longer than its
 * patience.
 */
export const STRANGERS_WRITERS_MAX = 1_024;
/** Lists of the backend whose answers are kept; each write looks whether it touches them. */
export const LISTS_KEPT_MAX = 32;
/** Of one such answer: votes of some twenty guardians, or that there is nothing. */
export const LIST_KEPT_BYTES_MAX = 4 * KIB;
/** Values of the backend kept for the next read: what some hundred transactions of a guardian wrote and looked at. */
export const CACHE_BYTES_MAX = 4 * MIB;
/** What an entry of the cache takes beside its bytes, as measured: a string's head, a place in a map. */
export const CACHED_OVERHEAD_BYTES = 120;
/**
 * Entries a range read fetches at once: few at first, for reads that stop early, then more, as long as entries of the
 * size of the last batch's stay within `BATCH_BYTES`. Only where large ones follow small ones can it be 256 × 60 KiB =
 * 15 MiB.
 */
export const BATCH_ENTRIES_FIRST = 32;
export const BATCH_ENTRIES_MAX = 256;
export const BATCH_BYTES = MIB;
/** Old values read at once for old snapshots before they are overwritten; one value more at most. */
export const BASES_BYTES_MAX = 4 * MIB;

/** Deno KV's own limits a commit; found in denokv_proto and checked against the real one by `kv_backend_test.ts`. */
export const KV_MUTATIONS_MAX = 1_000;
export const KV_COMMIT_BYTES_MAX = 800 * KIB;
export const KV_COMMIT_KEY_BYTES_MAX = 80 * KIB;
export const KV_KEY_BYTES_MAX = 2_048;
export const KV_VALUE_BYTES_MAX = 64 * KIB;
export const KV_LIST_ENTRIES_MAX = 1_000;
export const KV_GET_KEYS_MAX = 10;
/** Kept free in each commit for the owner's record. */
export const OWNER_MUTATIONS = 1;
export const OWNER_BYTES = 256;

/** Larger values are stored in chunks. Leaves room so that a journal's record of one entry fits one chunk. */
export const INLINE_BYTES_MAX = 60 * KIB;
export const CHUNK_BYTES = KV_VALUE_BYTES_MAX;
/** Bytes of a key that are stored as they are; the rest is packed without zero bytes (`keys.ts`). */
export const KEY_PLAIN_BYTES = 1_000;

/** A remote owner writes at least this often … */
export const LEASE_BEAT_MS = 5_000;
/** … and is taken for dead after this long without: three beats and the network's delay. */
export const LEASE_MS = 20_000;
/** How long a remote database may be out of reach before the store fails. Longer than a server's restart. */
export const REMOTE_PATIENCE_MS = 30_000;

assert(INLINE_BYTES_MAX + 2 * KEY_BYTES_MAX < CHUNK_BYTES, "a journal record fits one chunk");
assert(BATCH_ENTRIES_MAX <= KV_LIST_ENTRIES_MAX, "a batch is one read");
assert(
  // tag, plain bytes all zero and doubled, the rest packed (a byte more for exclusive ends), terminator
  2 + 1 + 2 * KEY_PLAIN_BYTES + Math.ceil((KEY_BYTES_MAX + 1 - KEY_PLAIN_BYTES) * 8 / 7) <= KV_KEY_BYTES_MAX,
  "the longest key fits Deno KV",
);
assert(LEASE_BEAT_MS * 3 < LEASE_MS, "a living owner is seen to live");
assert(STRANGERS_WAITERS_MAX < WAITERS_MAX, "strangers leave room for own waiters");
