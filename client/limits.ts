/** Bounds of the client's own records. */

/**
 * Meta fields that are kept for when nobody answers, as characters of JSON. Guardians agree on values of some 50 kB at the most, and a file
 * that they name may have 1 MB; a wallet keeps what a name, a welcome and some links take, and asks for more each time.
 */
export const KEPT_META_CHARACTERS_MAX = 200_000;
