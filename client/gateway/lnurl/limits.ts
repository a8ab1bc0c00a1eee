/** Bounds of the lnurl pages: strangers ask, and name the gateways that are asked for them. */

/** msat. Source: recurringdv2. */
export const SENDABLE_MSAT_MIN = 100_000n;
export const SENDABLE_MSAT_MAX = 100_000_000_000n;
/** Invoices live so long. Source: recurringdv2. */
export const INVOICE_SECS = 3_600;

/** Gateways of one lnurl that are asked, in its order: a wallet names those that its guardians vet. */
export const GATEWAYS_ASKED_MAX = 8;
/** For all that one invoice needs; payers' wallets wait no longer. */
export const INVOICE_MS = 30_000;
/** Invoices under way at once: each holds a request to somebody else's server. */
export const INVOICES_AT_ONCE_MAX = 32;
/** As gateways' own for invoices: making a contract costs some tens of milliseconds. */
export const INVOICE_RATE = { burst: 50, tokens: 5, ms: 1_000 };
