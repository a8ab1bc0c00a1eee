/** Bounds of the ln module, each with its reason. */

/**
 * Gateways that are registered with a guardian at a time: federations have a handful, a large one some dozens. Whoever
 * is registered stays so while it renews; a new one has no place among more. With the bound below 4 MB of answer.
 */
export const GATEWAYS_MAX = 256;
/**
 * Those among them that come from one address: hardly anybody runs more. So whoever wants to leave no place to others
 * needs many addresses.
 */
export const GATEWAYS_PER_SOURCE_MAX = 16;
/** JSON of a registration: one takes 700 bytes, and some 250 for each way to its node, of which a few are usual. */
export const REGISTRATION_BYTES_MAX = 16_384;
/** Longest time for which a gateway is registered, as the reference has it: a day. */
export const REGISTRATION_TTL_SECS_MAX = 86_400n;
/** More than the payment itself is no fee: the reference refuses such a gateway. */
export const GATEWAY_FEE_PPM_MAX = 1_000_000;
/** Gateways of the list whose writing as JSON takes a unit of the caller's budget, half a millisecond. */
export const GATEWAYS_PER_UNIT = 1;
/** Units of a registration: its signature is checked, and the registrations are looked through. */
export const REGISTER_UNITS = 8;
/**
 * Ciphertexts that a guardian has looked at and remembers at least: from an offer's submission to the last guardian's
 * share. Twice as many are 1.4 MB.
 */
export const CIPHERTEXTS_REMEMBERED_MIN = 1_000;
/** Other guardians are asked for the version that they know after so long, once all have answered … */
export const VERSION_POLL_MS = 600_000;
/** … and after so long while one hasn't. */
export const VERSION_POLL_MISSING_MS = 30_000;
/** The same in test federations. */
export const VERSION_POLL_TEST_MS = 5_000;
/** How long another guardian's answer is waited for. */
export const VERSION_ANSWER_MS = 30_000;
/** Units of an output: two pairings and two points of offers and of incoming contracts, ten milliseconds. */
export const OUTPUT_UNITS = 20;
