/** Bounds of the meta module. */

/**
 * The largest value a guardian may submit. A vote travels in one unit of at most 50,000 bytes (AlephBFT); its salt,
 * key, lengths and framing take up to 30 bytes. A larger one would be proposed for ever and never ordered.
 */
export const META_VALUE_BYTES_MAX = 49_900;
