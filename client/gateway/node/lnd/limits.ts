/** Bounds and times of the connection to an LND, each with its reason. */

/** Of one answer: 10,000 invoices of a kilobyte and a half. */
export const ANSWER_BYTES_MAX = 16 * 1024 * 1024;
/** Of one line of a stream: a payment with some thousand tried ways. */
export const LINE_UNITS_MAX = 16 * 1024 * 1024;
/** Of one forward: an onion of 1,366 bytes in base64, and custom records. */
export const FORWARD_BYTES_MAX = 1024 * 1024;
/** Of the macaroon's file; an admin's has 293 bytes. */
export const MACAROON_BYTES_MAX = 16 * 1024;
/** Of the certificate's file; LND's own has 810 bytes. */
export const CERTIFICATE_BYTES_MAX = 64 * 1024;

/** A busy LND writes to its disk for seconds. */
export const CALL_MS = 30_000;
/** Opening a channel waits for the other node. */
export const CHANNEL_CALL_MS = 120_000;
/**
 * After so long a stream is begun again: a connection that died without a word (a router that forgot it) holds nothing
 * up for longer.
 */
export const STREAM_MS = 300_000;
/** Asking again, from the first repetition to the longest pause; the reference waits for 5 s and for 60 s. */
export const AGAIN = { minMs: 500, maxMs: 15_000 };

/**
 * A payment is begun within so long of its being asked for: how many blocks its money may be bound for was counted
 * then. Two blocks within it are rare, and gateways keep more than a hundred in reserve.
 */
export const BEGIN_WITHIN_MS = 60_000;
/**
 * A request whose answer was lost may still be on its way into LND; when LND has said for so long that it has no record
 * of the payment, it is not. LND writes the record before anything else, within milliseconds.
 */
export const LOST_REQUEST_MS = 30_000;
/** An LND that takes longer for an answer may have stood still, and what it was sent before may still be before it. */
export const PROMPT_MS = 5_000;

/**
 * Payments that are followed by a stream of their own: each is a connection, and who is paid may hold them for weeks.
 */
export const FOLLOWED_PAYMENTS_MAX = 256;
/** Invoices that are watched by a stream of their own, the newest: each is a connection, and strangers ask for them. */
export const WATCHED_INVOICES_MAX = 128;
/**
 * How often the channels are looked at for payments that wait. It finds what no stream watches; what is there is
 * bounded by the channels (483 each), not by the invoices.
 */
export const HELD_POLL_MS = 2_000;
/**
 * A channel's peer must have been there for so long since LND's start, or a payment on it may be one that LND gives
 * back: it does so as soon as it has met the peer again, within a round trip or two.
 */
export const PEER_MET_SECS = 5n;
/** Lookups at once of one poll. */
export const HELD_LOOKUPS_AT_ONCE = 8;
/** Forwards that are being decided; LND keeps the others meanwhile. */
export const FORWARDS_AT_ONCE = 1_000;

/** Rows of a list of payments or invoices, the newest ones; and of one page of it. */
export const TRANSACTIONS_MAX = 10_000;
export const TRANSACTIONS_PAGE = 500;
