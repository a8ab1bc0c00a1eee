/** Bounds of what callers of the mintv2 API may ask for. Official clients stay below each; beyond, the answer is a bad request. */

/**
 * Highest end of a range of outputs. A transaction of 49,968 bytes (TRANSACTION_BYTES_MAX) holds at most 724 outputs of 69 bytes, so no
 * output has a higher position, and the caller would wait for ever.
 */
export const OUTPUT_INDEX_END_MAX = 1_024;

/** Blinded nonces in one request of a recovering client, which asks for all its unspent notes at once. About 1 MB each way. */
export const RECOVERY_NONCES_MAX = 10_000;

/** Items of the recovery log in one slice. Official clients ask for 10,000; this many are about 3.5 MB of JSON. */
export const SLICE_ITEMS_MAX = 20_000;
