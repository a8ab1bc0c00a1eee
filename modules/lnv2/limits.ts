/** Bounds of the lnv2 module, each with its reason. */

/** Contracts that one answer of the stream of incoming ones may have, as the reference. Clients ask for 128. */
export const INCOMING_CONTRACTS_MAX = 1_024;
/** Contracts of the stream whose reading and writing takes a unit of the caller's budget, half a millisecond. */
export const CONTRACTS_PER_UNIT = 5;
/**
 * Gateways that a guardian vets: each of a federation's clients asks for the list, and asks the gateways in it one
 * after the other. Federations have a handful.
 */
export const GATEWAYS_MAX = 256;
/**
 * Incoming contracts, and decryption keys of such, that a guardian has found good and remembers at least, from a
 * transaction's submission to its turn in consensus. Twice as many are 2 MB.
 */
export const CHECKS_REMEMBERED_MIN = 5_000;
/** Units of an output: two pairings and two points of incoming contracts, ten milliseconds. */
export const OUTPUT_UNITS = 20;
