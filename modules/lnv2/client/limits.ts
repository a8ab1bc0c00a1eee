/** Bounds of the lnv2 client. */

/** Blocks until a payer may take its money back: what a gateway asks for stays below. Ten days. Source: lnv2-client. */
export const EXPIRATION_DELTA_MAX = 1_440n;
/** Blocks on top, should payer or gateway be away for a while. Source: lnv2-client. */
export const CONFIRMATION_BUFFER_BLOCKS = 12n;

/** Invoices of clients live so long unless they say otherwise. Source: lnv2-client's `receive` command. */
export const INVOICE_EXPIRY_SECS = 3_600;

/** Answers of gateways: prices are half a kilobyte, an invoice 7,089 characters at most. */
export const GATEWAY_ANSWER_BYTES_MAX = 16_384;
/** For prices and invoices. Behind Tor an answer takes some seconds. */
export const GATEWAY_TIMEOUT_MS = 15_000;
/**
 * A payment is decided while its request is held open; asked anew, gateways go on with the one that has begun. Many a
 * network drops a connection that is silent for longer.
 */
export const PAYMENT_TIMEOUT_MS = 300_000;
/** Between tries to tell a gateway what to pay, growing. Source: `api_networking_backoff`. */
export const PAYMENT_RETRY = { minMs: 250, maxMs: 10_000 };

/** A gateway that hasn't answered by then isn't waited for before the next one is asked as well. */
export const NEXT_GATEWAY_MS = 2_000;
/** Gateways of one guardian's list that are read. Lists are kept by hand and have a handful. */
export const GATEWAYS_PER_GUARDIAN_MAX = 256;
/** Gateways that are asked for their prices, most vetted first. */
export const GATEWAYS_ASKED_MAX = 64;
/** Requests for prices at once when all gateways are asked. */
export const GATEWAYS_AT_ONCE = 8;

/** Contracts in one answer of the stream that receives by lnurl come from. Source: lnv2-client. */
export const STREAM_CONTRACTS = 128;
/** Looks whether contracts are ours before others have their turn: some milliseconds. */
export const CONTRACTS_AT_ONCE = 8;

/** Claims and refunds that guardians refuse are made again, later and later: so often. */
export const CLAIM_TRIES_MAX = 5;
export const CLAIM_RETRY = { minMs: 1_000, maxMs: 60_000 };

/** Gateways are asked whose nodes they have so often: nodes hardly ever change. */
export const MAP_EVERY_MS = 3_600_000;
export const MAP_RETRY = { minMs: 10_000, maxMs: 600_000 };
