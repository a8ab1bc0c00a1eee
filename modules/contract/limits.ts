/** Bounds of what modules share. */

/** Answers of services that write invoices: metadata may hold a small picture. */
export const LNURL_BYTES_MAX = 262_144;
/** Redirects of such a service that are followed, one after the other. */
export const LNURL_REDIRECTS_MAX = 5;
export const LNURL_TIMEOUT_MS = 15_000;
