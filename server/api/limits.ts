/** Bounds of the guardian's API, each with its reason. */

/** Largest request and largest answer, bytes; as the reference. */
export const MESSAGE_BYTES_MAX = 10_485_760;
/** A request that is too large by less than this is told so; one that is larger still costs its sender the connection. */
export const MESSAGE_MARGIN_BYTES = 1_048_576;
/** A request is cut after so long, long polls too; as the reference. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Connections while setup runs; as the reference. */
export const SETUP_CONNECTIONS_MAX = 10;
/** Calls under way on one connection. An official client has a few for each operation that runs. */
export const PARALLEL_CALLS_MAX = 1_024;
/** Calls of a batch. Nothing in Fedimint uses batches. */
export const BATCH_MAX = 100;
/** While more of its answers than this wait for a client to take them in, none of its requests is read. */
export const UNTAKEN_BYTES_MAX = MESSAGE_BYTES_MAX;
/** How often such a client is looked at again. */
export const UNTAKEN_POLL_MS = 100;
/** Answers that a connection hasn't taken yet; one that is slower than this is closed. */
export const BUFFERED_BYTES_MAX = 4 * MESSAGE_BYTES_MAX;
/** Calls a second that one connection may go on making, and how many at once. A restoring client asks for a few hundred slices. */
export const CALLS_PER_SECOND_MAX = 1_000;
export const CALL_BURST_MAX = 5_000;
/** The server's ping. */
export const PING_MS = 10_000;
/** Outputs that one `await_outputs_outcomes` asks for; as the reference. */
export const OUTPUT_OUTCOMES_MAX = 1_024;
/** Sessions of which it is kept where their signatures begin: seven months of them, 5 MB. */
export const OUTCOME_LENGTHS_MAX = 100_000;
