/** Bounds of the ln client. */

/** Answers of gateways: a key or a preimage in quotes. Errors are a line. */
export const GATEWAY_ANSWER_BYTES_MAX = 4_096;
/** For a gateway's key, by which it is seen whether it answers. Behind Tor that takes some seconds. */
export const GATEWAY_TIMEOUT_MS = 15_000;
/** A payment is decided while its request is held open; asked anew, gateways go on with the one that has begun. */
export const PAYMENT_TIMEOUT_MS = 300_000;
/**
 * The most that a gateway may take of a payment unless the caller says otherwise: 100 sat and 1.5 %, as clients of lnv2
 * have it. Whoever is registered names its fee itself; gateways ask for 2 sat and 0.3 % where their operators say
 * nothing.
 */
export const GATEWAY_FEE_DEFAULT_MAX = { baseMsat: 100_000n, partsPerMillion: 15_000n };
/** Between tries to have a gateway pay, growing. */
export const PAYMENT_RETRY = { minMs: 1_000, maxMs: 60_000 };

/** Gateways of one guardian's list that are read: ours keep no more, others any number. */
export const GATEWAYS_PER_GUARDIAN_MAX = 256;
/** Gateways that are kept, of all guardians' lists: those first that most of them tell. */
export const GATEWAYS_KEPT_MAX = 256;
/** Gateways that are asked at once whether they are there, the cheapest first, until one of them is. */
export const GATEWAYS_AT_ONCE = 32;
/** The list is asked for again when it is older. Registrations are renewed every eight and a half minutes. */
export const GATEWAYS_FRESH_MS = 60_000;

/** Invoices live so long unless they say otherwise: a day. Source: ln-client. */
export const INVOICE_EXPIRY_SECS = 86_400n;
/** A year; more is a mistake. */
export const INVOICE_EXPIRY_SECS_MAX = 31_536_000n;
/** After an invoice's end a payment is waited for so much longer: clocks differ. Source: ln-client. */
export const CLOCK_SKEW_SECS = 60n;
/** Blocks that the payer's node is told for the hop to the gateway's federation. Source: ln-common. */
export const LAST_HOP_CLTV_DELTA = 144;
/** Blocks that the recipient's own hop takes. Source: ln-client. */
export const FINAL_CLTV_DELTA = 18n;

/** Hops of all ways in an invoice: 82 characters each, of 7,089; a description takes 1,023 and the rest 500. */
export const ROUTE_HOPS_ALL_MAX = 60;

/** Claims and refunds that guardians refuse are made again, later and later: so often. */
export const CLAIM_TRIES_MAX = 5;
export const CLAIM_RETRY = { minMs: 1_000, maxMs: 60_000 };

/** Answers of servers that write invoices: an invoice has 7,089 characters at most. */
export const RECURRING_ANSWER_BYTES_MAX = 16_384;
/** For a payment code. Behind Tor that takes some seconds. */
export const RECURRING_TIMEOUT_MS = 30_000;
/** A request for the next invoice is held open until somebody asks for one; many a network drops it before. */
export const NEXT_INVOICE_TIMEOUT_MS = 300_000;
/** Until a server that had no next invoice is asked again. Source: ln-client. */
export const NEXT_INVOICE_RETRY_MS = 60_000;
/**
 * Invoices of one payment code that wait for their payment at a time, each with a request to guardians: the next ones
 * are taken over when the oldest of them has been paid or has expired. Whoever has the lnurl can have any number
 * written.
 */
export const INVOICES_OPEN_MAX = 100n;

/** Guardians that have no block count yet are asked again so much later. */
export const BLOCK_COUNT_AGAIN_MS = 5_000;
