/** Bounds of the guardian's API, each with its reason. */

/** Largest request and largest answer; as the reference. */
export const MESSAGE_BYTES_MAX = 10_485_760;
/** A request is cut after so long, long polls too; as the reference. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Connections while setup runs; as the reference. */
export const SETUP_CONNECTIONS_MAX = 10;
/** Requests under way on one connection. An official client has a few for each operation that runs. */
export const PARALLEL_REQUESTS_MAX = 1_024;
/** Requests of a batch. Nothing in Fedimint uses batches. */
export const BATCH_MAX = 100;
/** Answers that a connection hasn't taken yet; one that is slower than this is closed. */
export const BUFFERED_BYTES_MAX = 4 * MESSAGE_BYTES_MAX;
/** Requests a second that one connection may go on making, and how many at once. A restoring client asks for a few hundred slices. */
export const REQUESTS_PER_SECOND_MAX = 1_000;
export const REQUEST_BURST_MAX = 5_000;
/** The server's ping. */
export const PING_MS = 10_000;
/** Outputs that one `await_outputs_outcomes` asks for; as the reference. */
export const OUTPUT_OUTCOMES_MAX = 1_024;
/** A client's backup and how far in the future it may be dated; as the reference. */
export const BACKUP_BYTES_MAX = 131_072;
export const BACKUP_FUTURE_SECONDS_MAX = 3_600n;
