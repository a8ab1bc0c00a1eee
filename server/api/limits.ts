/** Bounds of the guardian's API, each with its reason. */
import type { BucketTerms } from "../../core/token_bucket.ts";

/** Largest answer, bytes; as the reference. */
export const ANSWER_BYTES_MAX = 10_485_760;
/**
 * Largest request, characters. The largest that an honest client sends are a transaction that fills a unit and a vote
 * of the meta module: 50,000 bytes in hex. The reference reads 10 MiB, and stands still while it does.
 */
export const REQUEST_CHARACTERS_MAX = 131_072;
/**
 * Methods whose requests may be larger, characters: 128 KiB of encrypted backup in hex, 64 KiB of metadata with each
 * quote escaped. Such a request says its method before its params, as every client of Fedimint writes it.
 */
export const LARGE_REQUESTS: ReadonlyMap<string, number> = new Map([
  ["backup", 270_336],
  ["submit_guardian_metadata", 270_336],
]);
/** Where the method of a large request is looked for. */
export const REQUEST_HEAD_CHARACTERS = 1_024;
/** Values of a request's JSON: a wallet that recovers names 10,000 notes at once; a full batch of calls has 1,000. */
export const REQUEST_VALUES_MAX = 10_100;
/** A request up to here is told that it is too large; one that is larger still costs its sender the connection. */
export const REQUEST_BYTES_READ_MAX = 1_048_576;
/** A request is cut after so long, long polls too; as the reference. */
export const REQUEST_TIMEOUT_MS = 60_000;
/** Connections while setup runs; as the reference. */
export const SETUP_CONNECTIONS_MAX = 10;
/** Calls under way on one connection. An official client has a few for each operation that runs. */
export const PARALLEL_CALLS_MAX = 1_024;
/** Calls of a batch. Nothing in Fedimint uses batches. */
export const BATCH_MAX = 100;
/** While more of its answers than this wait for a client to take them in, none of its requests is read. */
export const UNTAKEN_BYTES_MAX = ANSWER_BYTES_MAX;
/** How often such a client is looked at again. */
export const UNTAKEN_POLL_MS = 100;
/** How long nothing is read without another look: what calls took up may be given back meanwhile. */
export const PAUSE_MS_MAX = 1_000;
/** Answers that a connection hasn't taken yet; one that is slower than this is closed. */
export const BUFFERED_BYTES_MAX = 4 * ANSWER_BYTES_MAX;
/** Of all connections; then those that have taken least are closed. */
export const UNTAKEN_TOTAL_BYTES_MAX = 256 * 1024 * 1024;
/**
 * Of the connections for which the process may have files open the API takes this part: the others are those that it
 * refuses with an answer.
 */
export const API_PART_OF_CONNECTIONS = 3 / 4;
/**
 * Connections of one public address, unless the operator says otherwise: a household, an office, a carrier's exit with
 * some clients behind it.
 */
export const CONNECTIONS_PER_ADDRESS = 100;
/** Calls under way that each connection has for itself, whatever others do: what an official client waits for. */
export const OWN_CALLS = 16;
/** Calls under way beyond those, of all connections together. Each that waits takes some kilobytes. */
export const CALLS_MAX = 16_384;
/**
 * Units a second that a source gains, and how many it has at most: see `Budget`. A restoring client asks for a few
 * hundred slices.
 */
export const CALLS_PER_SECOND_MAX = 500;
export const CALL_BURST_MAX = 5_000;
/**
 * The same for all sources together, and reading a request takes a unit of it as well: a unit costs a guardian a
 * quarter to three quarters of a millisecond, so that consensus keeps most of a core whoever asks. A payment of ten
 * notes takes some 50, most of them its submission: twenty come a second, which is as many as a guardian checks on one
 * core.
 */
export const ALL_CALLS = { burst: 1_000, tokens: 1_000, ms: 1_000 };
/** Characters of a request that take a unit: they are read, and perhaps stored. */
export const REQUEST_UNIT_CHARACTERS = 4_096;
/** The same of a transaction: a full one takes 390 units, as it takes a guardian some tenths of a second to check. */
export const TRANSACTION_UNIT_CHARACTERS = 256;
/** Units of any HTTP request, a WebSocket's among them: a hundred connections a second. */
export const HTTP_REQUEST_UNITS = 5;
/**
 * HTTP requests from this machine and private networks that wait for their turn; they have no budget, as a proxy's are
 * everybody's. All of them are answered within three seconds, and one more is told to come again.
 */
export const HTTP_UNNAMED_WAITING_MAX = 500;
/** Units of a call that verifies a signature: some milliseconds. */
export const SIGNATURE_UNITS = 20;
/** Units of a call that may read a thousand records. */
export const MANY_RECORDS_UNITS = 10;
/**
 * Units of a call that reads two thousand records, and a megabyte: a piece of a session takes 30 ms to put together.
 */
export const PIECE_UNITS = 50;
/** Bytes of an answer that take a unit: 2 MB a second may be asked for without end. */
export const ANSWER_UNIT_BYTES = 4_096;
/**
 * So many units of an answer take one of all callers' budget: a source's own bounds what goes over the network, that of
 * all the guardian's time, of which 64 KiB take as much as a small request.
 */
export const ANSWER_UNITS_OF_ALL = 16;
/** Sources whose budgets are remembered; one that was not used for five seconds may be forgotten. */
export const BUDGETS_MAX = 10_000;
/** An answer above this makes us look at what waits for all connections. */
export const MUCH_BYTES = 65_536;
/**
 * What is taken up while a call runs that may read and answer megabytes: a caller has so few of these at a time that
 * others get their turn.
 */
export const LARGE_ANSWER_DEPOSIT = 250;
/**
 * Answers about finished sessions that are kept encoded: those that many wait for, or that clients who recover go
 * through together. Two of the largest: whoever asks for old sessions fills it, and it stays full.
 */
export const SESSION_ANSWERS_BYTES_MAX = 2 * ANSWER_BYTES_MAX;
/** What a backup counts beside its bytes: its key and time, and what the database adds. */
export const BACKUP_OVERHEAD_BYTES = 512;
/**
 * What all backups may take on disk: 1.4 million of wallets whose modules need none, which are most, or 50,000 of the
 * largest. Then no backup may be new or grow; one that is replaced by another as large always is.
 */
export const BACKUPS_BYTES_MAX = 6_553_600_000n;
/** Bytes by which all of them may grow at once, and then every ten seconds: a gigabyte a day. */
export const BACKUPS_GROWTH: BucketTerms = { burst: 134_217_728, tokens: 131_072, ms: 10_000 };
/**
 * The same from one public address: at once what 200 wallets behind a carrier's exit back up for the first time, then
 * 1,300 wallets a day. A stranger with one address needs years to fill the room, and 180 addresses to take all that all
 * of them may grow by.
 */
export const BACKUPS_GROWTH_OF_SOURCE: BucketTerms = { burst: 1_048_576, tokens: 131_072, ms: 1_800_000 };
/** Addresses whose growth is remembered; one that sent nothing for some hours may be forgotten. */
export const BACKUP_SOURCES_MAX = 10_000;
/** Backups that wait to be stored, of 128 KiB at the most. */
export const BACKUPS_WAITING_MAX = 64;
/** The server's ping. */
export const PING_MS = 10_000;
/** Outputs that one `await_outputs_outcomes` asks for; as the reference. */
export const OUTPUT_OUTCOMES_MAX = 1_024;
/** Sessions of which it is kept where their signatures begin: seven months of them, 5 MB. */
export const OUTCOME_LENGTHS_MAX = 100_000;
/**
 * Answers with pieces of sessions that are kept encoded: several guardians that fell behind in the same session go
 * through it side by side.
 */
export const PIECE_ANSWERS_BYTES_MAX = 16 * 1024 * 1024;
/** A session of fewer bytes is always told as a whole: nobody needs its pieces, and it is never cut. */
export const CUT_SESSION_BYTES_MIN = ANSWER_BYTES_MAX / 4;
