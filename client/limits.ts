/** Bounds of the client's own records. */

/**
 * Meta fields that are kept for when nobody answers, as characters of JSON. Guardians agree on values of some 50 kB at
 * the most, and a file that they name may have 1 MB; a wallet keeps what a name, a welcome and some links take, and
 * asks for more each time.
 */
export const KEPT_META_CHARACTERS_MAX = 200_000;

/**
 * Calls of one module under way at a time: each is something that an application waits for, and holds some kilobytes. A
 * program that pays hundreds of people at once stays far below.
 */
export const MODULE_CALLS_MAX = 10_000;

/**
 * For calls that are under way when a client closes: those that wait end at once, those that are in a store transaction
 * in a moment. One that does neither keeps nobody from closing.
 */
export const MODULE_SHUTDOWN_MS = 1_000;

/** Until a module that starts anew is looked for again: a start takes less, and nobody notices more. */
export const MODULE_AGAIN_MS = 250;

/** Streams of one module that are read at a time: a screen reads a few. */
export const MODULE_STREAMS_MAX = 1_000;

/** Gateways that are asked for their prices at once, for people to choose from. */
export const GATEWAYS_SHOWN_MAX = 16;

/**
 * Addresses of one guardian that are shown, and asked about: it has one or two, and whoever keeps its name could list
 * thousands.
 */
export const GUARDIAN_ADDRESSES_MAX = 16;
/** What ipwho.is says of an address takes some 1,500 bytes. */
export const IP_INFO_BYTES_MAX = 65_536;
/** As fedimint-cli waits for it. */
export const IP_INFO_TIMEOUT_MS = 5_000;
