/** Bounds of the mintv2 module. What official callers of its API ask for stays below; beyond, the answer is a bad request. */

/**
 * Highest end of a range of outputs. A transaction of 49,968 bytes (TRANSACTION_BYTES_MAX) holds at most 724 outputs of 69 bytes, so no
 * output has a higher position, and the caller would wait for ever.
 */
export const OUTPUT_INDEX_END_MAX = 1_024;

/** Blinded nonces in one request of a recovering client, which asks for all its unspent notes at once. About 1 MB each way. */
export const RECOVERY_NONCES_MAX = 10_000;

/** Items of the recovery log in one slice. Official clients ask for 10,000; this many are about 3.5 MB of JSON. */
export const SLICE_ITEMS_MAX = 20_000;

/**
 * Text of e-cash. A note takes 133 characters, and a transaction can redeem about 330 notes at once; this holds some 1,500. The reference
 * has no bound.
 */
export const ECASH_CHARACTERS_MAX = 200_000;
